// Numbered boxes around what differs, drawn over a frame: seen on black, on white and without
// colours, because each is a dark broken line on a white one.

import { corners } from "./geometry.js";

const WHITE_LINE = 6;
const DARK_LINE = 2.5;
const DASHES = [9, 4];
const MARGIN = 3; // so that a line does not cover what it points at
const BADGE = 18;

export class Boxes {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    this.dark = style.getPropertyValue("--box-line").trim();
    this.white = style.getPropertyValue("--box-ground").trim();
    this.font = `700 13px ${style.fontFamily}`;
  }

  resize([width, height]) {
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
  }

  // `groups`: [{ boxes, matrix, from, to }], from and to being the shares of the frame's width
  // between which the group shows.
  draw([width, height], groups) {
    const { pen } = this;
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, width, height);
    for (const { boxes, matrix, from, to } of groups) {
      pen.save();
      pen.beginPath();
      pen.rect(from * width, 0, (to - from) * width, height);
      pen.clip();
      const outlines = boxes.map((box) => outline(corners(matrix, box)));
      this.stroke(outlines, this.white, WHITE_LINE, []);
      this.stroke(outlines, this.dark, DARK_LINE, DASHES);
      outlines.forEach((points, number) => this.badge(points, number + 1));
      pen.restore();
    }
  }

  stroke(outlines, color, line, dashes) {
    const { pen } = this;
    pen.strokeStyle = color;
    pen.lineWidth = line;
    pen.setLineDash(dashes);
    pen.beginPath();
    for (const points of outlines) {
      points.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
    }
    pen.stroke();
  }

  // The number sits on the upper left corner, whichever that is once the picture is turned.
  badge(points, number) {
    const { pen } = this;
    const [x, y] = points.reduce((best, point) => (point[0] + point[1] < best[0] + best[1] ? point : best));
    pen.setLineDash([]);
    pen.beginPath();
    pen.arc(x, y, BADGE / 2, 0, 2 * Math.PI);
    pen.fillStyle = this.dark;
    pen.fill();
    pen.strokeStyle = this.white;
    pen.lineWidth = 2;
    pen.stroke();
    pen.fillStyle = this.white;
    pen.font = this.font;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(String(number), x, y + 1);
  }
}

// A little outside of the corners, away from their middle.
function outline(points) {
  const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  return points.map((point) => {
    const away = [point[0] - middle[0], point[1] - middle[1]];
    return point.map((value, axis) => value + Math.sign(away[axis]) * MARGIN);
  });
}
