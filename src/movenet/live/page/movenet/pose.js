/**
 * Poses as plain values, and the object keypoint similarity (OKS) between them.
 *
 * @typedef {object} Pose one person in one picture; pixels of the picture, origin at its top-left corner, y down
 * @property {Array<[number, number, number]>} keypoints x, y and score, 0…1, of each keypoint
 * @property {number} score of the person, 0…1
 * @property {[number, number, number, number] | null} box x, y, width, height
 * @property {number | null} id of the person's track in a video
 */

/** Standard deviation of each keypoint's annotations, relative to √area (cocodataset.org, keypoints-eval). */
export const SIGMAS = Object.freeze([
  0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
]);
/** Sigma of the keypoints of a custom skeleton. */
export const DEFAULT_SIGMA = 0.05;
/** A person's area relative to the area of their box. */
export const BOX_AREA_FRACTION = 0.53;
/** Keypoints above this score count for a person's extent. */
export const MIN_KEYPOINT_SCORE = 0.1;
const SOFT_NMS_OKS = 0.2;
const SOFT_NMS_VARIANCE = 0.1;

function sigmasOf(count) {
  return count === SIGMAS.length ? SIGMAS : Array(count).fill(DEFAULT_SIGMA);
}

/** Return the distance at which each keypoint's OKS term falls to e^-½: 2σ · scale, for people of √area `scale`. */
export function oksWidths(scale, count) {
  return sigmasOf(count).map((sigma) => 2 * sigma * scale);
}

/** Return x, y, width, height around the box and the keypoints above a score; null if there is none. */
export function boundsOf({ keypoints, box }, minScore = MIN_KEYPOINT_SCORE) {
  const points = keypoints.filter(([, , score]) => score > minScore);
  if (box) points.push([box[0], box[1]], [box[0] + box[2], box[1] + box[3]]);
  if (!points.length) return null;
  const [left, top, right, bottom] = extent(points);
  return [left, top, right - left, bottom - top];
}

/** Return the least x and y and the greatest x and y of points. */
export function extent(points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right, bottom];
}

/** Return the pose with the box around its visible keypoints. */
export function withOwnBox(pose) {
  return { ...pose, box: boundsOf({ ...pose, box: null }) };
}

/** Return the approximate area of a person, in square pixels. */
export function areaOf(pose) {
  const [, , width, height] = boundsOf(pose) ?? [0, 0, 0, 0];
  return BOX_AREA_FRACTION * width * height;
}

/** Return the OKS of two poses, 0…1, for a person of this area in square pixels. */
export function similarity(pose, other, area) {
  const sigmas = sigmasOf(pose.keypoints.length);
  let sum = 0;
  pose.keypoints.forEach(([x, y], k) => {
    const squared = (x - other.keypoints[k][0]) ** 2 + (y - other.keypoints[k][1]) ** 2;
    sum += Math.exp(-squared / (2 * (area + Number.EPSILON) * (2 * sigmas[k]) ** 2));
  });
  return sum / sigmas.length;
}

/** Return the OKS of every pose with every other, with the larger area of both. */
export function similarities(poses, others) {
  const [areas, otherAreas] = [poses.map(areaOf), others.map(areaOf)];
  return poses.map((pose, i) => others.map((other, j) => similarity(pose, other, Math.max(areas[i], otherAreas[j]))));
}

/**
 * Non-maximum suppression: return a group of indices for each pose that stays, highest priority first: that pose, then
 * those whose OKS with it is above `maxOks`.
 */
export function nmsGroups(poses, priorities, maxOks) {
  const overlaps = similarities(poses, poses);
  const order = priorities.map((_, i) => i).sort((i, j) => priorities[j] - priorities[i]);
  const groups = [];
  for (const i of order) {
    const group = groups.find(([first]) => overlaps[i][first] > maxOks);
    if (group) group.push(i);
    else groups.push([i]);
  }
  return groups;
}

/** Return poses with lower scores where one of a higher score is similar (soft NMS), highest first. */
export function softNms(poses) {
  const overlaps = similarities(poses, poses);
  const scores = poses.map(({ score }) => score);
  const remaining = new Set(scores.keys());
  while (remaining.size) {
    const best = [...remaining].reduce((one, other) => (scores[other] > scores[one] ? other : one));
    remaining.delete(best);
    for (const i of remaining) {
      scores[i] *= Math.exp(-(Math.max(overlaps[best][i] - SOFT_NMS_OKS, 0) ** 2) / SOFT_NMS_VARIANCE);
    }
  }
  return poses.map((pose, i) => ({ ...pose, score: scores[i] })).sort((one, other) => other.score - one.score);
}
