// One pair on the desk: its form, its lease, its viewer. review.js decides which desk is shown.

import { Viewer } from "./viewer.js";

const HEADERS = { "X-Desk": "1" };

// The answer of the server as { ok, gone, data }; throws when the server cannot be reached.
export async function post(url, body) {
  const response = await fetch(url, { method: "POST", headers: HEADERS, body, redirect: "error" });
  const isJson = (response.headers.get("Content-Type") ?? "").startsWith("application/json");
  const data = isJson ? await response.json() : {};
  return { ok: response.ok, status: response.status, data };
}

export class Desk {
  constructor(element) {
    this.element = element;
    this.form = element.querySelector("[data-answer]");
    this.change = element.querySelector("[data-change]");
  }

  // The desk at an address; null where nothing is left.
  static async load(url) {
    const response = await fetch(url, { headers: HEADERS, redirect: "error" });
    if (response.status === 204) return null;
    if (!response.ok) throw new Error(`${response.status} for ${url}`);
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    const element = parsed.querySelector("[data-desk]");
    if (!element) throw new Error(`no desk at ${url}`);
    return new Desk(document.adoptNode(element));
  }

  get pair() {
    return this.element.dataset.pair;
  }

  get canBeJudged() {
    return Boolean(this.form && !this.change);
  }

  show() {
    this.element.hidden = false;
    document.title = this.element.dataset.title;
    for (const button of this.element.querySelectorAll('[data-action="help"]')) button.hidden = false;
    this.prepare();
    this.viewer.show();
  }

  // All that can be done while nobody looks: the tools, and the pictures' pixels.
  prepare() {
    if (this.viewer) return;
    this.viewer = new Viewer(this.element.querySelector("[data-viewer]"));
    for (const image of this.element.querySelectorAll("[data-sheet] img")) image.decode().catch(() => {});
  }

  hide() {
    this.viewer?.flip(false); // its key may be let go while another pair is shown
    this.element.hidden = true;
  }

  remove() {
    this.viewer?.close();
    this.element.remove();
  }

  // Verdict

  get verdict() {
    return this.form?.querySelector('[name="verdict"]:checked')?.value ?? "";
  }

  get reasons() {
    const place = this.form?.querySelector(`[data-reasons="${this.verdict}"]`);
    return place ? [...place.querySelectorAll('[name="reason"]')] : [];
  }

  choose(key) {
    const choice = this.form?.querySelector(`[data-key="${key}"]`);
    if (!choice) return false;
    if (this.change) this.change.open = true;
    choice.checked = true;
    this.chosen = choice;
    this.reasons[0]?.focus();
    return true;
  }

  // A second click on the verdict takes it back: a touch screen has no Escape.
  click(choice) {
    if (choice === this.chosen) this.unchoose();
    else this.chosen = choice;
  }

  unchoose() {
    for (const choice of this.form?.querySelectorAll('[name="verdict"]') ?? []) choice.checked = false;
    this.chosen = null;
    document.activeElement?.blur();
  }

  confirm(number) {
    this.reasons.find((button) => button.dataset.number === number)?.click();
  }

  writeNote() {
    this.form?.querySelector('[name="note"]').focus();
  }

  leaveNote() {
    this.reasons[0]?.focus();
  }

  problem(text) {
    const place = this.element.querySelector("[data-problem]");
    place.querySelector("[data-problem-text]").textContent = text;
    place.hidden = !text;
  }

  // A colleague

  get refer() {
    return this.element.querySelector("[data-refer]");
  }

  openRefer() {
    const place = this.refer;
    if (!place) return false;
    place.open = true;
    place.querySelector("select").focus();
    return true;
  }

  closeRefer() {
    this.refer.open = false;
    document.activeElement?.blur();
  }

  openTakeOver() {
    const place = this.element.querySelector("[data-take-over]");
    if (!place) return false;
    place.open = true;
    place.querySelector("button").focus();
    return true;
  }

  // Counters

  counts() {
    const read = (name) => Number(this.element.querySelector(`[data-${name}]`)?.textContent);
    const isMore = this.element.querySelector("[data-left-more]:not([hidden])") !== null;
    return { done: read("done") || 0, left: read("left") || 0, isMore };
  }

  setCounts({ done, left, isMore }) {
    for (const [name, value] of Object.entries({ done, left })) {
      const place = this.element.querySelector(`[data-${name}]`);
      if (place) place.textContent = String(Math.max(0, value));
    }
    const more = this.element.querySelector("[data-left-more]");
    if (more) more.hidden = !isMore;
  }

  // Lease

  get secret() {
    const body = new FormData();
    const token = document.querySelector('[name="csrfmiddlewaretoken"]');
    if (token) body.set("csrfmiddlewaretoken", token.value);
    return body;
  }

  // Whether the pair is still this person's, and if not, what to say; a network fault counts as yes.
  async keep() {
    const url = this.element.dataset.leaseUrl;
    if (!url) return { isKept: true };
    try {
      const { ok, status, data } = await post(url, this.secret);
      for (const token of this.element.querySelectorAll('[name="token"]')) {
        if (ok) token.value = data.token;
      }
      if (ok) this.element.dataset.until = data.until;
      return { isKept: ok || status !== 409, message: data.message };
    } catch {
      return { isKept: true };
    }
  }

  // It names the lease: one that a reloaded page has just renewed is not given back.
  release() {
    const { releaseUrl, until } = this.element.dataset;
    if (!releaseUrl) return;
    const body = this.secret;
    body.set("until", until);
    navigator.sendBeacon(releaseUrl, body);
  }
}
