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
function halve({ data, width, height }) {
  const [outWidth, outHeight] = [(width + 1) >> 1, (height + 1) >> 1];
  const out = new Uint8ClampedArray(4 * outWidth * outHeight);
  for (let y = 0, to = 0; y < outHeight; y++) {
    const first = 8 * y * width;
    const hasBelow = 2 * y + 1 < height;
    for (let x = 0; x < outWidth; x++, to += 4) {
      const from = first + 8 * x;
      const hasRight = 2 * x + 1 < width;
      for (let channel = 0; channel < 3; channel++) {
        const at = from + channel;
        let sum = data[at] + 2;
        if (hasRight) sum += data[at + 4];
        if (hasBelow) sum += data[at + 4 * width];
        if (hasRight && hasBelow) sum += data[at + 4 * width + 4];
        out[to + channel] = sum >> 2;
      }
    }
  }
  return { data: out, width: outWidth, height: outHeight };
}

/** Return for each output pixel along an axis the two pixels that it lies between and their weights; 0 outside. */
function samples(start, step, count, limit) {
  const [low, high] = [new Int32Array(count), new Int32Array(count)];
  const [lowWeight, highWeight] = [new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    const place = start + i * step;
    const at = Math.floor(place);
    const inside = (pixel) => pixel >= 0 && pixel < limit;
    if (inside(at)) [low[i], lowWeight[i]] = [at, 1 - (place - at)];
    if (inside(at + 1)) [high[i], highWeight[i]] = [at + 1, place - at];
  }
  return { low, high, lowWeight, highWeight, count };
}

function interpolate({ data, width }, columns, rows) {
  // It rounds halves to even, as OpenCV does.
  const out = new Uint8ClampedArray(3 * columns.count * rows.count);
  for (let y = 0, to = 0; y < rows.count; y++) {
    const [above, below] = [4 * width * rows.low[y], 4 * width * rows.high[y]];
    const [aboveWeight, belowWeight] = [rows.lowWeight[y], rows.highWeight[y]];
    for (let x = 0; x < columns.count; x++) {
      const [left, right] = [4 * columns.low[x], 4 * columns.high[x]];
      const [leftWeight, rightWeight] = [columns.lowWeight[x], columns.highWeight[x]];
      for (let channel = 0; channel < 3; channel++) {
        const upper = data[above + left + channel] * leftWeight + data[above + right + channel] * rightWeight;
        const lower = data[below + left + channel] * leftWeight + data[below + right + channel] * rightWeight;
        out[to++] = upper * aboveWeight + lower * belowWeight;
      }
    }
  }
  return new Uint8Array(out.buffer);
}
