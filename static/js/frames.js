// What a viewer is made of: two frames, and the two pictures that move between them.

import { Boxes } from "./boxes.js";
import { readBoxes } from "./geometry.js";
import { Loupe } from "./loupe.js";
import { Sheet } from "./sheet.js";

// One of the two frames: its ground, where the pictures lie, the boxes above it and the line.
export class Frame {
  constructor(stage) {
    this.stage = stage;
    this.ground = stage.querySelector("[data-ground]");
    this.boxes = new Boxes(stage.querySelector("[data-boxes-canvas]"));
    this.line = stage.querySelector("[data-line]");
    this.size = [0, 0];
  }

  resize() {
    const size = [this.stage.clientWidth, this.stage.clientHeight];
    if (size[0] === this.size[0] && size[1] === this.size[1] && this.density === devicePixelRatio) return;
    this.size = size;
    this.density = devicePixelRatio;
    this.boxes.resize(size);
    this.moveLine(this.share);
  }

  // The line between the pictures, at a share of the width; null hides it.
  moveLine(share) {
    this.share = share;
    if (!this.line) return;
    this.line.hidden = share === null || share === undefined;
    if (!this.line.hidden) this.line.style.transform = `translateX(${share * this.size[0]}px)`;
  }

  onLine(moved) {
    const { line } = this;
    const share = (event) => {
      const { left, width } = this.stage.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - left) / width));
    };
    line.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      line.setPointerCapture(event.pointerId);
    });
    line.addEventListener("pointermove", (event) => {
      if (line.hasPointerCapture(event.pointerId)) moved(share(event));
    });
    line.addEventListener("dblclick", (event) => event.stopPropagation());
  }
}

// One of the two pictures: its layer, its name, its boxes, its loupe.
export class Side {
  constructor(pane) {
    this.pane = pane;
    this.layer = pane.querySelector("[data-layer]");
    this.label = pane.querySelector("[data-label]");
    this.scale = pane.querySelector("[data-scale]");
    this.sheet = new Sheet(pane.querySelector("[data-sheet]"));
    this.boxes = readBoxes(pane.dataset.boxes);
  }

  moveTo(frame) {
    if (this.frame === frame) return;
    this.frame = frame;
    if (this.layer.parentElement !== frame.ground) frame.ground.append(this.layer);
    if (this.label.parentElement !== frame.stage) frame.stage.append(this.label);
    if (this.loupe) frame.stage.append(this.loupe.element);
  }

  place(matrix) {
    this.matrix = matrix;
    this.sheet.place(matrix);
  }

  rest(frame, shown) {
    this.sheet.rest(frame, shown);
    this.loupe?.rest(devicePixelRatio);
    this.scale.textContent = ` · ${Math.max(1, Math.round(shown * 100))}\u00a0%`;
  }

  loupeIn(frame) {
    if (!this.loupe) {
      this.loupe = new Loupe(this.sheet, this.label.textContent);
      frame.stage.append(this.loupe.element);
    }
    return this.loupe;
  }

  hideLoupe() {
    this.loupe?.hide();
  }
}
