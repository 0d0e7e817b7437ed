/** A function with one instruction of relaxed SIMD, as WebAssembly. */
const SAMPLE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11);

/** Whether WebAssembly may multiply and add in one instruction here. */
export function hasRelaxedSimd() {
  return WebAssembly.validate(SAMPLE);
}
