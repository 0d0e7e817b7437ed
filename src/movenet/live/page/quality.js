/**
 * How large and how fine pictures are sent, so that the link never builds a queue.
 *
 * What a picture takes beyond the quickest of late is the queue it stood in: shrinking pictures shortens that, but not
 * the way itself. So steps go by that excess: down at once when it is long, up when it has been short for a while; a
 * step up that had to be taken back makes the next attempt wait twice as long.
 */

/** From the best to the smallest: longer side in pixels, JPEG quality 0…1. */
export const STEPS = Object.freeze([
  [640, 0.8], [640, 0.65], [512, 0.6], [400, 0.55], [320, 0.5], [256, 0.4], [192, 0.35],
]);

const [TOO_LONG_MS, SHORT_MS] = [80, 25];
const [SETTLE_MS, FIRST_PATIENCE_MS, LONGEST_PATIENCE_MS] = [700, 4000, 60000];
const FORGET = 1.01;

export class Quality {
  #at = 1;
  #quickest = Infinity;
  #excess = 0;
  #changed = 0;
  #calmSince = null;
  #patience = FIRST_PATIENCE_MS;
  #lastWasUp = false;

  /** [longer side in pixels, JPEG quality]. */
  get step() {
    return STEPS[this.#at];
  }

  /** How long pictures stand in a queue of late, in ms. */
  get excess() {
    return this.#excess;
  }

  /** Take in how long a picture and its answer were on the way, without the server's own time, and when that was; ms. */
  observe(wayMs, nowMs) {
    // The quickest is slowly forgotten: ways change.
    this.#quickest = Math.min(this.#quickest * FORGET + 0.01, wayMs);
    this.#excess += 0.3 * (wayMs - this.#quickest - this.#excess);
    if (nowMs - this.#changed < SETTLE_MS) return;
    if (this.#excess > TOO_LONG_MS) this.#move(1, nowMs);
    else if (this.#excess > SHORT_MS) this.#calmSince = null;
    else if (nowMs - (this.#calmSince ??= nowMs) > this.#patience) this.#move(-1, nowMs);
  }

  #move(by, nowMs) {
    const at = Math.max(0, Math.min(STEPS.length - 1, this.#at + by));
    if (by > 0 && this.#lastWasUp) this.#patience = Math.min(2 * this.#patience, LONGEST_PATIENCE_MS);
    [this.#lastWasUp, this.#at, this.#changed, this.#calmSince] = [by < 0, at, nowMs, null];
  }
}
