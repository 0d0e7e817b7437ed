/**
 * MoveNet in the browser: poses of pictures and videos, computed where the page is shown. Nothing is sent anywhere.
 *
 *     import { Estimator } from "./movenet.js";
 *
 *     const estimator = await Estimator.open({ model: "lightning" });
 *     const poses = await estimator.estimate(photo);       // any picture
 *     const next = estimator.stream();                     // follows people from frame to frame
 *     const posesNow = await next(video, video.currentTime);
 */

import { withProbabilities } from "./calibration.js";
import { RepetitionCounter } from "./counter.js";
import { LoadError, download } from "./download.js";
import { openEngine } from "./engine.js";
import { PictureEstimator } from "./estimator.js";
import { MultiPersonTracker } from "./multi_person.js";
import { pictureOf } from "./picture.js";
import { SinglePersonTracker } from "./single_person.js";

export { LoadError, RepetitionCounter };

/** Where `movenet export --format web` puts the list of models, relative to this file. */
export const MODELS = new URL("../../models/models.json", import.meta.url);

const engines = new Map();

/** Return the engine of a model file; each is loaded once for each backend. */
function engineOf(address, options) {
  const key = `${options.backend ?? "wasm"} ${address.href}`;
  if (!engines.has(key)) {
    const opening = openEngine(address, options);
    opening.catch(() => engines.delete(key)); // another attempt may succeed
    engines.set(key, opening);
  }
  return engines.get(key);
}

/**
 * Return the list of models, the default first, and of exercises.
 *
 * @param {string | URL} [address] of the list of models
 * @returns {Promise<{models: Array<{name: string}>, exercises: Array<{name: string}>, exercise: string | null,
 *   backends: string[]}>} `exercise` is the one that the list was written for, `backends` are those that the site has
 * @throws {LoadError} if the list is missing or damaged
 */
export async function readTables(address = MODELS) {
  const response = await download(address);
  try {
    return await response.json();
  } catch (error) {
    throw new LoadError(address, error.message);
  }
}

export class Estimator {
  #inner;
  #tables;
  #choice;

  /** Estimators are made by `Estimator.open`. */
  constructor(inner, tables, choice) {
    [this.#inner, this.#tables, this.#choice] = [inner, tables, choice];
  }

  /** Name of the model. */
  get name() {
    return this.#choice.name;
  }

  /** Names of the model's keypoints, in their order in poses. */
  get keypointNames() {
    return this.#choice.keypoint_names;
  }

  /**
   * Load the models.
   *
   * @param {object} [options]
   * @param {string} [options.model] name in the list of models; the first if not given
   * @param {string | URL} [options.models] address of the list of models
   * @param {"wasm" | "webgpu"} [options.backend] what computes: the processor (if not given) or the graphics card, for
   *   which the site needs `movenet export --webgpu`
   * @param {number} [options.threads] of the runtime; as many as the page may use if not given
   * @returns {Promise<Estimator>}
   * @throws {LoadError} if a file is missing or damaged, or there is no WebGPU
   */
  static async open({ model, models = MODELS, backend, threads } = {}) {
    const list = new URL(models, globalThis.location?.href);
    const tables = await readTables(list);
    const name = model ?? tables.models[0].name;
    const choice = tables.models.find((one) => one.name === name);
    if (!choice) throw new LoadError(list, `expected a model out of ${tables.models.map((one) => one.name).join(", ")}, got ${name}`);
    const [engine, detector] = await Promise.all([choice.file, tables.detector].map((file) => engineOf(new URL(file, list), { backend, threads })));
    return new Estimator(new PictureEstimator({ engine, side: choice.side }, detector, choice), tables, choice);
  }

  /**
   * Return the poses in a picture, highest score first; an empty list if there is nobody.
   *
   * @param {Parameters<typeof pictureOf>[0]} picture
   * @returns {Promise<import("./pose.js").Pose[]>}
   */
  estimate(picture) {
    return this.#inner.estimate(pictureOf(picture));
  }

  /**
   * Start a stream: a function that takes the next frame and its time in seconds, and returns the poses in it.
   *
   * Call it again only after its promise is settled: frames that come meanwhile are better dropped than queued.
   *
   * @param {object} [options]
   * @param {boolean} [options.smoothing] whether keypoints are smoothed
   * @param {[number, number] | null} [options.lock] the person to follow: x, y as shares of the picture
   * @returns {(picture: Parameters<typeof pictureOf>[0], timeS: number) => Promise<import("./pose.js").Pose[]>}
   * @throws {RangeError} by the function, if the time is not later than that of the frame before
   */
  stream({ smoothing = true, lock = null } = {}) {
    const filter = smoothing ? this.#tables.smoothing : null;
    const tracker = this.#inner.people === "many"
      ? new MultiPersonTracker(this.#inner, this.#tables.follow, this.#tables.tracks, filter)
      : new SinglePersonTracker(this.#inner, this.#tables.follow, filter, lock);
    let state = null;
    return async (picture, timeS) => {
      if (!(timeS > (state?.timeS ?? -Infinity)) || timeS === Infinity) {
        throw new RangeError(`expected a frame later than the last one at ${state?.timeS} s, got ${timeS} s`);
      }
      const [after, poses] = await tracker.step(state, pictureOf(picture), timeS);
      state = after;
      return poses;
    };
  }

  /**
   * Return the pose with the probability that each keypoint is right in place of its score.
   *
   * @param {import("./pose.js").Pose} pose
   * @returns {import("./pose.js").Pose}
   * @throws {RangeError} if the model's calibration is unknown
   */
  withProbabilities(pose) {
    const { calibration } = this.#choice;
    if (!calibration) throw new RangeError(`${this.name} has no probabilities: expected a model made from an official one`);
    return withProbabilities(pose, calibration);
  }

  /**
   * Return a counter of the repetitions of an exercise: give it the poses of each frame.
   *
   * @param {string} exercise a name in the list of models
   * @returns {RepetitionCounter}
   * @throws {RangeError} if the exercise or the model's calibration is unknown
   */
  counter(exercise) {
    const { exercises, joints } = this.#tables;
    const { calibration, keypoint_names: names } = this.#choice;
    const found = exercises.find(({ name }) => name === exercise);
    if (!found) throw new RangeError(`expected an exercise out of ${exercises.map(({ name }) => name).join(", ")}, got ${exercise}`);
    if (!calibration) throw new RangeError(`${this.name} cannot count: expected a model made from an official one`);
    return new RepetitionCounter(found, calibration, new Map(joints.map(([joint, ...points]) => [joint, points.map((point) => names.indexOf(point))])));
  }
}
