/**
 * Runs one network: RGB squares in, raw heads out.
 *
 * On the processor the runtime is LiteRT (litert_engine.js) where the browser has relaxed SIMD, and else ONNX Runtime
 * (onnx_engine.js), which also runs on graphics cards ("webgpu"), if the site has that build. LiteRT is the faster one by
 * half, because relaxed SIMD multiplies and adds in one instruction. All read the same ONNX files.
 */

import { download, LoadError } from "./download.js";
import { UnsupportedModelError, readOnnx } from "./onnx_file.js";
import { LiteRtEngine, hasLiteRt } from "./litert_engine.js";
import { OnnxEngine } from "./onnx_engine.js";

const MAX_THREADS = 4;

/** Threads that the runtime can use here: shared memory needs a cross-origin isolated page. */
export function availableThreads() {
  return globalThis.crossOriginIsolated ? Math.max(1, Math.min(MAX_THREADS, navigator.hardwareConcurrency ?? 1)) : 1;
}

/**
 * @typedef {object} Engine
 * @property {(pixels: Uint8Array, size: [number, number, number]) => Promise<Object<string, {data: Float32Array, dims: number[]}>>} run
 *   Run the network on RGB pixels, row by row, of N pictures of the same size: N, height and width, the latter two
 *   multiples of 32. It answers head name → (N, channels, h, w).
 */

/**
 * Load a model.
 *
 * @param {string | URL | ArrayBuffer} model an ONNX file that movenet wrote, or its address
 * @param {object} [options]
 * @param {"wasm" | "webgpu"} [options.backend] what computes: the processor or the graphics card
 * @param {"litert" | "onnxruntime"} [options.runtime] of the processor; the faster one here if not given
 * @param {number} [options.threads] of the runtime; the first model loaded decides
 * @returns {Promise<Engine>}
 * @throws {LoadError} if a file is missing or damaged, or there is no WebGPU
 */
export async function openEngine(model, { backend = "wasm", runtime = hasLiteRt() ? "litert" : "onnxruntime", threads = availableThreads() } = {}) {
  const [file, bytes] = model instanceof ArrayBuffer ? ["the model", model] : [model, await (await download(model)).arrayBuffer()];
  try {
    if (backend === "wasm" && runtime === "litert") return await LiteRtEngine.open(readOnnx(new Uint8Array(bytes)), threads);
  } catch (error) {
    if (!(error instanceof UnsupportedModelError)) throw error;
  }
  return OnnxEngine.open(file, bytes, backend, threads);
}
