/**
 * Tracks one person: the pose in the last frame gives the crop in this one; the whole frame is searched as soon as the
 * person is lost, and regularly while they are tracked. The rules are those of `movenet.video.single_person` in Python.
 *
 * The state of a stream is one value, replaced at each frame: {timeS, size, pose, velocity, person, nextId, detectedS, smooth}.
 * An observation is {pose, appearance}.
 */

import { measureAppearance } from "./appearance.js";
import { Detection } from "./detection.js";
import { findPerson, isIn, isOther, startPerson, updatePerson } from "./followed_person.js";
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
    const tracked = await this.#track(before, picture, timeS);
    if (tracked && timeS - before.detectedS < this.settings.detect_every_s) {
      return this.#nextState(before, tracked, timeS, false);
    }
    const searched = { ...before, detectedS: timeS };
    const detections = await this.estimator.detect(picture);
    if (tracked && detections.some((detection) => isSamePerson(tracked.pose, detection.pose))) {
      return this.#nextState(searched, tracked, timeS, true);
    }
    const isGivenUp = this.#isGivenUp(searched, tracked, timeS);
    let [detection, person] = this.#choose(detections, searched, picture, isGivenUp);
    let other = await this.#estimate(detection, picture);
    if (other && person && !isIn(person, other)) [other, person] = [isGivenUp ? other : null, null];
    if (!this.#takesOver(other, tracked)) return this.#nextState(searched, tracked, timeS, false);
    return this.#nextState(switchTo(other, person, searched), other, timeS, other !== null);
  }

  #validState(state, { width, height }, timeS) {
    if (state === null) return emptyState(-Infinity, [width, height], null, 1);
    if (state.size[0] !== width || state.size[1] !== height) {
      return emptyState(-Infinity, [width, height], null, state.nextId);
    }
    const isLate = timeS - state.timeS > this.settings.reset_after_s;
    return isLate ? emptyState(state.timeS, state.size, state.person, state.nextId) : state;
  }

  /** Whether the person detected, if any, replaces a tracked pose that the detector missed. */
  #takesOver(other, tracked) {
    if (!tracked || tracked.pose.score < this.settings.confident_score) return true;
    return other !== null && other.pose.score > this.settings.takeover_ratio * tracked.pose.score;
  }

  /** Return the observation in the predicted crop; null if nobody was tracked or the person is lost. */
  async #track(state, picture, timeS) {
    if (!state.pose) return null;
    const predicted = translate(state.pose, state.velocity.map((speed) => speed * (timeS - state.timeS)));
    const detection = new Detection(predicted, centerOf(predicted));
    const { crop_factor: factor, guide_weight: weight, min_track_score: minScore } = this.settings;
    const [pose] = await this.estimator.estimateDetections(picture, [detection], factor, weight);
    if (pose.score < minScore) return null;
    const observation = observe(picture, pose);
    return state.person && isOther(state.person, observation, timeS) ? null : observation;
  }

  /** Return the observation in the crop of a detection, as in a photo; null if the score of both is too low. */
  async #estimate(detection, picture) {
    if (!detection) return null;
    const { crop_factor: factor, guide_weight: weight } = this.estimator.settings;
    const [pose] = await this.estimator.estimateDetections(picture, [detection], factor, weight);
    return Math.sqrt(detection.pose.score * pose.score) >= this.estimator.minScore ? observe(picture, pose) : null;
  }

  /** Whether another person may be followed from now on. */
  #isGivenUp({ person, timeS: lastS }, tracked, timeS) {
    if (!person || timeS - lastS > this.settings.reset_after_s) return true;
    if (tracked && tracked.pose.score >= this.settings.confident_score) return timeS - person.detectedS > this.settings.undetected_s;
    return timeS - person.seenS > Math.min(this.settings.wait_s, person.seenS - person.firstS);
  }

  /** Return the detection to track from now on, and the person whom it shows; null for a new person. */
  #choose(detections, { person, size }, picture, isGivenUp) {
    const lock = this.lock && [this.lock[0] * size[0], this.lock[1] * size[1]];
    const place = person?.center ?? lock;
    // A detection of a lower score is no person, whatever the score of the pose.
    const people = detections.filter((detection) => detection.pose.score >= this.estimator.minScore ** 2);
    const here = lock ? people.filter(({ bounds }) => contains(bounds, place)) : people;
    const distance = ({ center }) => Math.hypot(center[0] - lock[0], center[1] - lock[1]);
    const first = best(here, lock ? (detection) => -distance(detection) : ({ prominence }) => prominence);
    if (!person) return [first, null];
    if (person.score < this.settings.confirm_score) {
      return [first, first && findPerson(person, [first], picture) ? person : null];
    }
    const found = findPerson(person, here, picture);
    return found || !isGivenUp ? [found, person] : [first, null];
  }

  #nextState(state, observation, timeS, isDetected) {
    if (!observation) return [{ ...emptyState(timeS, state.size, state.person, state.nextId), detectedS: state.detectedS }, []];
    const { pose } = observation;
    const person = state.person
      ? updatePerson(state.person, observation, timeS, isDetected)
      : startPerson(state.nextId, observation, timeS);
    const [smoothState, smoothed] = smoothPose(this.smoothing, state.smooth, { ...pose, id: person.id }, timeS);
    const next = {
      ...state,
      timeS,
      pose,
      velocity: velocityOf(state, pose, timeS),
      person,
      nextId: Math.max(state.nextId, person.id + 1),
      smooth: smoothState,
    };
    return [next, [smoothed]];
  }
}

/** Return the next filter state of a person, and their smoothed pose; without settings the pose as it is. */
export function smoothPose(settings, state, pose, timeS) {
  if (!settings) return [null, pose];
  const [after, keypoints] = smooth(settings, state, timeS, pose.keypoints);
  return [after, withOwnBox({ ...pose, keypoints })];
}

function emptyState(timeS, size, person, nextId) {
  return { timeS, size, pose: null, velocity: [0, 0], person, nextId, detectedS: -Infinity, smooth: null };
}

function observe(picture, pose) {
  return { pose, appearance: measureAppearance(picture, pose) };
}

/** Return what of the state is valid for a person just detected: all, if they are where the person was tracked. */
function switchTo(other, person, state) {
  if (other && person && state.pose && isSamePerson(state.pose, other.pose)) return { ...state, person };
  return { ...state, person: other ? person : state.person, pose: null, smooth: null };
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
