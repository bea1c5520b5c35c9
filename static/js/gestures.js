// Wheel, mouse and fingers on a frame, told as: zoom here, move by so much, tap, point at.

const WHEEL_STEP = 1.25;
const DOUBLE_STEP = 2.5;
const TAP = 6; // pixels that a finger may slip and still tap

// `viewer` answers zoomAt, moveBy, tap, doubleTap, pointAt, and tells isWhole and hasLoupe.
export class Gestures {
  constructor(stage, frame, viewer) {
    this.stage = stage;
    this.frame = frame;
    this.viewer = viewer;
    this.pointers = new Map();
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("dblclick", (event) => this.doubled(event));
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => this.up(event));
    stage.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
  }

  place(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    return [event.clientX - left - this.stage.clientLeft, event.clientY - top - this.stage.clientTop];
  }

  wheel(event) {
    if (!event.ctrlKey && this.viewer.isWhole && event.deltaY > 0) return; // the page scrolls
    event.preventDefault();
    const notches = -event.deltaY / (event.deltaMode === 0 ? 100 : 3);
    this.viewer.zoomAt(WHEEL_STEP ** notches, this.place(event), this.frame);
  }

  doubled(event) {
    if (this.viewer.isWhole) this.viewer.zoomAt(DOUBLE_STEP, this.place(event), this.frame);
    else this.viewer.reset("fit");
  }

  down(event) {
    if (event.button !== 0) return;
    this.stage.setPointerCapture(event.pointerId);
    const place = this.place(event);
    this.pointers.set(event.pointerId, place);
    this.isTap = this.pointers.size === 1;
    this.start = place;
    if (this.viewer.hasLoupe) this.viewer.pointAt(place, this.frame);
  }

  // One finger or the mouse moves; two fingers zoom about the point between them, and move.
  move(event) {
    const now = this.place(event);
    const before = this.pointers.get(event.pointerId);
    if (before && this.pointers.size > 1) return this.pinch(event.pointerId, before, now);
    if (this.viewer.hasLoupe) this.viewer.pointAt(now, this.frame);
    if (!before) return;
    if (Math.hypot(now[0] - this.start[0], now[1] - this.start[1]) > TAP) this.isTap = false;
    this.pointers.set(event.pointerId, now);
    const isLoupeFinger = this.viewer.hasLoupe && event.pointerType !== "mouse";
    if (!this.viewer.isWhole && !isLoupeFinger) this.viewer.moveBy(before[0] - now[0], before[1] - now[1]);
  }

  pinch(id, before, now) {
    this.isTap = false;
    const [, other] = [...this.pointers].find(([each]) => each !== id);
    this.pointers.set(id, now);
    const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    this.viewer.zoomAt(apart(now) / apart(before), middle, this.frame);
    if (!this.viewer.isWhole) this.viewer.moveBy((before[0] - now[0]) / 2, (before[1] - now[1]) / 2);
  }

  up(event) {
    const wasDown = this.pointers.delete(event.pointerId);
    if (wasDown && this.isTap && this.pointers.size === 0) this.viewer.tap();
  }
}
