/**
 * Size and JPEG quality of sent pictures, adapted so that no queue builds up in the network.
 *
 * The queuing delay of a picture is its round trip minus the shortest recent one; smaller pictures shorten the delay, but
 * not the round trip itself. A long delay lowers the quality at once, a short one raises it after a while. If a raise has
 * to be undone, the next one waits twice as long.
 */

const scaled = new OffscreenCanvas(640, 480);
const scaledContext = scaled.getContext("2d", { alpha: false, willReadFrequently: true });

/** Steps from the best to the lowest quality: longer side in pixels, JPEG quality 0…1. */
export const STEPS = Object.freeze([
  [640, 0.8], [640, 0.65], [512, 0.6], [400, 0.55], [320, 0.5], [256, 0.4], [192, 0.35],
]);

const DELAYS_MS = { long: 80, short: 25 };
const [HOLD_MS, FIRST_RAISE_MS, LONGEST_RAISE_MS] = [700, 4000, 60000];
const FORGETTING = 1.01;

export class Quality {
  #delays;
  #at = 1;
  #shortestMs = Infinity;
  #delayMs = 0;
  #changed = 0;
  #shortSince = null;
  #raiseAfterMs = FIRST_RAISE_MS;
  #lastWasRaise = false;

  /** @param {{long: number, short: number}} delays a long delay lowers the quality, a short one raises it; in ms */
  constructor(delays = DELAYS_MS) {
    this.#delays = delays;
  }

  /** [longer side in pixels, JPEG quality]. */
  get step() {
    return STEPS[this.#at];
  }

  /** Smoothed queuing delay in ms. */
  get delayMs() {
    return this.#delayMs;
  }

  /** Record the round trip of a picture without the server's time, and the current time, both in ms. */
  observe(roundTripMs, nowMs) {
    // The minimum is slowly forgotten, because networks change.
    this.#shortestMs = Math.min(this.#shortestMs * FORGETTING + 0.01, roundTripMs);
    this.#delayMs += 0.3 * (roundTripMs - this.#shortestMs - this.#delayMs);
    if (nowMs - this.#changed < HOLD_MS) return;
    if (this.#delayMs > this.#delays.long) this.#move(1, nowMs);
    else if (this.#delayMs > this.#delays.short) this.#shortSince = null;
    else if (nowMs - (this.#shortSince ??= nowMs) > this.#raiseAfterMs) this.#move(-1, nowMs);
  }

  /** Return a picture of a canvas or bitmap as it is sent: {data, a JPEG file, width, height, kilobytes, jpegQuality}. */
  async encode(picture) {
    const [side, jpegQuality] = this.step;
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const [width, height] = [picture.width, picture.height].map((length) => Math.max(1, Math.round(length * scale)));
    [scaled.width, scaled.height] = [width, height];
    scaledContext.drawImage(picture, 0, 0, width, height);
    const file = await scaled.convertToBlob({ type: "image/jpeg", quality: jpegQuality });
    const data = await file.arrayBuffer();
    return { data, width, height, kilobytes: data.byteLength / 1024, jpegQuality };
  }

  #move(by, nowMs) {
    const at = Math.max(0, Math.min(STEPS.length - 1, this.#at + by));
    if (by > 0 && this.#lastWasRaise) this.#raiseAfterMs = Math.min(2 * this.#raiseAfterMs, LONGEST_RAISE_MS);
    [this.#lastWasRaise, this.#at, this.#changed, this.#shortSince] = [by < 0, at, nowMs, null];
  }
}
