// A magnifier over one picture: round, and always above the same place as the other picture's.

import { lay } from "./geometry.js";

const LEAST_FACTOR = 3;

// How many times more than the view the loupes magnify: down to single pixels of the finer picture.
export function factorOf(shown, density) {
  return Math.max(LEAST_FACTOR, 1 / (Math.min(...shown) * density));
}

export class Loupe {
  constructor(sheet, name) {
    this.element = document.createElement("div");
    this.element.className = "viewer__loupe";
    this.element.setAttribute("aria-hidden", "true");
    this.element.hidden = true;
    this.glass = document.createElement("div");
    this.glass.className = "viewer__glass";
    const label = document.createElement("span");
    label.className = "viewer__loupe-name";
    label.textContent = name;
    this.sheet = sheet.copy();
    this.glass.append(this.sheet.element);
    this.element.append(this.glass, label);
  }

  // Over `point` of the frame, or next to it where both loupes share one frame: `aside` is -1 or 1.
  draw({ view, sizes, placement, shown, factor, side, point, frame, aside, filter }) {
    this.element.hidden = false;
    this.edge ??= this.element.clientWidth; // of the glass, without its rim
    this.outer ??= this.element.offsetWidth;
    const edge = this.outer;
    let [x, y] = point;
    if (aside) {
      x = within(x, edge, frame[0] - edge) + (aside * edge) / 2;
      y = within(y, edge / 2, frame[1] - edge / 2);
    }
    this.element.style.transform = `translate(${x - edge / 2}px, ${y - edge / 2}px)`;
    this.glass.style.filter = filter;
    const larger = shown.map((scale) => scale * factor);
    this.shown = larger[side];
    this.sheet.place(lay(view, [this.edge, this.edge], sizes, placement, larger)[side]);
  }

  rest(density) {
    if (!this.element.hidden) this.sheet.rest([this.edge, this.edge], this.shown * density);
  }

  hide() {
    this.element.hidden = true;
  }
}

function within(value, least, most) {
  return Math.min(Math.max(least, value), Math.max(least, most));
}
