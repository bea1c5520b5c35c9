// One picture as an element that a matrix moves, with as many pixels as the screen can show.
//
// While it moves only its transform changes, which the compositor does by itself. Once it rests it
// gets its true size, so that the browser draws it sharply, and fetches the pixels that are missing.

import { after, css, partsShown } from "./geometry.js";

const FULL_EDGE = 4096; // of the largest rendition of a whole picture
const PART_EDGE = 2048;
// A part costs the server a quarter of the whole picture, so that a few are the better buy; where
// the whole picture would not be sharp enough either, some more.
const CHEAP = 2;
const MOST_SHOWN = 4;
const MOST_PARTS = 12;
const SQUARES = 4; // from this many screen pixels per picture pixel on, pixels are drawn as squares

export class Sheet {
  constructor(element) {
    this.element = element;
    this.image = element.querySelector("img");
    this.parts = new Map();
  }

  // A second one of the same picture; the browser has its pixels already.
  copy() {
    const element = this.element.cloneNode(true);
    element.querySelector("img").alt = "";
    for (const part of element.querySelectorAll(".viewer__part")) part.remove();
    return new Sheet(element);
  }

  // Width and height in pixels; what stands in for a broken picture has a size of its own.
  get size() {
    const { naturalWidth, naturalHeight } = this.image;
    const width = Number(this.image.dataset.width) || naturalWidth || 1;
    const height = Number(this.image.dataset.height) || naturalHeight || 1;
    if (!naturalWidth || !naturalHeight) return [width, height];
    const long = Math.max(naturalWidth, naturalHeight);
    const fits = Math.abs((naturalWidth / width) * height - naturalHeight) <= Math.max(2, long / 50);
    return fits ? [width, height] : [naturalWidth, naturalHeight];
  }

  // `matrix` leads from relative places of the picture to pixels of the frame.
  place(matrix) {
    this.matrix = matrix;
    if (!this.base) this.takeSize();
    this.element.style.transform = css(after(matrix, [1 / this.base[0], 0, 0, 0, 1 / this.base[1], 0]));
  }

  takeSize() {
    const [a, b, , d, e] = this.matrix;
    this.base = [Math.hypot(a, d), Math.hypot(b, e)];
    this.element.style.width = `${this.base[0]}px`;
    this.element.style.height = `${this.base[1]}px`;
  }

  // It moves no more: `shown` is how many screen pixels a picture pixel has now.
  rest(frame, shown) {
    this.takeSize();
    this.place(this.matrix);
    this.element.style.imageRendering = shown >= SQUARES ? "pixelated" : "auto";
    this.sharpen(frame, shown);
  }

  sharpen(frame, shown) {
    const [width, height] = this.size;
    const has = this.image.naturalWidth / width;
    const isPlaceholder = width !== Number(this.image.dataset.width);
    if (!has || isPlaceholder || has >= 0.999 || shown < has * 1.1) return;
    const full = Math.min(1, FULL_EDGE / Math.max(width, height));
    const parts = partsShown(this.matrix, frame, [width, height], PART_EDGE);
    const isLarger = full < 0.999 && shown > full * 1.1;
    if (parts.length <= (isLarger ? MOST_SHOWN : CHEAP)) {
      for (const part of parts) this.fetchPart(part);
    } else {
      this.fetchFull();
    }
  }

  async fetchFull() {
    const image = this.image;
    const address = image.dataset.full;
    if (!address) return;
    delete image.dataset.full;
    const full = new Image();
    full.src = address;
    try {
      await full.decode();
    } catch {
      return; // what is there stays
    }
    if (full.naturalWidth > image.naturalWidth) image.src = full.src;
  }

  async fetchPart([left, top, width, height]) {
    const name = [left, top, width, height].join("-");
    if (this.parts.has(name) || !this.image.dataset.part) return;
    const part = new Image();
    this.parts.set(name, part);
    part.src = this.image.dataset.part.replace("0-0-1-1", name);
    try {
      await part.decode();
    } catch {
      return; // asked for once; the picture below stays
    }
    if (part.naturalWidth !== width || part.naturalHeight !== height) return; // says why it is none
    const [across, down] = this.size;
    part.className = "viewer__part";
    part.alt = "";
    part.draggable = false;
    part.style.left = `${(100 * left) / across}%`;
    part.style.top = `${(100 * top) / down}%`;
    part.style.width = `${(100 * width) / across}%`;
    part.style.height = `${(100 * height) / down}%`;
    this.element.append(part);
    this.forget();
  }

  forget() {
    const [oldest] = this.parts.keys();
    if (this.parts.size <= MOST_PARTS) return;
    this.parts.get(oldest).remove();
    this.parts.delete(oldest);
  }
}
