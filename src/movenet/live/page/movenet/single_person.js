/**
 * Tracks one person: the pose in the last frame gives the crop in this one; the whole frame is searched as soon as the
 * person is lost, and regularly while they are tracked. The rules are those of `movenet.video.single_person` in Python.
 *
 * The state of a stream is one value, replaced at each frame: {timeS, size, pose, velocity, center, detectedS, smooth}.
 */

import { Detection } from "./detection.js";
import { centerOf, isSamePerson, translate, velocityBetween } from "./motion.js";
import { smooth } from "./one_euro.js";
import { withOwnBox } from "./pose.js";

export class SinglePersonTracker {
  /**
   * @param {import("./estimator.js").PictureEstimator} estimator of one person
   * @param {object} settings `movenet.video.FollowSettings` as JSON
   * @param {object | null} smoothing `movenet.smoothing.OneEuro` as JSON; null leaves the keypoints as estimated
   * @param {[number, number] | null} lock x, y of the person to track, as shares of the picture; null is the most
   *   prominent one
   */
  constructor(estimator, settings, smoothing, lock = null) {
    Object.assign(this, { estimator, settings, smoothing, lock });
  }

  /**
   * Process one frame.
   *
   * @param {object | null} state returned for the frame before; null for the first
   * @param {import("./picture.js").Picture} picture
   * @param {number} timeS time of the frame in seconds, later than the one before
   * @returns {Promise<[object, import("./pose.js").Pose[]]>} the next state, and the pose, if any
   */
  async step(state, picture, timeS) {
    const before = this.#validState(state, picture, timeS);
    const pose = await this.#track(before, picture, timeS);
    if (pose && timeS - before.detectedS < this.settings.detect_every_s) {
      return this.#nextState(before, pose, timeS, before.detectedS);
    }
    const detections = await this.estimator.detect(picture);
    if (!pose || !detections.some((detection) => isSamePerson(pose, detection.pose))) {
      const other = await this.#estimate(this.#choose(detections, before), picture);
      if (this.#takesOver(other, pose)) return this.#nextState(switchTo(other, before), other, timeS, timeS);
    }
    return this.#nextState(before, pose, timeS, timeS);
  }

  #validState(state, { width, height }, timeS) {
    const isSameSize = state !== null && state.size[0] === width && state.size[1] === height;
    if (!isSameSize) return emptyState(-Infinity, [width, height], null);
    return timeS - state.timeS > this.settings.reset_after_s ? emptyState(state.timeS, state.size, state.center) : state;
  }

  /** Whether the person detected, if any, replaces a tracked pose that the detector missed. */
  #takesOver(other, pose) {
    if (!pose || pose.score < this.settings.confident_score) return true;
    return other !== null && other.score > this.settings.takeover_ratio * pose.score;
  }

  async #track(state, picture, timeS) {
    if (!state.pose) return null;
    const predicted = translate(state.pose, state.velocity.map((speed) => speed * (timeS - state.timeS)));
    const detection = new Detection(predicted, centerOf(predicted));
    const { crop_factor: factor, guide_weight: weight, min_track_score: minScore } = this.settings;
    const [pose] = await this.estimator.estimateDetections(picture, [detection], factor, weight);
    return pose.score >= minScore ? pose : null;
  }

  async #estimate(detection, picture) {
    if (!detection) return null;
    const { crop_factor: factor, guide_weight: weight } = this.estimator.settings;
    const [pose] = await this.estimator.estimateDetections(picture, [detection], factor, weight);
    return Math.sqrt(detection.pose.score * pose.score) >= this.estimator.minScore ? pose : null;
  }

  /** Return the person to track from now on. */
  #choose(detections, { center, size }) {
    if (!this.lock) return best(detections, ({ prominence }) => prominence);
    const place = center ?? [this.lock[0] * size[0], this.lock[1] * size[1]];
    const here = detections.filter(({ bounds }) => contains(bounds, place));
    return best(here, (detection) => -Math.hypot(detection.center[0] - place[0], detection.center[1] - place[1]));
  }

  #nextState(state, pose, timeS, detectedS) {
    if (!pose) return [{ ...emptyState(timeS, state.size, state.center), detectedS }, []];
    const [smoothState, smoothed] = smoothPose(this.smoothing, state.smooth, pose, timeS);
    const next = { timeS, size: state.size, pose, velocity: velocityOf(state, pose, timeS), center: centerOf(pose), detectedS, smooth: smoothState };
    return [next, [smoothed]];
  }
}

/** Return the next filter state of a person, and their smoothed pose; without settings the pose as it is. */
export function smoothPose(settings, state, pose, timeS) {
  if (!settings) return [null, pose];
  const [after, keypoints] = smooth(settings, state, timeS, pose.keypoints);
  return [after, withOwnBox({ ...pose, keypoints })];
}

function emptyState(timeS, size, center) {
  return { timeS, size, pose: null, velocity: [0, 0], center, detectedS: -Infinity, smooth: null };
}

/** Return what of the state is valid for a person just detected: all, if they are the person who was tracked. */
function switchTo(other, state) {
  if (state.pose && other && isSamePerson(state.pose, other)) return state;
  return { ...state, pose: null, smooth: null };
}

function velocityOf(state, pose, timeS) {
  if (!state.pose) return [0, 0];
  const step = velocityBetween(state.pose, pose, timeS - state.timeS);
  return step ? step.map((speed, axis) => (state.velocity[axis] + speed) / 2) : state.velocity;
}

function contains([x, y, width, height], [pointX, pointY]) {
  return x <= pointX && pointX <= x + width && y <= pointY && pointY <= y + height;
}

/** Return the first item of the highest value, or null. */
function best(items, valueOf) {
  return items.reduce((one, other) => (one === null || valueOf(other) > valueOf(one) ? other : one), null);
}
