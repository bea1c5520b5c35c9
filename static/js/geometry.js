// Where pictures lie in frames: pure functions, no page.
//
// A matrix is [a, b, c, d, e, f]: x' = a·x + b·y + c, y' = d·x + e·y + f. Places on a picture are
// relative, 0 to 1 of its width and height, so that pictures of unequal size move in step.
//
// A view is { mode, zoom, x, y }: at zoom 1 a picture fits its frame ("fit"), or one pixel of it is
// one pixel of the screen ("pixels"); (x, y) is the place in the middle of the frame. Where the
// right picture is laid on the left one, by a placement that leads from places of the left picture
// to places of the right one, (x, y) is a place of the left picture.

export const MOST_ZOOM = 64;
export const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };

// Both, the second one first.
export function after([a, b, c, d, e, f], [g, h, i, j, k, l]) {
  return [a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f];
}

export function inverse([a, b, c, d, e, f]) {
  const area = a * e - b * d;
  return [e / area, -b / area, (b * f - c * e) / area, -d / area, a / area, (c * d - a * f) / area];
}

export function at([a, b, c, d, e, f], [x, y]) {
  return [a * x + b * y + c, d * x + e * y + f];
}

export function css([a, b, c, d, e, f]) {
  return `matrix(${[a, d, b, e, c, f].map((value) => Number(value.toFixed(8))).join(", ")})`;
}

// A placement as it stands in the page, or null where it leads nowhere.
export function readPlacement(text) {
  const numbers = (text ?? "").split(",").filter(Boolean).map(Number);
  if (numbers.length !== 6 || !numbers.every(Number.isFinite)) return null;
  const [a, b, , d, e] = numbers;
  return Math.abs(a * e - b * d) > 1e-6 ? numbers : null;
}

// "left,top,width,height;…" in thousandths, as relative boxes.
export function readBoxes(text) {
  return (text ?? "")
    .split(";")
    .filter(Boolean)
    .map((box) => box.split(",").map((edge) => Number(edge) / 1000));
}

const SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]];

export function corners(matrix, [left, top, width, height] = [0, 0, 1, 1]) {
  return SQUARE.map(([x, y]) => at(matrix, [left + x * width, top + y * height]));
}

// The part of the left picture's plane that both pictures cover together.
export function extent(placement) {
  if (!placement) return WHOLE;
  const points = [...SQUARE, ...corners(inverse(placement))];
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

// Screen pixels (CSS) per picture pixel, for the left and for the right picture.
export function scales(view, frame, sizes, placement, density = 1) {
  if (view.mode === "pixels" && !placement) return sizes.map(() => view.zoom / density);
  const fits = ([width, height], { left, top, right, bottom }) =>
    Math.min(frame[0] / (width * (right - left)), frame[1] / (height * (bottom - top)));
  if (!placement) return sizes.map((size) => fits(size, WHOLE) * view.zoom);
  const [left, right] = sizes;
  const scale = view.mode === "pixels" ? view.zoom / density : fits(left, extent(placement)) * view.zoom;
  const [a, b, , d, e] = placement;
  const area = Math.abs(a * e - b * d); // of the left picture, in areas of the right one
  return [scale, scale * Math.sqrt((left[0] * left[1]) / (right[0] * right[1] * area))];
}

// Matrices from relative places of the left and the right picture to pixels of the frame.
export function lay(view, frame, sizes, placement, [scale, other]) {
  const plain = ([width, height], factor) => [
    width * factor, 0, frame[0] / 2 - view.x * width * factor,
    0, height * factor, frame[1] / 2 - view.y * height * factor,
  ];
  const left = plain(sizes[0], scale);
  return [left, placement ? after(left, inverse(placement)) : plain(sizes[1], other)];
}

// The place that the view counts in, from a place of one of the pictures.
export function counted(place, isRight, placement) {
  return isRight && placement ? at(inverse(placement), place) : place;
}

// The other way round.
export function uncounted(place, isRight, placement) {
  return isRight && placement ? at(placement, place) : place;
}

export function isWhole(view) {
  return view.mode === "fit" && view.zoom <= 1;
}

// The view with its zoom and its middle within bounds.
export function kept(view, placement) {
  const { left, top, right, bottom } = extent(placement);
  const zoom = Math.min(MOST_ZOOM, Math.max(view.mode === "fit" ? 1 : 1 / MOST_ZOOM, view.zoom));
  if (isWhole({ ...view, zoom })) return { ...view, zoom, x: (left + right) / 2, y: (top + bottom) / 2 };
  const within = (value, least, most) => Math.min(most, Math.max(least, value));
  return { ...view, zoom, x: within(view.x, left, right), y: within(view.y, top, bottom) };
}

// Zoomed so that `place`, as the view counts, stays where it is on the screen.
export function zoomed(view, factor, [x, y], placement) {
  const next = kept({ ...view, zoom: view.zoom * factor }, placement);
  const share = view.zoom / next.zoom;
  return kept({ ...next, x: x + (view.x - x) * share, y: y + (view.y - y) * share }, placement);
}

// The parts of a picture, on a fixed grid, that show in the frame: [left, top, width, height] px.
export function partsShown(matrix, frame, [width, height], edge) {
  const back = inverse(matrix);
  const shown = corners([frame[0], 0, 0, 0, frame[1], 0]).map((point) => at(back, point));
  const range = (axis, size) => {
    const values = shown.map((point) => point[axis] * size);
    const first = Math.max(0, Math.floor(Math.min(...values) / edge));
    const last = Math.min(Math.ceil(size / edge), Math.ceil(Math.max(...values) / edge));
    return Array.from({ length: Math.max(0, last - first) }, (_, step) => (first + step) * edge);
  };
  return range(1, height).flatMap((top) =>
    range(0, width).map((left) => [left, top, Math.min(edge, width - left), Math.min(edge, height - top)]),
  );
}
