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

import { Engine, LoadError, download } from "./engine.js";
import { PictureEstimator } from "./estimator.js";
import { MultiPersonTracker } from "./multi_person.js";
import { pictureOf } from "./picture.js";
import { SinglePersonTracker } from "./single_person.js";

export { LoadError };

/** Where `movenet export --format web` puts the list of models, relative to this file. */
export const MODELS = new URL("../../models/models.json", import.meta.url);

const engines = new Map();

/** Return the engine of a model file; each is loaded once. */
function engineOf(address, threads) {
  if (!engines.has(address.href)) {
    const opening = Engine.open(address, threads);
    opening.catch(() => engines.delete(address.href)); // another attempt may succeed
    engines.set(address.href, opening);
  }
  return engines.get(address.href);
}

/** Return the names of the models in a list, the default first. */
export async function listModels(models = MODELS) {
  const { models: choices } = await (await download(models)).json();
  return choices.map(({ name }) => name);
}

export class Estimator {
  #inner;
  #tables;

  constructor(inner, tables, name) {
    this.#inner = inner;
    this.#tables = tables;
    /** Name of the model. */
    this.name = name;
  }

  /**
   * Load the models.
   *
   * @param {object} [options]
   * @param {string} [options.model] name in the list of models; the first if not given
   * @param {string | URL} [options.models] address of the list of models
   * @param {number} [options.threads] of the runtime; as many as the page may use if not given
   * @returns {Promise<Estimator>}
   * @throws {LoadError} if a file is missing or damaged
   */
  static async open({ model, models = MODELS, threads } = {}) {
    const list = new URL(models, globalThis.location?.href);
    const tables = await (await download(list)).json();
    const name = model ?? tables.models[0].name;
    const choice = tables.models.find((one) => one.name === name);
    if (!choice) throw new LoadError(list, `expected a model out of ${tables.models.map((one) => one.name).join(", ")}, got ${name}`);
    const [engine, detector] = await Promise.all([choice.file, tables.detector].map((file) => engineOf(new URL(file, list), threads)));
    return new Estimator(new PictureEstimator({ engine, side: choice.side }, detector, choice), tables, name);
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
}
