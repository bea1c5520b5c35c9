// How somebody likes to look at pairs: kept in this browser, for each person, from pair to pair.

export const MODES = ["side", "flip", "split", "overlay", "difference"];

export const PLAIN_LIGHT = { brightness: 1, contrast: 1, invert: false };

const DEFAULTS = {
  mode: "side",
  align: false,
  boxes: true,
  loupe: false,
  large: false,
  split: 0.5, // where the line stands, from the left
  overlay: 0.5, // how much of the right picture is seen
  difference: 4, // how many times what differs is made stronger
  ...PLAIN_LIGHT,
};

export const RANGES = {
  split: [0, 1, 0.05],
  overlay: [0, 1, 0.1],
  difference: [1, 16, 1],
  brightness: [0.4, 3, 0.1],
  contrast: [0.4, 4, 0.1],
};

const isGood = (name, value) => {
  if (name === "mode") return MODES.includes(value);
  if (typeof value !== typeof DEFAULTS[name]) return false;
  const [least, most] = RANGES[name] ?? [];
  return least === undefined || (value >= least && value <= most);
};

export class Settings {
  constructor(person) {
    this.key = `second-look:viewer:${person}`;
    this.values = { ...DEFAULTS, ...this.stored() };
  }

  // What was stored and still makes sense; a browser may refuse to store anything.
  stored() {
    try {
      const stored = Object.entries(JSON.parse(localStorage.getItem(this.key)) ?? {});
      return Object.fromEntries(stored.filter(([name, value]) => isGood(name, value)));
    } catch {
      return {};
    }
  }

  set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      const [least, most] = RANGES[name] ?? [];
      const inRange = least === undefined ? value : Math.min(most, Math.max(least, Number(value.toFixed(3))));
      if (isGood(name, inRange)) this.values[name] = inRange;
    }
    try {
      localStorage.setItem(this.key, JSON.stringify(this.values));
    } catch {
      // Then it holds for this pair only.
    }
  }

  // One step more (1) or less (-1).
  step(name, direction) {
    this.set({ [name]: this.values[name] + direction * RANGES[name][2] });
  }

  get isPlainLight() {
    return Object.entries(PLAIN_LIGHT).every(([name, value]) => this.values[name] === value);
  }
}
