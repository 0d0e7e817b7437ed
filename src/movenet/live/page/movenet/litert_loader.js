/**
 * Loads the WebAssembly of LiteRT. It stands in for the package @litertjs/wasm-utils, which adds a script to the document and
 * so does not work in workers that are modules.
 */

import { LoadError, downloadCompressed } from "./download.js";

const factories = new Map();

/**
 * Return a new library.
 *
 * @param {new (module: object) => object} Library
 * @param {string} script address of the build's script; the WebAssembly stands beside it, compressed
 * @throws {LoadError} if a file is missing or damaged
 */
export async function createWasmLib(Library, script) {
  const wasmBinary = await downloadCompressed(script.replace(/\.js$/, ".wasm.gz"));
  const createModule = await factoryOf(script);
  try {
    return new Library(await createModule({ wasmBinary, mainScriptUrlOrBlob: script, printErr }));
  } catch (error) {
    throw new LoadError(script, error.message);
  }
}

/** LiteRT writes every step to the console; let errors through. */
function printErr(text) {
  if (text.startsWith("ERROR")) console.error(text);
}

/** Import a script of Emscripten, which gives its factory to an AMD loader where there is one. */
async function factoryOf(script) {
  if (!factories.has(script)) {
    const { define: other } = globalThis;
    globalThis.define = Object.assign((_, factory) => factories.set(script, factory()), { amd: true });
    try {
      await import(script);
    } catch (error) {
      throw new LoadError(script, error.message);
    } finally {
      globalThis.define = other;
    }
  }
  return factories.get(script);
}
