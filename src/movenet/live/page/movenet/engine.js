/**
 * Runs one network: RGB squares in, raw heads out.
 *
 * The runtime is ONNX Runtime for the web (folder `ort`): "wasm" runs on the processor, with SIMD, and with threads where the
 * page is cross-origin isolated; "webgpu" on the graphics card, if the site has that build. Each is loaded once, whatever
 * the number of models.
 */

const FOLDER = new URL("./ort/", import.meta.url);
const BUILDS = {
  wasm: { library: "ort.wasm.min.mjs", module: "ort-wasm-simd-threaded" },
  webgpu: { library: "ort.webgpu.min.mjs", module: "ort-wasm-simd-threaded.asyncify" },
};
const MAX_THREADS = 4;

const runtimes = new Map();
let lastCreated = Promise.resolve();

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
  const { body } = await download(new URL(`${module}.wasm.gz`, FOLDER));
  const ort = await import(new URL(library, FOLDER));
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: new URL(`${module}.mjs`, FOLDER).href };
  ort.env.wasm.wasmBinary = await new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  return ort;
}

/** Threads that the runtime can use here: shared memory needs a cross-origin isolated page. */
export function availableThreads() {
  return globalThis.crossOriginIsolated ? Math.max(1, Math.min(MAX_THREADS, navigator.hardwareConcurrency ?? 1)) : 1;
}

export class Engine {
  #ort;
  #session;

  constructor(ort, session) {
    [this.#ort, this.#session] = [ort, session];
  }

  /**
   * Load a model.
   *
   * @param {string | URL | ArrayBuffer} model an ONNX file that movenet wrote, or its address
   * @param {object} [options]
   * @param {"wasm" | "webgpu"} [options.backend] what computes: the processor or the graphics card
   * @param {number} [options.threads] of the runtime; the first model loaded decides
   * @returns {Promise<Engine>}
   * @throws {LoadError} if a file is missing or damaged, or there is no WebGPU
   */
  static async open(model, { backend = "wasm", threads = availableThreads() } = {}) {
    const file = model instanceof ArrayBuffer ? model : download(model).then((response) => response.arrayBuffer());
    const [bytes, ort] = await Promise.all([file, runtimeOf(backend, threads)]);
    // WebGPU sessions cannot be created at the same time.
    const creating = lastCreated.then(() => ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: [backend] }));
    lastCreated = creating.catch(() => {});
    try {
      return new Engine(ort, await creating);
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
    return this.#session.run({ images: new this.#ort.Tensor("uint8", pixels, [count, height, width, 3]) });
  }
}
