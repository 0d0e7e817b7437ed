/**
 * `Crop`: a region of a picture resized to a model's input, and the map between the coordinates of both.
 *
 * Points are x, y in pixels, origin at the top-left corner. The model gives y, x in 0…1 of its input, each
 * `MODEL_SHIFT_PX` too far to the right and bottom. The arithmetic is that of `movenet.crop` in Python.
 */

/** Added to x and y of the model's points, in pixels of its input, to correct their systematic error. */
export const MODEL_SHIFT_PX = -0.17;
const MIN_SIDE_PX = 16;
const MULTIPLE = 32;

export class Crop {
  constructor(left, top, width, height, outWidth, outHeight) {
    Object.assign(this, { left, top, width, height, outWidth, outHeight });
  }

  /** Return the whole picture at the top left, its longer edge resized to `side` px; padded to multiples of 32 px. */
  static letterbox(imageWidth, imageHeight, side) {
    const edge = Math.max(imageWidth, imageHeight);
    const [outWidth, outHeight] = [imageWidth, imageHeight].map((length) => Math.ceil((length * side) / (edge * MULTIPLE)) * MULTIPLE);
    const scale = edge / side;
    return new Crop(0, 0, outWidth * scale, outHeight * scale, outWidth, outHeight);
  }

  /** Return the square centered on a box (x, y, width, height), with `factor` × its longer side, resized to `side` px. */
  static aroundBox([x, y, width, height], factor, side) {
    const edge = Math.max(factor * Math.max(width, height), MIN_SIDE_PX);
    return new Crop(x + width / 2 - edge / 2, y + height / 2 - edge / 2, edge, edge, side, side);
  }

  /** Map a point of the model, y and x in 0…1 of the output, to x, y in pixels of the picture. */
  toImage(y, x) {
    return [
      ((x * this.outWidth + MODEL_SHIFT_PX) * this.width) / this.outWidth + this.left,
      ((y * this.outHeight + MODEL_SHIFT_PX) * this.height) / this.outHeight + this.top,
    ];
  }

  /** Map x, y in pixels of the picture to the model's y, x: the inverse of `toImage`. */
  toDecoded([x, y]) {
    return [
      (((y - this.top) * this.outHeight) / this.height - MODEL_SHIFT_PX) / this.outHeight,
      (((x - this.left) * this.outWidth) / this.width - MODEL_SHIFT_PX) / this.outWidth,
    ];
  }

  /**
   * Return the region resized to the output's size, RGB, black outside the picture.
   *
   * While the region is at least twice the output's size its pixels are averaged 2 × 2, on a fixed grid from the
   * picture's corner; the rest of the scaling is bilinear.
   *
   * @param {import("./picture.js").Picture} picture
   * @returns {Uint8Array} outHeight × outWidth × 3
   */
  cut(picture) {
    const [scaleX, scaleY] = [this.width / this.outWidth, this.height / this.outHeight];
    const halvings = Math.max(0, Math.floor(Math.log2(Math.min(scaleX, scaleY))));
    const cell = 2 ** Math.min(halvings, 1 + Math.floor(Math.log2(Math.max(picture.width, picture.height))));
    const [left, right] = pixelsToRead(this.left, this.width, picture.width, cell);
    const [top, bottom] = pixelsToRead(this.top, this.height, picture.height, cell);
    if (left >= right || top >= bottom) return new Uint8Array(3 * this.outWidth * this.outHeight);
    let part = { data: picture.read(left, top, right - left, bottom - top), width: right - left, height: bottom - top };
    for (let size = 1; size < cell; size *= 2) part = halve(part);
    const columns = samples((this.left - left + scaleX / 2) / cell - 0.5, scaleX / cell, this.outWidth, part.width);
    const rows = samples((this.top - top + scaleY / 2) / cell - 0.5, scaleY / cell, this.outHeight, part.height);
    return interpolate(part, columns, rows);
  }
}

