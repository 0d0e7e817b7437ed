/**
 * Counting while frames come in: the newest seconds are counted as a recording is, a few times per second; as
 * `movenet.analysis.counter` in Python.
 */

import { tracksOf } from "./people.js";
import { countRepetitions } from "./repetitions.js";
import { Signals } from "./signals.js";

const WINDOW_S = 20;
const EVERY_S = 0.25;
const MAX_AGE_S = 2;

export class RepetitionCounter {
  #exercise;
  #calibration;
  #joints;
  #frames = [];
  #evaluatedS = -Infinity;
  /** The repetitions so far by the id of the person; null is the person of a stream without ids. */
  repetitions = new Map();

  /**
   * @param {object} exercise `movenet.analysis.Exercise` as JSON
   * @param {{slope: number, intercept: number}} calibration of the model's scores
   * @param {Map<string, number[]>} joints the keypoints of each angle
   */
  constructor(exercise, calibration, joints) {
    [this.#exercise, this.#calibration, this.#joints] = [exercise, calibration, joints];
  }

  /**
   * Take the poses of the next frame.
   *
   * @param {number} timeS time of the frame in seconds, later than the one before
   * @param {import("./pose.js").Pose[]} poses the people in it
   * @returns {Array<{id: number | null, count: number}>} the number of repetitions of each person so far
   * @throws {RangeError} if the time is not later than that of the frame before
   */
  step(timeS, poses) {
    const before = this.#frames.at(-1)?.timeS ?? -Infinity;
    if (!(timeS > before)) throw new RangeError(`expected a frame later than the last one at ${before} s, got ${timeS} s`);
    this.#frames.push({ timeS, poses });
    while (this.#frames[0].timeS < timeS - WINDOW_S) this.#frames.shift();
    if (timeS - this.#evaluatedS >= EVERY_S) {
      this.#evaluatedS = timeS;
      for (const track of tracksOf(this.#frames, this.#calibration)) this.#addNew(track, timeS);
    }
    return [...this.repetitions].map(([id, found]) => ({ id, count: found.length }));
  }

  #addNew(track, nowS) {
    const counted = this.repetitions.get(track.id) ?? [];
    this.repetitions.set(track.id, counted);
    for (const one of countRepetitions(new Signals(track, this.#joints), this.#exercise)) {
      const isNew = !counted.length || one.peakS > counted.at(-1).endS;
      if (isNew && one.endS >= nowS - MAX_AGE_S) counted.push(one);
    }
  }
}
