/**
 * The One Euro filter: a low-pass whose cutoff rises with speed (Casiez, Roussel, Vogel: "1€ Filter", CHI 2012).
 *
 * The arithmetic and the settings are those of `movenet.smoothing.OneEuro` in Python, with the person's longer side as
 * the unit of length.
 */

/**
 * Smooth one frame of one person.
 *
 * @param {object} settings `OneEuro` as JSON
 * @param {object | null} before the state after the previous frame; null in a person's first frame
 * @param {number} timeS time of the frame in seconds, after that of the previous frame
 * @param {Array<[number, number, number]>} keypoints x, y in pixels, and score
 * @returns {[object, Array<[number, number, number]>]} the next state, and the smoothed keypoints
 */
export function smooth(settings, before, timeS, keypoints) {
  const unit = unitOf(keypoints);
  const points = keypoints.map((keypoint, k) => step(settings, before?.points[k] ?? UNKNOWN, timeS, keypoint, unit));
  const smoothed = keypoints.map(([x, y, score], k) => (isValid(keypoints[k]) ? [...points[k].smoothed, score] : [x, y, score]));
  return [{ points }, smoothed];
}

const UNKNOWN = Object.freeze({ lastValidS: -Infinity, lastConfidentS: -Infinity, raw: null, smoothed: null, velocity: [0, 0] });

function isValid(keypoint) {
  return keypoint.every(Number.isFinite);
}

/** Return the longer side of the box around the valid keypoints, at least 1 pixel. */
function unitOf(keypoints) {
  const valid = keypoints.filter(isValid);
  const spans = [0, 1].map((axis) => {
    const values = valid.map((point) => point[axis]);
    return Math.max(...values) - Math.min(...values);
  });
  return Math.max(1, valid.length ? Math.max(...spans) : 0);
}

/** Return the next state of one keypoint. */
function step(settings, before, timeS, keypoint, unit) {
  if (!isValid(keypoint)) return before;
  const [x, y, score] = keypoint;
  const confident = score >= settings.min_score;
  const next = { lastValidS: timeS, lastConfidentS: confident ? timeS : before.lastConfidentS };
  const isKnown = timeS - before.lastValidS <= settings.max_gap_s
    && (!confident || timeS - before.lastConfidentS <= settings.max_gap_s);
  if (!isKnown) return { ...next, raw: [x, y], smoothed: [x, y], velocity: [0, 0] };
  const gapS = timeS - before.lastValidS;
  const scoreWeight = confident ? 1 : (Math.max(score, 0) / (settings.min_score || 1)) ** 2;
  const update = (axis) => {
    const speed = (keypoint[axis] - before.raw[axis]) / unit / gapS;
    const velocity = before.velocity[axis] + scoreWeight * weightOf(settings.derivative_cutoff_hz, gapS) * (speed - before.velocity[axis]);
    const way = limited(settings.soft_limit, (keypoint[axis] - before.smoothed[axis]) / unit, gapS, velocity);
    const weight = scoreWeight * weightOf(settings.min_cutoff_hz + settings.beta * Math.abs(velocity), gapS);
    return {
      raw: before.raw[axis] + scoreWeight * (keypoint[axis] - before.raw[axis]),
      smoothed: before.smoothed[axis] + weight * way * unit,
      velocity,
    };
  };
  const axes = [update(0), update(1)];
  return { ...next, ...Object.fromEntries(["raw", "smoothed", "velocity"].map((name) => [name, axes.map((axis) => axis[name])])) };
}

/** Limit a step: L · asinh(step / L); small steps are unchanged. */
function limited(limit, way, gapS, velocity) {
  if (!limit) return way;
  const length = limit.base + limit.gap_factor * gapS + limit.speed_factor * Math.abs(velocity);
  return length * Math.asinh(way / length);
}

/** Return the weight of a new value in a first-order low-pass, 0…1. */
function weightOf(cutoffHz, gapS) {
  return 1 / (1 + 1 / (2 * Math.PI * cutoffHz * gapS));
}
