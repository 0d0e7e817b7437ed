/**
 * The poses of each person over time, as `movenet.analysis.track` in Python.
 *
 * @typedef {object} PersonTrack one person in T frames
 * @property {number | null} id null is the person of a stream without ids
 * @property {number[]} times T seconds, ascending
 * @property {Array<Array<[number, number, number]>>} points T × K: x, y in pixels, NaN where unknown, and the probability
 *   that they are right
 */

import { probabilityOf } from "./calibration.js";

const MIN_PROBABILITY = 0.5;
const UNKNOWN = Object.freeze([Number.NaN, Number.NaN, 0]);

/**
 * Return a track of every person, in the order of their ids, from the first to the last frame in which they are.
 *
 * @param {Array<{timeS: number, poses: import("./pose.js").Pose[]}>} frames in the order of time
 * @param {{slope: number, intercept: number}} calibration of the scores: `movenet.calibration.CalibrationCurve` as JSON
 * @returns {PersonTrack[]}
 */
export function tracksOf(frames, calibration) {
  const people = new Map();
  frames.forEach(({ poses }, at) => {
    for (const pose of bestOfEachId(poses)) people.set(pose.id, (people.get(pose.id) ?? new Map()).set(at, pose));
  });
  const ids = [...people.keys()].sort((one, other) => (one ?? -1) - (other ?? -1));
  return ids.map((id) => trackOf(id, people.get(id), frames, calibration));
}

function bestOfEachId(poses) {
  const best = new Map();
  for (const pose of poses) if (!(pose.score <= best.get(pose.id)?.score)) best.set(pose.id, pose);
  return best.values();
}

function trackOf(id, poses, frames, calibration) {
  const seen = [...poses.keys()];
  const [first, last] = [seen[0], seen.at(-1)];
  const count = poses.get(first).keypoints.length;
  const nowhere = Array(count).fill(UNKNOWN);
  const points = [];
  for (let at = first; at <= last; at++) {
    const pose = poses.get(at);
    points.push(pose ? pose.keypoints.map((keypoint) => knownPoint(keypoint, calibration)) : nowhere);
  }
  return { id, times: frames.slice(first, last + 1).map(({ timeS }) => timeS), points };
}

function knownPoint([x, y, score], calibration) {
  if (![x, y, score].every(Number.isFinite)) return UNKNOWN;
  const probability = probabilityOf(score, calibration);
  return probability >= MIN_PROBABILITY ? [x, y, probability] : UNKNOWN;
}
