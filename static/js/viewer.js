// Two pictures side by side: zoomed and moved together, whatever their sizes.
//
// The view is one zoom factor and one centre, as shares of each picture's width and height, so
// that the same spot of both is in the middle of both frames. At zoom 1 each picture fits its
// frame ("fit"), or one pixel of each is one pixel of the screen ("pixels").

const STEP = 1.25;
const MOST_ZOOM = 64;
const NUDGE = 0.12; // share of the frame that an arrow key moves
const SHARP = 4; // from this many screen pixels per picture pixel on, pixels are drawn as squares

export class Viewer {
  constructor(root) {
    this.root = root;
    this.panes = [...root.querySelectorAll("[data-pane]")].map((element) => new Pane(element));
    this.pointers = new Map();
    this.reset("fit");
    for (const pane of this.panes) this.listen(pane);
    this.tools = root.querySelector("[data-viewer-tools]");
    this.tools.hidden = false;
    this.tools.addEventListener("click", (event) => {
      const button = event.target.closest("[data-view]");
      if (button) this.act(button.dataset.view);
    });
    this.showBoxes(true);
    this.observer = new ResizeObserver(() => this.draw());
    for (const pane of this.panes) this.observer.observe(pane.stage);
  }

  close() {
    this.observer.disconnect();
  }

  reset(mode) {
    this.mode = mode;
    this.zoom = 1;
    this.x = 0.5;
    this.y = 0.5;
    this.draw();
  }

  act(name) {
    if (name === "fit" || name === "pixels") this.reset(name);
    else if (name === "in") this.zoomBy(STEP);
    else if (name === "out") this.zoomBy(1 / STEP);
    else if (name === "flip") this.flip(!this.flipped);
    else if (name === "boxes") this.showBoxes(this.boxesHidden);
  }

  // The boxes around what differs lie on the left picture, wherever that is shown.
  showBoxes(shown) {
    this.boxesHidden = !shown;
    for (const boxes of this.root.querySelectorAll("[data-boxes]")) boxes.toggleAttribute("hidden", !shown);
    this.tools.querySelector('[data-view="boxes"]')?.setAttribute("aria-pressed", String(shown));
  }

  // Each frame shows the other's picture, in the same place.
  flip(flipped) {
    if (Boolean(this.flipped) === flipped) return;
    this.flipped = flipped;
    const [first, second] = this.panes;
    const layer = first.layer;
    first.take(second.layer);
    second.take(layer);
    this.root.toggleAttribute("data-flipped", flipped);
    this.tools.querySelector('[data-view="flip"]').setAttribute("aria-pressed", String(flipped));
    this.draw();
  }

  // Zoom so that the spot under (left, top) of this pane stays where it is; the middle by default.
  zoomBy(factor, pane = this.panes[0], left = pane.width / 2, top = pane.height / 2) {
    const before = pane.scale(this);
    const least = this.mode === "fit" ? 1 : 1 / MOST_ZOOM;
    this.zoom = Math.min(MOST_ZOOM, Math.max(least, this.zoom * factor));
    const after = pane.scale(this);
    const shift = 1 / before - 1 / after;
    this.x += ((left - pane.width / 2) / pane.imageWidth) * shift;
    this.y += ((top - pane.height / 2) / pane.imageHeight) * shift;
    this.draw();
  }

  // Move by pixels of the screen, measured in this pane.
  moveBy(right, down, pane = this.panes[0]) {
    const scale = pane.scale(this);
    this.x += right / (pane.imageWidth * scale);
    this.y += down / (pane.imageHeight * scale);
    this.draw();
  }

  nudge(right, down) {
    const [pane] = this.panes;
    this.moveBy(right * NUDGE * pane.width, down * NUDGE * pane.height);
  }

  get isWhole() {
    return this.mode === "fit" && this.zoom <= 1;
  }

  draw() {
    if (this.isWhole) this.x = this.y = 0.5;
    this.x = Math.min(1, Math.max(0, this.x));
    this.y = Math.min(1, Math.max(0, this.y));
    this.root.toggleAttribute("data-zoomed", !this.isWhole);
    for (const pane of this.panes) pane.draw(this);
  }

