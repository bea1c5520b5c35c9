// Two pictures to compare: side by side, one in the place of the other, split by a line, laid over
// each other, or only their difference; zoomed and moved together, whatever their sizes.

import { Frame, Side } from "./frames.js";
import {
  at, counted, extent, inverse, isWhole, kept, lay, readPlacement, scales, uncounted, zoomed,
} from "./geometry.js";
import { Gestures } from "./gestures.js";
import { factorOf } from "./loupe.js";
import { MODES, PLAIN_LIGHT, RANGES, Settings } from "./viewer_settings.js";

const STEP = 1.25;
const NUDGE = 0.12; // share of the frame that an arrow key moves
const LOUPE_NUDGE = 0.03;
const REST = 140; // milliseconds without a movement
const LEFT = 0;
const RIGHT = 1;

const KEYS = {
  z: "side", x: "flip", c: "split", v: "overlay", b: "difference",
  0: "fit", 1: "pixels", "+": "in", "=": "in", "-": "out",
  a: "align", o: "boxes", l: "loupe", i: "invert", e: "large",
  ",": "less", ".": "more",
  "[": "darker", "]": "brighter", "{": "softer", "}": "harder", "\\": "plain",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ONCE = new Set(["side", "flip", "split", "overlay", "difference", "align", "boxes", "loupe", "invert", "large"]);

export class Viewer {
  constructor(root) {
    this.root = root;
    this.settings = new Settings(root.dataset.person);
    this.placement = readPlacement(root.dataset.placement);
    this.frames = [...root.querySelectorAll("[data-stage]")].map((stage) => new Frame(stage));
    this.sides = [...root.querySelectorAll("[data-pane]")].map((pane) => new Side(pane));
    this.front = LEFT;
    this.view = { mode: "fit", zoom: 1, x: 0.5, y: 0.5 };
    this.frames.forEach((frame, index) => new Gestures(frame.stage, index, this));
    for (const { sheet } of this.sides) sheet.image.addEventListener("load", () => this.draw());
    this.listenToTools();
    this.observer = new ResizeObserver(() => this.resize());
    for (const frame of this.frames) this.observer.observe(frame.stage);
    root.toggleAttribute("data-ready", true);
  }

  // It comes to the front, as the person likes it now: the pair before may have changed that.
  show() {
    this.settings = new Settings(this.root.dataset.person);
    this.arrange();
    this.bringUp();
  }

  // Large pictures fill the window, with the tools above and the verdicts below.
  bringUp() {
    if (this.settings.values.large) this.root.scrollIntoView({ block: "start" });
    else window.scrollTo(0, 0);
  }

  close() {
    this.observer.disconnect();
    clearTimeout(this.resting);
  }

  // What is shown where

  get mode() {
    return this.settings.values.mode;
  }

  // The placement while like lies on like, otherwise null.
  get aligned() {
    return this.settings.values.align ? this.placement : null;
  }

  get sizes() {
    return this.sides.map(({ sheet }) => sheet.size);
  }

  get isSingle() {
    return this.mode !== "side";
  }

  // Which picture is in front, or in the left frame, now that the key is held or not.
  get first() {
    const chosen = this.mode === "flip" ? this.front : LEFT;
    return this.isHeld ? 1 - chosen : chosen;
  }

  frameOf(side) {
    if (this.isSingle) return 0;
    return side === this.first ? 0 : 1;
  }

  // Puts each picture into its frame and dresses it for the mode.
  arrange() {
    const { mode, boxes, loupe, large } = this.settings.values;
    this.root.dataset.mode = mode;
    this.root.toggleAttribute("data-flipped", Boolean(this.isHeld));
    this.root.toggleAttribute("data-loupe", loupe);
    this.root.toggleAttribute("data-large", large);
    this.sides.forEach((side, index) => side.moveTo(this.frames[this.frameOf(index)]));
    this.dress();
    const pressed = { ...this.modesPressed, align: Boolean(this.aligned), boxes, loupe, large };
    for (const [name, isOn] of Object.entries(pressed)) {
      this.tool(name)?.setAttribute("aria-pressed", String(isOn));
    }
    if (this.tool("align")) this.tool("align").disabled = !this.placement;
    if (!loupe) this.spot = null;
    this.resize();
  }

  get modesPressed() {
    return Object.fromEntries(MODES.map((mode) => [mode, mode === this.mode]));
  }

  // What a mode does to the pictures, apart from where they are.
  dress() {
    const { mode, split, overlay, difference, brightness, contrast, invert } = this.settings.values;
    const right = this.sides[RIGHT];
    const line = `${100 * split}%`;
    const cut = { [LEFT]: `inset(0 calc(100% - ${line}) 0 0)`, [RIGHT]: `inset(0 0 0 ${line})` };
    const isOther = this.isHeld;
    this.sides.forEach((side, index) => {
      const style = side.layer.style;
      style.zIndex = String(mode === "flip" ? Number(index === this.first) : index);
      style.clipPath = mode === "split" ? cut[isOther ? 1 - index : index] : "";
      style.opacity = style.mixBlendMode = "";
      side.label.hidden = mode === "flip" && index !== this.first;
    });
    if (mode === "overlay") right.layer.style.opacity = String(isOther ? Number(overlay < 0.5) : overlay);
    if (mode === "difference" && !isOther) right.layer.style.mixBlendMode = "difference";
    if (mode === "difference" && isOther) right.layer.style.opacity = "0";

    const gain = mode === "difference" && !isOther ? difference : 1;
    const light = [
      brightness * gain === 1 ? "" : `brightness(${brightness * gain})`,
      contrast === 1 ? "" : `contrast(${contrast})`,
      invert ? "invert(1)" : "",
    ];
    this.filter = light.filter(Boolean).join(" ");
    for (const frame of this.frames) frame.ground.style.filter = this.filter;
    this.showSettings();
  }

  // The tool bar says how things are set.
  showSettings() {
    const { values } = this.settings;
    for (const input of this.root.querySelectorAll("[data-range]")) {
      const name = input.dataset.range;
      const isOfMode = name in { split: 1, overlay: 1, difference: 1 };
      if (isOfMode) input.closest("[data-range-of]").hidden = name !== this.mode;
      input.value = String(values[name]);
    }
    const invert = this.root.querySelector("[data-invert]");
    if (invert) invert.checked = values.invert;
    this.tool("light")?.toggleAttribute("data-changed", !this.settings.isPlainLight);
    const changed = this.root.querySelector("[data-light-changed]");
    if (changed) changed.hidden = this.settings.isPlainLight;
    this.frames[0].moveLine(this.mode === "split" ? values.split : null);
  }

  change(changes) {
    this.settings.set(changes);
    this.arrange();
  }

  // A setting that moves nothing.
  slide(changes) {
    this.settings.set(changes);
    this.dress();
    this.drawBoxes();
  }

  // The view

  get isWhole() {
    return isWhole(this.view);
  }

  get hasLoupe() {
    return this.settings.values.loupe;
  }

  reset(mode) {
    this.view = { mode, zoom: 1, x: 0.5, y: 0.5 };
    this.draw();
  }

  // In the view's own places, from pixels of a frame.
  placeAt(point, frame) {
    const side = this.isSingle ? LEFT : this.sides.findIndex((_, index) => this.frameOf(index) === frame);
    return counted(at(inverse(this.sides[side].matrix), point), side === RIGHT, this.aligned);
  }

  // Zoom so that the spot under `point` of a frame stays where it is; the middle by default.
  zoomAt(factor, point, frame) {
    const place = point ? this.placeAt(point, frame) : [this.view.x, this.view.y];
    this.view = zoomed(this.view, factor, place, this.aligned);
    this.draw();
  }

  // Move by pixels of the screen.
  moveBy(right, down) {
    const [width, height] = this.sizes[LEFT];
    const [scale] = this.shown;
    this.view = { ...this.view, x: this.view.x + right / (width * scale), y: this.view.y + down / (height * scale) };
    this.draw();
  }

  nudge(right, down) {
    const [width, height] = this.frames[0].size;
    if (!this.hasLoupe) return this.moveBy(right * NUDGE * width, down * NUDGE * height);
    const [x, y] = this.spot ?? [this.view.x, this.view.y];
    const { left, top, right: most, bottom } = extent(this.aligned);
    const [across, high] = this.sizes[LEFT].map((edge) => edge * this.shown[LEFT]);
    this.spot = [
      Math.min(most, Math.max(left, x + (right * LOUPE_NUDGE * width) / across)),
      Math.min(bottom, Math.max(top, y + (down * LOUPE_NUDGE * width) / high)),
    ];
    this.draw();
  }

  pointAt(point, frame) {
    this.spot = this.placeAt(point, frame);
    this.draw();
  }

  tap() {
    if (this.mode === "flip") this.turnOver();
  }

  turnOver() {
    this.front = 1 - this.front;
    this.arrange();
  }

  // While the key is held, each picture is where the other one was.
  flip(isHeld) {
    if (Boolean(this.isHeld) === isHeld) return;
    this.isHeld = isHeld;
    this.arrange();
  }

  resize() {
    for (const frame of this.frames) frame.resize();
    this.draw();
    this.rest();
  }

  // Only transforms change here, and what is drawn on the canvas of the boxes.
  draw() {
    const [frame] = this.frames;
    if (!frame.size[0]) return; // not on the page yet
    const { sizes, aligned } = this;
    this.view = kept(this.view, aligned);
    this.shown = scales(this.view, frame.size, sizes, aligned, devicePixelRatio);
    const matrices = lay(this.view, frame.size, sizes, aligned, this.shown);
    this.sides.forEach((side, index) => side.place(matrices[index]));
    this.drawBoxes();
    this.drawLoupes();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), REST);
  }

  drawBoxes() {
    this.frames.forEach((frame, index) => {
      const shown = this.settings.values.boxes ? this.boxesIn(index) : [];
      if (shown.length || frame.hasBoxes) frame.boxes.draw(frame.size, shown);
      frame.hasBoxes = shown.length > 0;
    });
  }

  // The boxes of the pictures that a frame shows. Where one picture lies on the other, those of the
  // left one are enough.
  boxesIn(index) {
    const { mode, split } = this.settings.values;
    const of = (side, from = 0, to = 1) => ({ boxes: this.sides[side].boxes, matrix: this.sides[side].matrix, from, to });
    if (mode === "side") return [of(index === 0 ? this.first : 1 - this.first)];
    if (index > 0) return [];
    if (mode === "flip") return [of(this.first)];
    if (mode === "split") return [of(this.first, 0, split), of(1 - this.first, split, 1)];
    return [of(LEFT)];
  }

  drawLoupes() {
    const isShown = this.hasLoupe && this.spot;
    const factor = isShown && factorOf(this.shown, devicePixelRatio);
    this.sides.forEach((side, index) => {
      const frame = this.frames[this.frameOf(index)];
      if (!isShown) return side.hideLoupe();
      const place = uncounted(this.spot, index === RIGHT, this.aligned);
      side.loupeIn(frame).draw({
        view: { ...this.view, x: this.spot[0], y: this.spot[1] },
        sizes: this.sizes,
        placement: this.aligned,
        shown: this.shown,
        factor,
        side: index,
        point: at(side.matrix, place),
        frame: frame.size,
        aside: this.isSingle ? index * 2 - 1 : 0,
        filter: this.mode === "difference" ? "" : this.filter,
      });
    });
  }

  // Nothing has moved for a moment: draw sharply, fetch what is missing, say how large it is.
  rest() {
    clearTimeout(this.resting);
    if (!this.shown) return;
    this.root.toggleAttribute("data-zoomed", !this.isWhole);
    this.sides.forEach((side, index) => {
      side.rest(this.frames[this.frameOf(index)].size, this.shown[index] * devicePixelRatio);
    });
  }

  // Tools and keys

  tool(name) {
    return this.root.querySelector(`[data-view="${name}"]`);
  }

  listenToTools() {
    const tools = this.root.querySelector("[data-viewer-tools]");
    tools.hidden = false;
    tools.addEventListener("click", (event) => {
      const button = event.target.closest("[data-view]");
      if (button) this.act(button.dataset.view);
    });
    tools.addEventListener("input", ({ target }) => {
      if (target.dataset.range) this.slide({ [target.dataset.range]: Number(target.value) });
      if ("invert" in target.dataset) this.slide({ invert: target.checked });
    });
    for (const input of tools.querySelectorAll("[data-range]")) {
      [input.min, input.max, input.step] = RANGES[input.dataset.range].map(String);
    }
    this.frames[0].onLine((split) => this.slide({ split }));
  }

  act(name) {
    const { settings } = this;
    if (name === "flip" && this.mode === "flip") this.turnOver();
    else if (MODES.includes(name)) this.change({ mode: name });
    else if (name === "fit" || name === "pixels") this.reset(name);
    else if (name === "in") this.zoomAt(STEP);
    else if (name === "out") this.zoomAt(1 / STEP);
    else if (name === "light") this.toggleLight();
    else if (name === "plain") this.slide(PLAIN_LIGHT);
    else if (name === "invert") this.slide({ invert: !settings.values.invert });
    else if (name === "loupe") this.toggleLoupe();
    else if (name === "large") this.toggleLarge();
    else if (name === "align" && !this.placement) return;
    else if (name in settings.values) this.change({ [name]: !settings.values[name] });
    else this.step(name);
  }

  toggleLarge() {
    this.change({ large: !this.settings.values.large });
    this.bringUp();
  }

  toggleLoupe() {
    this.settings.set({ loupe: !this.hasLoupe });
    this.spot = this.hasLoupe ? [this.view.x, this.view.y] : null;
    this.arrange();
  }

  step(name) {
    const steps = {
      less: [this.mode, -1], more: [this.mode, 1],
      darker: ["brightness", -1], brighter: ["brightness", 1],
      softer: ["contrast", -1], harder: ["contrast", 1],
    };
    const [setting, direction] = steps[name] ?? [];
    if (!(setting in RANGES)) return;
    this.settings.step(setting, direction);
    this.dress();
    this.drawBoxes();
  }

  toggleLight() {
    const panel = this.root.querySelector("[data-light]");
    panel.hidden = !panel.hidden;
    this.tool("light").setAttribute("aria-expanded", String(!panel.hidden));
  }

  // Whether the key means something here.
  key(key, event) {
    if (key in ARROWS && (this.hasLoupe || !this.isWhole)) return this.nudge(...ARROWS[key]), true;
    if (key === "f") return this.flip(true), true;
    const name = KEYS[key];
    if (!name || (event.repeat && ONCE.has(name))) return Boolean(name);
    return this.act(name), true;
  }
}
