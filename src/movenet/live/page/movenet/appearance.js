/**
 * Appearance of a person: colour histograms of the torso and of the thighs, as `movenet.video.appearance` in Python.
 *
 * An appearance is two histograms; null where the part is not visible.
 */

import { extent } from "./pose.js";

const BINS = 4;
const MIN_SCORE = 0.2;
/** Corner keypoints of torso and thighs: left and right at the top, left and right at the bottom. */
const BODY_PARTS = [[5, 6, 11, 12], [11, 12, 13, 14]];
const ACROSS = Array.from({ length: 8 }, (_, i) => 0.15 + (0.7 * i) / 7);
const DOWN = Array.from({ length: 10 }, (_, i) => 0.1 + (0.8 * i) / 9);
/** For each value of a channel the lower of the two bins that it lies between. */
const LOW_BIN = Uint8Array.from({ length: 256 }, (_, value) => Math.min(Math.floor((value * (BINS - 1)) / 255), BINS - 2));
const HIGH_WEIGHTS = Float64Array.from(LOW_BIN, (low, value) => (value * (BINS - 1)) / 255 - low);
/** For each value the weight of the lower bin, and of the higher one. */
const BIN_WEIGHTS = [HIGH_WEIGHTS.map((weight) => 1 - weight), HIGH_WEIGHTS];

/** Return the appearance of a person in a picture. */
export function measureAppearance(picture, pose) {
  const parts = BODY_PARTS.map((part) => partPixels(picture, part.map((k) => pose.keypoints[k])));
  const region = readAround(picture, parts.flatMap((pixels) => pixels ?? []));
  return parts.map((pixels) => pixels && histogramOf(region, pixels));
}

/** Return the mean Hellinger distance over the parts visible in both, 0…1; NaN if there is none. */
export function appearanceDistance(one, other) {
  const distances = one.flatMap((histogram, part) => {
    if (!histogram || !other[part]) return [];
    const overlap = histogram.reduce((sum, share, bin) => sum + Math.sqrt(share * other[part][bin]), 0);
    return [Math.sqrt(Math.max(1 - overlap, 0))];
  });
  return distances.length ? distances.reduce((sum, distance) => sum + distance, 0) / distances.length : Number.NaN;
}

/** Return one + weight · (other − one); a part that one does not show is the other's. */
export function blendAppearance(one, other, weight) {
  return one.map((histogram, part) => {
    if (!histogram || !other[part]) return histogram ?? other[part];
    return histogram.map((share, bin) => share + weight * (other[part][bin] - share));
  });
}

/** Return the pixels of a body part, [x, y] each; null if it is not visible. */
function partPixels(picture, corners) {
  if (!corners.every((corner) => corner && corner[2] >= MIN_SCORE)) return null;
  const pixels = DOWN.flatMap((down) => ACROSS.map((across) => pixelAt(corners, across, down)))
    .filter(([x, y]) => x >= 0 && x < picture.width && y >= 0 && y < picture.height);
  return pixels.length < (ACROSS.length * DOWN.length) / 2 ? null : pixels;
}

function pixelAt([topLeft, topRight, bottomLeft, bottomRight], across, down) {
  const along = (axis) => {
    const top = topLeft[axis] + across * (topRight[axis] - topLeft[axis]);
    const bottom = bottomLeft[axis] + across * (bottomRight[axis] - bottomLeft[axis]);
    return Math.floor(top + down * (bottom - top));
  };
  return [along(0), along(1)];
}

/** Return the region of a picture around pixels, read at once: each read of a canvas takes its time. Null without pixels. */
function readAround(picture, pixels) {
  if (!pixels.length) return null;
  const [left, top, right, bottom] = extent(pixels);
  const width = right - left + 1;
  return { left, top, width, data: picture.read(left, top, width, bottom - top + 1) };
}

/** Return the histogram of the colours of pixels in a region, trilinearly interpolated, with sum 1. */
function histogramOf({ left, top, width, data }, pixels) {
  const histogram = new Float64Array(BINS ** 3);
  for (const [x, y] of pixels) addColour(histogram, data, 4 * ((y - top) * width + x - left));
  return histogram.map((sum) => sum / pixels.length);
}

/** Add the colour at a place of RGBA data to the eight bins that it lies between. */
function addColour(histogram, data, at) {
  const red = data[at];
  const green = data[at + 1];
  const blue = data[at + 2];
  const first = (LOW_BIN[red] * BINS + LOW_BIN[green]) * BINS + LOW_BIN[blue];
  for (let corner = 0; corner < 8; corner++) {
    const [highRed, highGreen, highBlue] = [corner >> 2, (corner >> 1) & 1, corner & 1];
    const bin = first + (highRed * BINS + highGreen) * BINS + highBlue;
    histogram[bin] += BIN_WEIGHTS[highRed][red] * BIN_WEIGHTS[highGreen][green] * BIN_WEIGHTS[highBlue][blue];
  }
}
