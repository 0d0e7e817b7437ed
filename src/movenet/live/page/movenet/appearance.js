/**
 * Appearance of a person: colour histograms of the torso and of the thighs, as `movenet.video.appearance` in Python.
 *
 * An appearance is two histograms; null where the part is not visible.
 */

const BINS = 4;
const MIN_SCORE = 0.2;
/** Corner keypoints of torso and thighs: left and right at the top, left and right at the bottom. */
const BODY_PARTS = [[5, 6, 11, 12], [11, 12, 13, 14]];
const ACROSS = Array.from({ length: 8 }, (_, i) => 0.15 + (0.7 * i) / 7);
const DOWN = Array.from({ length: 10 }, (_, i) => 0.1 + (0.8 * i) / 9);

/** Return the appearance of a person in a picture. */
export function measureAppearance(picture, pose) {
  return BODY_PARTS.map((part) => partHistogram(picture, part.map((k) => pose.keypoints[k])));
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

function partHistogram(picture, corners) {
  if (!corners.every((corner) => corner && corner[2] >= MIN_SCORE)) return null;
  const pixels = DOWN.flatMap((down) => ACROSS.map((across) => pixelAt(corners, across, down)))
    .filter(([x, y]) => x >= 0 && x < picture.width && y >= 0 && y < picture.height);
  if (pixels.length < (ACROSS.length * DOWN.length) / 2) return null;
  return histogramOf(readPixels(picture, pixels));
}

function pixelAt([topLeft, topRight, bottomLeft, bottomRight], across, down) {
  return [0, 1].map((axis) => {
    const top = topLeft[axis] + across * (topRight[axis] - topLeft[axis]);
    const bottom = bottomLeft[axis] + across * (bottomRight[axis] - bottomLeft[axis]);
    return Math.floor(top + down * (bottom - top));
  });
}

/** Return the colours of pixels, from one read of the region that they are in. */
function readPixels(picture, pixels) {
  const [xs, ys] = [pixels.map(([x]) => x), pixels.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left + 1, Math.max(...ys) - top + 1];
  const data = picture.read(left, top, width, height);
  return pixels.map(([x, y]) => {
    const at = 4 * ((y - top) * width + x - left);
    return [data[at], data[at + 1], data[at + 2]];
  });
}

/** Return the histogram of colours, trilinearly interpolated, with sum 1. */
function histogramOf(colours) {
  const histogram = Array(BINS ** 3).fill(0);
  for (const colour of colours) {
    const places = colour.map((value) => (value * (BINS - 1)) / 255);
    const low = places.map((place) => Math.min(Math.floor(place), BINS - 2));
    for (let corner = 0; corner < 8; corner++) {
      const bits = [(corner >> 2) & 1, (corner >> 1) & 1, corner & 1];
      const weights = bits.map((bit, axis) => (bit ? places[axis] - low[axis] : 1 - places[axis] + low[axis]));
      const [red, green, blue] = bits.map((bit, axis) => low[axis] + bit);
      histogram[(red * BINS + green) * BINS + blue] += weights[0] * weights[1] * weights[2];
    }
  }
  return histogram.map((sum) => sum / colours.length);
}