  listen(pane) {
    const stage = pane.stage;
    pane.image.addEventListener("load", () => this.draw());
    stage.addEventListener(
      "wheel",
      (event) => {
        if (event.ctrlKey === false && this.isWhole && event.deltaY > 0) return; // the page scrolls
        event.preventDefault();
        const [left, top] = pane.place(event);
        this.zoomBy(STEP ** (-event.deltaY / (event.deltaMode === 0 ? 100 : 3)), pane, left, top);
      },
      { passive: false },
    );
    stage.addEventListener("dblclick", (event) => {
      const [left, top] = pane.place(event);
      if (this.isWhole) this.zoomBy(STEP ** 4, pane, left, top);
      else this.reset("fit");
    });
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      stage.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, pane.place(event));
    });
    stage.addEventListener("pointermove", (event) => this.drag(pane, event));
    for (const end of ["pointerup", "pointercancel"]) {
      stage.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
  }

  // One finger or the mouse moves; two fingers zoom about the point between them.
  drag(pane, event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = pane.place(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (!other) {
      if (!this.isWhole) this.moveBy(before[0] - now[0], before[1] - now[1], pane);
      return;
    }
    const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    this.zoomBy(apart(now) / apart(before), pane, ...middle);
  }
}

class Pane {
  constructor(element) {
    this.stage = element.querySelector("[data-stage]");
    this.label = element.querySelector("[data-scale]");
    this.take(element.querySelector("[data-layer]"));
    element.toggleAttribute("data-ready", true);
  }

  take(layer) {
    this.layer = layer;
    this.image = layer.querySelector("img");
    this.boxes = layer.querySelector("[data-boxes]");
    if (layer.parentElement !== this.stage) this.stage.append(layer);
  }

  get width() {
    return this.stage.clientWidth || 1;
  }

  get height() {
    return this.stage.clientHeight || 1;
  }

  // The picture's own size; what stands in for a broken picture has a size of its own.
  get size() {
    const { naturalWidth, naturalHeight } = this.image;
    const width = Number(this.image.dataset.width) || naturalWidth || 1;
    const height = Number(this.image.dataset.height) || naturalHeight || 1;
    if (!naturalWidth || !naturalHeight) return [width, height];
    const long = Math.max(naturalWidth, naturalHeight);
    const fits = Math.abs((naturalWidth / width) * height - naturalHeight) <= Math.max(2, long / 50);
    return fits ? [width, height] : [naturalWidth, naturalHeight];
  }

  get imageWidth() {
    return this.size[0];
  }

  get imageHeight() {
    return this.size[1];
  }

  // Screen pixels (CSS) per pixel of the picture.
  scale(view) {
    const [width, height] = this.size;
    const whole = Math.min(this.width / width, this.height / height);
    return (view.mode === "fit" ? whole : 1 / devicePixelRatio) * view.zoom;
  }

  place(event) {
    const frame = this.stage.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  draw(view) {
    const [width, height] = this.size;
    const scale = this.scale(view);
    const left = this.width / 2 - view.x * width * scale;
    const top = this.height / 2 - view.y * height * scale;
    for (const { style } of [this.image, this.boxes].filter(Boolean)) {
      style.width = `${width * scale}px`;
      style.height = `${height * scale}px`;
      style.transform = `translate(${left}px, ${top}px)`;
    }
    const shown = scale * devicePixelRatio;
    this.image.style.imageRendering = shown >= SHARP ? "pixelated" : "auto";
    if (this.label) this.label.textContent = ` · ${Math.max(1, Math.round(shown * 100))}\u00a0%`;
    this.sharpen(width, shown);
  }

  // Fetch more pixels once the screen shows more than the rendition has.
  sharpen(width, shown) {
    const image = this.image;
    const has = image.naturalWidth;
    if (!has || has >= width || !image.dataset.full || width * shown < has * 1.1) return;
    const full = new Image();
    full.addEventListener("load", () => (image.src = full.src));
    full.src = image.dataset.full;
    delete image.dataset.full;
  }
}
