/**
 * LiteRT for the web (folder `litert`), on the processor: with relaxed SIMD, and with threads where the page is cross-origin
 * isolated. A model is compiled for each size of pictures that it gets.
 */

import { hasRelaxedSimd } from "./relaxed_simd.js";
import { toTfliteGraph } from "./tflite_graph.js";
import { writeTflite } from "./tflite_file.js";

const FOLDER = new URL("./litert/", import.meta.url);
/** Sizes of pictures for which a model stays compiled. */
const MAX_SIZES = 4;

let loading = null;

/** Whether LiteRT runs here, with relaxed SIMD: without it ONNX Runtime is as fast, and has threads. */
export function hasLiteRt() {
  const isBrowser = "document" in globalThis || "WorkerGlobalScope" in globalThis;
  return isBrowser && hasRelaxedSimd();
}

/** Load the library, once, whatever the number of models; the first call decides whether it has threads. */
function load(threads) {
  if (!loading) {
    loading = loadLibrary(threads);
    loading.catch(() => (loading = null)); // another attempt may succeed
  }
  return loading;
}

async function loadLibrary(threads) {
  const library = await import(new URL("index.js", FOLDER));
  await library.loadLiteRt(FOLDER.href, { threads: threads > 1 });
  return library;
}

/** An `Engine` of engine.js. */
export class LiteRtEngine {
  #library;
  #graph;
  #threads;
  /** Size as text → promise of the compiled model; the last used is the last. */
  #compiled = new Map();
  #last = Promise.resolve();

  constructor(library, graph, threads) {
    [this.#library, this.#graph, this.#threads] = [library, graph, threads];
  }

  /**
   * Load the runtime for a model.
   *
   * @param {import("./onnx_file.js").Graph} graph
   * @param {number} threads
   * @throws {LoadError} if a file of the runtime is missing or damaged
   * @throws {UnsupportedModelError} if LiteRT cannot run the model
   */
  static async open(graph, threads) {
    toTfliteGraph(graph, [1, 32, 32]);
    return new LiteRtEngine(await load(threads), graph, threads);
  }

  run(pixels, size) {
    // One at a time: a model that is forgotten must not be at work.
    const running = this.#last.then(() => this.#run(pixels, size));
    this.#last = running.catch(() => {});
    return running;
  }

  async #run(pixels, size) {
    const model = await this.#compile(size);
    const input = new this.#library.Tensor(pixels, [...size, 3]);
    try {
      const outputs = await model.run([input]);
      return Object.fromEntries(outputs.map((output, i) => [this.#graph.outputs[i], take(output)]));
    } finally {
      input.delete();
    }
  }

  #compile(size) {
    const key = `${size}`;
    const compiling = this.#compiled.get(key) ?? this.#compileFor(size);
    this.#compiled.delete(key);
    this.#compiled.set(key, compiling);
    if (this.#compiled.size > MAX_SIZES) this.#forgetOldest();
    return compiling;
  }

  #compileFor(size) {
    const options = { accelerator: "wasm", cpuOptions: { numThreads: this.#threads } };
    return this.#library.loadAndCompile(writeTflite(toTfliteGraph(this.#graph, size)), options);
  }

  #forgetOldest() {
    const [[key, compiled]] = this.#compiled;
    this.#compiled.delete(key);
    compiled.then((model) => model.delete(), () => {});
  }
}

/** Return the values and the shape of a tensor, and free it. */
function take(tensor) {
  const result = { data: tensor.toTypedArray(), dims: [...tensor.type.layout.dimensions] };
  tensor.delete();
  return result;
}
