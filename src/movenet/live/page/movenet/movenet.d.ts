/** Types of movenet.js. Points are x, y in pixels of the picture, origin at its top-left corner, y down. */

/** x, y and score, 0…1. */
export type Keypoint = [x: number, y: number, score: number];

/** One person in one picture. */
export interface Pose {
  /** Id of the person's track in a video; null without tracking of many people. */
  id: number | null;
  /** Score of the person, 0…1. */
  score: number;
  box: [x: number, y: number, width: number, height: number] | null;
  /** In the order of `Estimator.keypointNames`. */
  keypoints: Keypoint[];
}

/** What a canvas can draw, or pixels as RGBA, row by row. */
export type PictureSource =
  | ImageBitmap | HTMLVideoElement | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | VideoFrame | ImageData
  | { data: Uint8ClampedArray; width: number; height: number };

/** The list of models that `movenet export --format web` writes. */
export interface Tables {
  version: string;
  models: Array<{ name: string; people: "one" | "many"; file: string; side: number; keypoint_names: string[] }>;
  exercises: Array<{ name: string }>;
  /** The exercise that the list was written for. */
  exercise: string | null;
  /** The backends that the site has. */
  backends: Array<"wasm" | "webgpu">;
}

/** A model or the runtime cannot be loaded. */
export class LoadError extends Error {
  /** Address of the file. */
  file: string;
}

/** Address of the list of models, relative to movenet.js. */
export const MODELS: URL;

/** Return the list of models and exercises, the default first. Throws LoadError. */
export function readTables(address?: string | URL): Promise<Tables>;

export interface OpenOptions {
  /** Name in the list of models; the first if not given. */
  model?: string;
  /** Address of the list of models. */
  models?: string | URL;
  /** What computes: the processor (if not given) or the graphics card. */
  backend?: "wasm" | "webgpu";
  /** Threads of the runtime; as many as the page may use if not given. */
  threads?: number;
}

export interface StreamOptions {
  /** Whether keypoints are smoothed; true if not given. */
  smoothing?: boolean;
  /** The person to follow: x, y as shares of the picture. */
  lock?: [x: number, y: number] | null;
}

/** Takes the next frame and its time in seconds, later than the one before; call it again once its promise is settled. */
export type Stream = (picture: PictureSource, timeS: number) => Promise<Pose[]>;

export class Estimator {
  private constructor();
  /** Load the models. Throws LoadError if a file is missing or damaged, or there is no WebGPU. */
  static open(options?: OpenOptions): Promise<Estimator>;
  readonly name: string;
  readonly keypointNames: string[];
  /** Return the poses in a picture, highest score first; an empty list if there is nobody. */
  estimate(picture: PictureSource): Promise<Pose[]>;
  /** Start a stream, which follows people from frame to frame. */
  stream(options?: StreamOptions): Stream;
  /** Return the pose with the probability that each keypoint is right in place of its score. Throws RangeError if unknown. */
  withProbabilities(pose: Pose): Pose;
  /** Return a counter of an exercise. Throws RangeError if it is unknown. */
  counter(exercise: string): RepetitionCounter;
}

/** Times are seconds of the stream. */
export interface Repetition {
  startS: number;
  peakS: number;
  endS: number;
  side: "both" | "left" | "right";
}

/** Made by `Estimator.counter`. */
export class RepetitionCounter {
  private constructor();
  /** Repetitions so far by the id of the person. */
  readonly repetitions: ReadonlyMap<number | null, Repetition[]>;
  /** Take the poses of the next frame; return the number of repetitions of each person so far. */
  step(timeS: number, poses: Pose[]): Array<{ id: number | null; count: number }>;
}
