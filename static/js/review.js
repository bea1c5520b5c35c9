// The review desk: keys, verdicts without waiting, the next pair ready before it is asked for.

import { Desk, post } from "./desk.js";
import { Session } from "./session.js";

const HEARTBEAT = 60_000;
const MESSAGE = 8_000;
const SLIDES = /^(Arrow|Page|Home|End)/; // keys that move a slider which has the focus
const KEYS_OFF = "second-look:single-keys-off";

class Review {
  constructor(frame) {
    this.frame = frame;
    this.status = document.querySelector("[data-desk-status]");
    this.help = document.querySelector("[data-help]");
    this.desk = new Desk(frame.querySelector("[data-desk]"));
    this.counts = this.desk.counts();
    this.session = new Session(document.querySelector("[data-session]"));
    this.sending = null;
    this.listen();
    this.desk.show();
    this.prefetch();
  }

  say(text) {
    this.status.textContent = text;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (this.status.textContent = ""), MESSAGE);
  }

  // The next pair

  // Not again what is on the page, nor what is being judged while this is asked.
  get nextUrl() {
    const url = new URL(this.desk.element.dataset.nextUrl, location.href);
    for (const desk of this.frame.querySelectorAll("[data-desk]")) {
      url.searchParams.append("without", desk.dataset.pair);
    }
    return url;
  }

  // Takes the next pair and lets the browser fetch its pictures, out of sight.
  prefetch() {
    if (!this.desk.canBeJudged) {
      this.next = null;
      return;
    }
    this.next = Desk.load(this.nextUrl).then(
      (desk) => {
        if (desk) {
          desk.hide();
          this.frame.append(desk.element);
          desk.prepare();
        }
        return { desk };
      },
      (error) => ({ error }),
    );
  }

  async takeNext() {
    let next = (await this.next) ?? {};
    if (next.error || !this.next) {
      this.prefetch();
      next = (await this.next) ?? {};
    }
    if (next.error) throw next.error;
    return next.desk;
  }

  show(desk) {
    this.desk = desk;
    desk.show();
    desk.setCounts(this.counts);
    history.pushState(null, "", desk.element.dataset.url);
  }

  // Verdicts: the next pair is shown at once; a refused answer brings its pair back.

  // One answer travels at a time; one more waits for it, so that quick fingers lose nothing.
  async submit(url, body, change) {
    if (this.isWaiting) return;
    const judged = this.desk;
    if (this.sending) {
      this.isWaiting = true;
      await this.sending;
      this.isWaiting = false;
      if (this.desk !== judged) return; // the answer before was refused: its pair is back
    }
    this.sending = this.send(judged, url, body, change).finally(() => (this.sending = null));
  }

  async send(judged, url, body, change) {
    const sent = post(url, body).catch(() => ({ ok: false, data: { message: this.text("offline") } }));
    let next;
    try {
      const wait = setTimeout(() => this.say(this.text("busy")), 300);
      next = await this.takeNext().finally(() => clearTimeout(wait));
    } catch {
      next = undefined; // fetched anew once the answer is safe
    }
    const counts = { ...this.counts };
    if (next) {
      judged.hide();
      this.counts = {
        ...counts,
        done: counts.done + change.done,
        left: counts.left + change.left,
      };
      this.show(next);
      this.prefetch();
    }
    const { ok, data } = await sent;
    if (ok) {
      if (change.done) this.session.judged();
      judged.remove();
      this.say(data.message ?? "");
      if (!next) location.assign(judged.element.dataset.nextUrl);
      return;
    }
    this.counts = counts;
    await this.bringBack(judged, next);
    judged.problem(data.message ?? this.text("refused"));
    this.say(data.message ?? this.text("refused"));
  }

  // The judged desk comes back as it was left; the one shown meanwhile becomes the next again.
  async bringBack(judged, shown) {
    if (!shown) return;
    const afterwards = (await this.next)?.desk;
    if (afterwards) {
      afterwards.release();
      afterwards.remove();
    }
    this.desk.hide();
    this.next = Promise.resolve({ desk: this.desk });
    this.show(judged);
  }

  async undo() {
    while (this.sending) await this.sending;
    let answer;
    try {
      answer = await post(this.frame.dataset.undoUrl, this.desk.secret);
      if (!answer.ok) return this.say(answer.data.message ?? this.text("refused"));
      const desk = await Desk.load(answer.data.url);
      const afterwards = (await this.next)?.desk;
      if (afterwards) {
        afterwards.release();
        afterwards.remove();
      }
      this.desk.hide();
      this.next = this.desk.canBeJudged ? Promise.resolve({ desk: this.desk }) : null;
      this.frame.append(desk.element);
      this.counts = desk.counts();
      this.show(desk);
      this.say(answer.data.message);
    } catch {
      this.say(this.text("offline"));
    }
  }

  text(name) {
    return this.frame.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`];
  }

  // Leases

  async heartbeat() {
    if (document.visibilityState !== "visible" || this.sending) return;
    const desk = this.desk;
    const { isKept, message } = await desk.keep();
    if (!isKept && desk === this.desk && !this.sending) desk.problem(message ?? this.text("lost"));
    const next = this.next;
    const waiting = (await next)?.desk;
    if (waiting && waiting !== this.desk && !(await waiting.keep()).isKept && next === this.next) {
      waiting.remove();
      this.prefetch();
    }
  }

  async leave() {
    this.desk.release();
    (await this.next)?.desk?.release();
  }

  // Keys and buttons

  listen() {
    document.addEventListener("submit", (event) => this.onSubmit(event));
    document.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("keyup", (event) => {
      if (event.key.toLowerCase() === "f") this.desk.viewer.flip(false);
    });
    window.addEventListener("blur", () => this.desk.viewer.flip(false));
    document.addEventListener("click", (event) => {
      if (event.target.closest('[data-action="help"]')) this.showHelp();
      if (event.target.matches('[name="verdict"]')) this.desk.click(event.target);
    });
    const keys = this.help.querySelector("[data-keys-switch]");
    keys.checked = localStorage.getItem(KEYS_OFF) === null;
    keys.addEventListener("change", () => {
      if (keys.checked) localStorage.removeItem(KEYS_OFF);
      else localStorage.setItem(KEYS_OFF, "1");
    });
    setInterval(() => this.heartbeat(), HEARTBEAT);
    document.addEventListener("visibilitychange", () => this.heartbeat());
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("pageshow", (event) => event.persisted && this.heartbeat());
    window.addEventListener("popstate", () => location.reload());
  }

  showHelp() {
    this.help.showModal();
    this.help.scrollTop = 0; // the first thing to press is at its end
  }

  onSubmit(event) {
    if (event.target.matches("[data-refer-form]") && this.desk.canBeJudged) {
      event.preventDefault();
      const body = new FormData(event.target);
      return void this.submit(event.target.action, body, { done: 0, left: -1 });
    }
    if (event.target !== this.desk.form || !this.desk.canBeJudged) return;
    event.preventDefault();
    const button = event.submitter;
    if (button?.dataset.action === "undo") return void this.undo();
    if (button?.dataset.action === "skip") {
      return void this.submit(button.formAction, this.desk.secret, { done: 0, left: 0 });
    }
    const body = new FormData(this.desk.form, button);
    this.submit(this.desk.form.action, body, { done: 1, left: -1 });
  }

  onKey(event) {
    const { target, key } = event;
    if (this.help.open || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (key === "Escape") {
      if (target.closest("[data-refer]")) this.desk.closeRefer();
      else if (target.matches("textarea, select")) this.desk.leaveNote();
      else if (this.desk.verdict) this.desk.unchoose();
      return;
    }
    if (key === "Enter" && target.matches("[data-refer] select")) {
      event.preventDefault();
      return target.form.requestSubmit();
    }
    if (event.ctrlKey) {
      if (key === "Enter" && target.matches("textarea")) this.desk.confirm("1");
      return;
    }
    if (target.matches("textarea, select, input:not([type=radio], [type=range], [type=checkbox])")) return;
    if (target.matches("[type=range]") && SLIDES.test(key)) return;
    if (localStorage.getItem(KEYS_OFF) !== null) return;
    if (this.act(key.length === 1 ? key.toLowerCase() : key, target, event)) event.preventDefault();
  }

  // Whether the key meant something here.
  act(key, target, event) {
    const { desk } = this;
    const viewer = desk.viewer;
    if (desk.verdict) {
      if (/^[1-9]$/.test(key)) return desk.confirm(key), true;
      if (key === "w") return desk.writeNote(), true;
      if (key === "Enter" && !target.matches("button, a, summary")) return desk.confirm("1"), true;
    }
    if ("dnh".includes(key)) return !event.repeat && desk.choose(key);
    const button = (name) => desk.element.querySelector(`[data-action="${name}"]`);
    if (!(key.startsWith("Arrow") && target.matches("input")) && viewer.key(key, event)) return true;
    if (key === "?") return this.showHelp(), true;
    if (event.repeat) return false;
    if (key === "s" && button("skip")) return button("skip").click(), true;
    if (key === "u") return this.undo(), true;
    if (key === "r") return desk.openRefer();
    if (key === "t") return desk.openTakeOver();
    return false;
  }
}

new Review(document.querySelector("[data-desk-frame]"));
