/**
 * Runs one network: RGB squares in, raw heads out.
 *
 * The runtime is ONNX Runtime for WebAssembly (folder `ort`), with SIMD; with threads where the page is cross-origin
 * isolated. It is loaded once, whatever the number of models.
 */

import * as ort from "./ort/ort.wasm.min.mjs";

const FOLDER = new URL("./ort/", import.meta.url);
const MODULE = "ort-wasm-simd-threaded";
const MAX_THREADS = 4;

let loading = null;

/** A model or the runtime cannot be loaded; `file` is its address. */
export class LoadError extends Error {
  constructor(file, reason) {
    super(`cannot load ${file}: ${reason}`);
    this.file = `${file}`;
  }
}

/** Fetch a file. */
export async function download(address) {
  let response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw new LoadError(address, error.message);
  }
  if (!response.ok) throw new LoadError(address, `status ${response.status}`);
  return response;
}

async function loadRuntime(threads) {
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: new URL(`${MODULE}.mjs`, FOLDER).href };
  const { body } = await download(new URL(`${MODULE}.wasm.gz`, FOLDER));
  ort.env.wasm.wasmBinary = await new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Threads that the runtime can use here: shared memory needs a cross-origin isolated page. */
export function availableThreads() {
  return globalThis.crossOriginIsolated ? Math.max(1, Math.min(MAX_THREADS, navigator.hardwareConcurrency ?? 1)) : 1;
}

export class Engine {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /**
   * Load a model.
   *
   * @param {string | URL | ArrayBuffer} model an ONNX file that movenet wrote, or its address
   * @param {number} [threads] of the runtime; the first model loaded decides
   * @returns {Promise<Engine>}
   */
  static async open(model, threads = availableThreads()) {
    loading ??= loadRuntime(threads);
    const file = model instanceof ArrayBuffer ? model : (await download(model)).arrayBuffer();
    const [bytes] = await Promise.all([file, loading]);
    try {
      return new Engine(await ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ["wasm"] }));
    } catch (error) {
      throw new LoadError(model instanceof ArrayBuffer ? "the model" : model, error.message);
    }
  }

  /**
   * Run the network.
   *
   * @param {Uint8Array} pixels RGB of N pictures of the same size, row by row
   * @param {[number, number, number]} size N, height and width; height and width are multiples of 32
   * @returns {Promise<Object<string, {data: Float32Array, dims: number[]}>>} head name → (N, channels, h, w)
   */
  async run(pixels, [count, height, width]) {
    return this.#session.run({ images: new ort.Tensor("uint8", pixels, [count, height, width, 3]) });
  }
}
