/**
 * Pictures of any kind, read by region: pixels are copied only where a crop needs them.
 *
 * @typedef {object} Picture
 * @property {number} width in pixels
 * @property {number} height in pixels
 * @property {(left: number, top: number, width: number, height: number) => Uint8ClampedArray} read a region inside the
 *   picture as RGBA, row by row
 */

let canvas = null;

/**
 * Return a picture of what a canvas can draw, or of pixels.
 *
 * @param {ImageBitmap | HTMLVideoElement | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | VideoFrame |
 *   ImageData | {data: Uint8ClampedArray, width: number, height: number}} source pixels are RGBA. What is drawn is
 *   valid until the next call.
 * @returns {Picture}
 * @throws {TypeError} if it has no pixels
 */
export function pictureOf(source) {
  const [width, height] = sizeOf(source);
  if (!(width >= 1 && height >= 1)) throw new TypeError(`expected a picture of at least 1 × 1 px, got ${width} × ${height}`);
  if (source.data) return pixelPicture(source.data, width, height);
  return drawnPicture(source, width, height);
}

/** Width and height of a source in pixels. */
export function sizeOf(source) {
  const width = source?.videoWidth ?? source?.naturalWidth ?? source?.displayWidth ?? source?.width;
  const height = source?.videoHeight ?? source?.naturalHeight ?? source?.displayHeight ?? source?.height;
  return [width, height];
}

function pixelPicture(data, width, height) {
  if (data.length !== 4 * width * height) throw new TypeError(`expected ${4 * width * height} bytes of RGBA, got ${data.length}`);
  const read = (left, top, regionWidth, regionHeight) => {
    const part = new Uint8ClampedArray(4 * regionWidth * regionHeight);
    for (let row = 0; row < regionHeight; row++) {
      const start = 4 * ((top + row) * width + left);
      part.set(data.subarray(start, start + 4 * regionWidth), 4 * row * regionWidth);
    }
    return part;
  };
  return { width, height, read };
}

function drawnPicture(source, width, height) {
  canvas ??= new OffscreenCanvas(1, 1);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  return { width, height, read: (...region) => context.getImageData(...region).data };
}
