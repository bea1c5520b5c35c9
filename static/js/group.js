// The group page by keyboard: the grid, the choice of pictures, the verdict and its reason.

const KEYS_OFF = "second-look:single-keys-off";
const VERDICTS = "dbn";

class GroupPage {
  constructor(page) {
    this.page = page;
    this.form = page.querySelector("[data-group-form]");
    this.help = document.querySelector("[data-help]");
    this.undo = document.querySelector("[data-undo-form]");
    this.picks = [...page.querySelectorAll("[data-pick]")];
    this.chosen = page.querySelector("[data-chosen]");
    for (const button of page.querySelectorAll('[data-action="help"]')) {
      button.hidden = false;
      button.addEventListener("click", () => this.help?.showModal());
    }
    page.addEventListener("change", () => this.count());
    document.addEventListener("keydown", (event) => this.onKey(event));
    // A form that was sent must not be sent again by an impatient key.
    this.form?.addEventListener("submit", (event) => {
      if (this.isSent) event.preventDefault();
      this.isSent = true;
    });
    window.addEventListener("pageshow", (event) => {
      this.isSent = false;
      if (event.persisted) location.reload();
    });
    this.count();
  }

  // The choice of pictures

  get selected() {
    return this.picks.filter((pick) => pick.checked);
  }

  count() {
    const number = this.selected.length;
    if (!this.chosen) return;
    const { none, some } = this.chosen.dataset;
    this.chosen.textContent = number ? some.replace("%d", String(number)) : none;
    for (const button of this.page.querySelectorAll('[data-action="compare"]')) {
      button.disabled = number !== 2;
    }
  }

  // How many pictures stand beside each other.
  get columns() {
    const top = this.picks[0]?.closest("[data-card]").offsetTop;
    const next = this.picks.findIndex((pick) => pick.closest("[data-card]").offsetTop !== top);
    return next < 0 ? this.picks.length : next;
  }

  move(key) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    const at = this.picks.indexOf(document.activeElement);
    const to = at < 0 ? 0 : at + steps[key];
    const pick = this.picks[to];
    if (!pick) return;
    pick.focus({ preventScroll: true });
    pick.closest("[data-card]").scrollIntoView({ block: "center" });
  }

  // The verdict

  get verdict() {
    return this.form?.querySelector('[name="verdict"]:checked')?.value ?? "";
  }

  get reasons() {
    return [...(this.form?.querySelectorAll(`[data-reasons="${this.verdict}"] button`) ?? [])];
  }

  choose(key) {
    const choice = this.form?.querySelector(`[data-key="${key}"]`);
    if (!choice) return false;
    choice.checked = true;
    this.reasons[0]?.focus({ preventScroll: true });
    return true;
  }

  cancel() {
    if (this.verdict) {
      for (const choice of this.form.querySelectorAll('[name="verdict"]')) choice.checked = false;
    } else {
      for (const pick of this.picks) pick.checked = false;
      this.count();
    }
    document.activeElement?.blur();
  }

  // Keys

  onKey(event) {
    const { target, key } = event;
    if (this.help?.open || event.metaKey || event.altKey || event.ctrlKey) return;
    if (key === "Escape") {
      if (target.matches("textarea, select")) this.reasons[0]?.focus();
      else this.cancel();
      return;
    }
    if (target.matches("textarea, select")) return;
    // Enter on a picture would press the first button of the form.
    if (key === "Enter" && target.matches("input")) return void event.preventDefault();
    const isArrow = key.startsWith("Arrow");
    if (isArrow && (target === document.body || target.matches("[data-pick], main"))) {
      this.move(key);
      return void event.preventDefault();
    }
    if (event.repeat || localStorage.getItem(KEYS_OFF) !== null) return;
    if (this.act(key.length === 1 ? key.toLowerCase() : key)) event.preventDefault();
  }

  // Whether the key meant something here.
  act(key) {
    const press = (name) => {
      const button = this.page.querySelector(`[data-action="${name}"]`);
      button?.click();
      return Boolean(button);
    };
    if (this.verdict && /^[1-9]$/.test(key)) {
      this.reasons.find((button) => button.dataset.number === key)?.click();
      return true;
    }
    if (this.verdict && key === "w") {
      this.form.querySelector('[name="note"]').focus();
      return true;
    }
    if (VERDICTS.includes(key)) return this.choose(key);
    if (key === "c") return press("compare");
    if (key === "s") return press("skip");
    if (key === "u" && this.undo) return this.undo.requestSubmit(), true;
    if (key === "?" && this.help) return this.help.showModal(), true;
    return false;
  }
}

new GroupPage(document.querySelector("[data-group-page]"));
