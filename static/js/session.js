// One's own sitting: how many, how fast, and a calm word when it has been long. It blocks no key.

const KEY = "second-look:session";
const MINUTES = "second-look:break-after"; // "0": switched off
const USUAL = 50;
const PAUSE = 15 * 60_000; // whoever judges nothing for so long has had a break
const FEW = 3; // a rate of fewer verdicts means nothing
const TICK = 20_000;

// What is known of a sitting: { begun, last, done }, times in milliseconds.
export function after(sitting, now) {
  if (!sitting || now - sitting.last > PAUSE) return { begun: now, last: now, done: 0 };
  return sitting;
}

export function rate(sitting, now) {
  const hours = Math.max(60_000, now - sitting.begun) / 3_600_000;
  return sitting.done < FEW ? null : Math.round(sitting.done / hours);
}

export class Session {
  constructor(place) {
    this.place = place;
    if (!place) return;
    this.choice = place.querySelector("[data-break-after]");
    this.choice.value = localStorage.getItem(MINUTES) ?? String(USUAL);
    if (!this.choice.value) this.choice.value = String(USUAL);
    this.choice.addEventListener("change", () => {
      localStorage.setItem(MINUTES, this.choice.value);
      this.show();
    });
    place.querySelector("[data-break-done]").addEventListener("click", () => {
      this.save({ begun: Date.now(), last: Date.now(), done: 0 });
      this.show();
    });
    place.hidden = false;
    this.show();
    setInterval(() => this.show(), TICK);
  }

  get sitting() {
    try {
      return after(JSON.parse(sessionStorage.getItem(KEY)), Date.now());
    } catch {
      return after(null, Date.now());
    }
  }

  save(sitting) {
    sessionStorage.setItem(KEY, JSON.stringify(sitting));
  }

  judged() {
    if (!this.place) return;
    const now = Date.now();
    const sitting = this.sitting;
    this.save({ ...sitting, last: now, done: sitting.done + 1 });
    this.show();
  }

  show() {
    const now = Date.now();
    const sitting = this.sitting;
    const fast = rate(sitting, now);
    const minutes = Math.max(0, Math.floor((now - sitting.begun) / 60_000));
    this.tell("done", sitting.done);
    this.tell("minutes", minutes);
    this.tell("rate", fast ?? "–");
    const limit = Number(this.choice.value);
    this.place.querySelector("[data-break]").hidden = !(limit && sitting.done && minutes >= limit);
  }

  tell(name, value) {
    this.place.querySelector(`[data-session-${name}]`).textContent = String(value);
  }
}