/** Return the first pixel and the one after the last, in whole cells, that interpolation reads, within 0 … limit. */
function pixelsToRead(start, length, limit, cell) {
  const first = (Math.floor(start / cell) - 1) * cell;
  const last = (Math.ceil((start + length) / cell) + 1) * cell;
  return [Math.min(Math.max(first, 0), limit), Math.min(Math.max(last, 0), limit)];
}

/** Return the mean of each 2 × 2 pixels; an odd last row or column is averaged with black. */
function halve(part) {
  const { data, width, height } = evenSized(part);
  const out = new Uint8ClampedArray(data.length / 4);
  for (let y = 0, to = 0; y < height; y += 2) {
    const end = 4 * (y + 1) * width;
    for (let above = 4 * y * width, below = end; above < end; above += 8, below += 8, to += 4) {
      out[to] = (data[above] + data[above + 4] + data[below] + data[below + 4] + 2) >> 2;
      out[to + 1] = (data[above + 1] + data[above + 5] + data[below + 1] + data[below + 5] + 2) >> 2;
      out[to + 2] = (data[above + 2] + data[above + 6] + data[below + 2] + data[below + 6] + 2) >> 2;
    }
  }
  return { data: out, width: width / 2, height: height / 2 };
}

/** Return pixels with a black row or column more where their number is odd. */
function evenSized({ data, width, height }) {
  const [evenWidth, evenHeight] = [width + (width % 2), height + (height % 2)];
  if (evenWidth === width && evenHeight === height) return { data, width, height };
  const out = new Uint8ClampedArray(4 * evenWidth * evenHeight);
  for (let y = 0; y < height; y++) out.set(data.subarray(4 * y * width, 4 * (y + 1) * width), 4 * y * evenWidth);
  return { data: out, width: evenWidth, height: evenHeight };
}

/** Return for each output pixel along an axis the two pixels that it lies between and their weights; 0 outside. */
function samples(start, step, count, limit) {
  const [low, high] = [new Int32Array(count), new Int32Array(count)];
  const [lowWeight, highWeight] = [new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    const place = start + i * step;
    const at = Math.floor(place);
    if (at >= 0 && at < limit) {
      low[i] = at;
      lowWeight[i] = 1 - (place - at);
    }
    if (at >= -1 && at < limit - 1) {
      high[i] = at + 1;
      highWeight[i] = place - at;
    }
  }
  return { low, high, lowWeight, highWeight, count };
}

// The loops over pixels have no arrays of their own: each would be an allocation.

function interpolate(part, columns, rows) {
  const length = 3 * columns.count;
  const out = new Uint8ClampedArray(length * rows.count);
  let upper = { row: -1, values: new Float64Array(length) };
  let lower = { row: -1, values: new Float64Array(length) };
  for (let y = 0; y < rows.count; y++) {
    if (rows.low[y] === lower.row) [upper, lower] = [lower, upper];
    interpolateRow(part, rows.low[y], columns, upper);
    interpolateRow(part, rows.high[y], columns, lower);
    mixRows(upper.values, rows.lowWeight[y], lower.values, rows.highWeight[y], out, y * length);
  }
  return new Uint8Array(out.buffer);
}

/** Interpolate a row of pixels along x, unless it is there already. */
function interpolateRow({ data, width }, row, { low, high, lowWeight, highWeight, count }, result) {
  if (result.row === row) return;
  result.row = row;
  const out = result.values;
  const start = 4 * width * row;
  for (let x = 0, to = 0; x < count; x++, to += 3) {
    const left = start + 4 * low[x];
    const right = start + 4 * high[x];
    const leftWeight = lowWeight[x];
    const rightWeight = highWeight[x];
    out[to] = data[left] * leftWeight + data[right] * rightWeight;
    out[to + 1] = data[left + 1] * leftWeight + data[right + 1] * rightWeight;
    out[to + 2] = data[left + 2] * leftWeight + data[right + 2] * rightWeight;
  }
}

/** Write the weighted sum of two rows; it rounds halves to even, as OpenCV does. */
function mixRows(upper, upperWeight, lower, lowerWeight, out, start) {
  for (let i = 0; i < upper.length; i++) out[start + i] = upper[i] * upperWeight + lower[i] * lowerWeight;
}
