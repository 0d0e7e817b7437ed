/**
 * ONNX Runtime for the web (folder `ort`): "wasm" runs on the processor, with SIMD, and with threads where the page is
 * cross-origin isolated; "webgpu" on the graphics card. Each is loaded once, whatever the number of models.
 */

import { LoadError, downloadCompressed } from "./download.js";

const FOLDER = new URL("./ort/", import.meta.url);
const BUILDS = {
  wasm: { library: "ort.wasm.min.mjs", module: "ort-wasm-simd-threaded" },
  webgpu: { library: "ort.webgpu.min.mjs", module: "ort-wasm-simd-threaded.asyncify" },
};

const runtimes = new Map();
let lastCreated = Promise.resolve();

/** Return the library of a backend, ready to open models. */
function runtimeOf(backend, threads) {
  if (!runtimes.has(backend)) {
    const loading = loadRuntime(backend, threads);
    loading.catch(() => runtimes.delete(backend)); // another attempt may succeed
    runtimes.set(backend, loading);
  }
  return runtimes.get(backend);
}

async function loadRuntime(backend, threads) {
  if (!(backend in BUILDS)) throw new RangeError(`expected the backend wasm or webgpu, got ${backend}`);
  if (backend === "webgpu" && !(await navigator.gpu?.requestAdapter())) {
    throw new LoadError("the runtime for WebGPU", "this browser offers no graphics card; choose the processor");
  }
  const { library, module } = BUILDS[backend];
  const wasmBinary = await downloadCompressed(new URL(`${module}.wasm.gz`, FOLDER));
  const ort = await import(new URL(library, FOLDER));
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: new URL(`${module}.mjs`, FOLDER).href };
  ort.env.wasm.wasmBinary = wasmBinary;
  return ort;
}

/** An `Engine` of engine.js. */
export class OnnxEngine {
  #ort;
  #session;

  constructor(ort, session) {
    [this.#ort, this.#session] = [ort, session];
  }

  /** Load the model in `bytes`, an ArrayBuffer; `file` is its name in errors. */
  static async open(file, bytes, backend, threads) {
    const ort = await runtimeOf(backend, threads);
    // WebGPU sessions cannot be created at the same time.
    const creating = lastCreated.then(() => ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: [backend] }));
    lastCreated = creating.catch(() => {});
    try {
      return new OnnxEngine(ort, await creating);
    } catch (error) {
      throw new LoadError(file, error.message);
    }
  }

  async run(pixels, [count, height, width]) {
    return this.#session.run({ images: new this.#ort.Tensor("uint8", pixels, [count, height, width, 3]) });
  }
}
