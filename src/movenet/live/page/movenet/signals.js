/**
 * Signals of a body over time that exercises are made of: joint angles, heights and distances, as
 * `movenet.analysis.signals` in Python.
 *
 * A signal is {left, right}: T values for each side, NaN where unknown. Angles are in degrees; heights and distances in
 * lengths of the torso.
 */

import { fillGaps, interpolate, isKnown, meanOfKnown, median, percentile, smoothOver } from "./series.js";

const JOINTS = ["elbow", "shoulder", "hip", "knee"];
const MIN_RELIABILITY = 0.5;
const MAX_GAP_S = 0.5;
const SMOOTHING_S = 0.15;
const SCALE_WINDOW_S = 4;
const [SHOULDERS, ELBOWS, WRISTS, HIPS, ANKLES] = [[5, 6], [7, 8], [9, 10], [11, 12], [15, 16]];
const [X, Y] = [0, 1];

/** Signals other than joint angles: of the points of one frame and the length of the torso; [left, right]. */
const MEASURES = {
  trunk_lean: (points) => {
    const [x, y] = [X, Y].map((axis) => middle(points, SHOULDERS, axis) - middle(points, HIPS, axis));
    return both((Math.abs(Math.atan2(x, -y)) * 180) / Math.PI);
  },
  hip_height: (points, torso) => sides((side) => (points[ANKLES[side]][Y] - points[HIPS[side]][Y]) / torso),
  hand_height: (points, torso) => sides((side) => (points[SHOULDERS[side]][Y] - points[WRISTS[side]][Y]) / torso),
  shoulder_position: (points, torso) => sides((side) => -points[SHOULDERS[side]][Y] / torso),
  body_position: (points, torso) => both(middle(points, HIPS, X) / torso),
  feet_apart: (points, torso) => {
    const [left, right] = ANKLES.map((ankle) => points[ankle]);
    return both(distance(left, right) / torso);
  },
  forearm_length: (points, torso) => sides((side) => distance(points[ELBOWS[side]], points[WRISTS[side]]) / torso),
};

/**
 * Measures the signals of one person; each is computed once.
 */
export class Signals {
  #raw = new Map();
  #conditioned = new Map();
  #joints;
  #torso;

  /**
   * @param {import("./people.js").PersonTrack} track
   * @param {Map<string, number[]>} joints the keypoints of each angle: one neighbour, the joint, the other neighbour
   */
  constructor(track, joints) {
    this.track = track;
    this.#joints = joints;
    this.#torso = torsoLengths(track);
  }

  /** Return a signal as it is measured. */
  raw(name) {
    if (!this.#raw.has(name)) this.#raw.set(name, JOINTS.includes(name) ? this.#angles(name) : this.#measure(name));
    return this.#raw.get(name);
  }

  /** Return a signal with short gaps filled, smoothed; of joint angles each side is its own. */
  of(name) {
    if (!this.#conditioned.has(name)) {
      this.#conditioned.set(name, this.condition(JOINTS.includes(name) ? this.raw(name) : completeSides(this.raw(name))));
    }
    return this.#conditioned.get(name);
  }

  /** Fill gaps of at most half a second, then take the median and the mean over 0.15 s. */
  condition({ left, right }) {
    const { times } = this.track;
    const steps = times.slice(1).map((time, i) => time - times[i]);
    const width = times.length < 3 ? 1 : 2 * Math.floor(SMOOTHING_S / median(steps) / 2) + 1;
    const [smoothLeft, smoothRight] = [left, right].map((values) => smoothOver(fillGaps(values, times, MAX_GAP_S), width));
    return { left: smoothLeft, right: smoothRight };
  }

  #measure(name) {
    const pairs = this.track.points.map((points, at) => MEASURES[name](points, this.#torso[at]));
    return { left: pairs.map(([left]) => left), right: pairs.map(([, right]) => right) };
  }

  #angles(name) {
    const [left, right] = ["left", "right"].map((side) => {
      const corners = this.#joints.get(`${side}_${name}`);
      return this.track.points.map((points) => angleAt(...corners.map((k) => points[k])));
    });
    return { left, right };
  }
}

/** Return {left, right} in which an unknown side is the other one, shifted by their median difference. */
export function completeSides({ left, right }) {
  const apart = left.map((value, at) => value - right[at]).filter(isKnown);
  const usual = apart.length ? median(apart) : 0;
  return {
    left: left.map((value, at) => (isKnown(value) ? value : right[at] + usual)),
    right: right.map((value, at) => (isKnown(value) ? value : left[at] - usual)),
  };
}

/** Return the included angle of three points in degrees, 0…180; NaN if it is not reliable. */
function angleAt(from, joint, to) {
  if (from[2] * joint[2] * to[2] < MIN_RELIABILITY) return Number.NaN;
  const [ax, ay, bx, by] = [from[X] - joint[X], from[Y] - joint[Y], to[X] - joint[X], to[Y] - joint[Y]];
  if ((ax === 0 && ay === 0) || (bx === 0 && by === 0)) return Number.NaN;
  return (Math.abs(Math.atan2(ax * by - ay * bx, ax * bx + ay * by)) * 180) / Math.PI;
}

/** Return the length of the torso around each frame in pixels: its upper quartile over 4 s; NaN if it was never seen. */
function torsoLengths({ times, points }) {
  const lengths = points.map((frame) => {
    const [x, y] = [X, Y].map((axis) => middle(frame, SHOULDERS, axis) - middle(frame, HIPS, axis));
    return Math.hypot(x, y);
  });
  const known = [...lengths.keys()].filter((at) => isKnown(lengths[at]));
  if (!known.length) return lengths;
  const filled = interpolate(times, known.map((at) => times[at]), known.map((at) => lengths[at]));
  const [start, spanS] = [times[0], times.at(-1) - times[0]];
  const count = 2 + Math.floor((8 * spanS) / SCALE_WINDOW_S);
  const places = Array.from({ length: count }, (_, i) => (i === count - 1 ? times.at(-1) : start + (i * spanS) / (count - 1)));
  const quartiles = places.map((place) => {
    const near = filled.filter((_, at) => times[at] >= place - SCALE_WINDOW_S / 2 && times[at] <= place + SCALE_WINDOW_S / 2);
    return percentile(near, 0.75);
  });
  return interpolate(times, places, quartiles);
}

/** Return the mean of two keypoints along an axis, or the one that is known. */
function middle(points, pair, axis) {
  return meanOfKnown(pair.map((k) => points[k][axis]));
}

function distance([x, y], [otherX, otherY]) {
  return Math.hypot(x - otherX, y - otherY);
}

function sides(measure) {
  return [measure(0), measure(1)];
}

function both(value) {
  return [value, value];
}
