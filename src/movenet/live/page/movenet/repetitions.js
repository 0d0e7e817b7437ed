/**
 * Repetitions of an exercise: hysteresis in fractions of the person's own range of the signal, as
 * `movenet.analysis.repetitions` in Python.
 *
 * The depth of a frame is 0 at rest and 1 at the peak. A repetition begins when the depth leaves the rest, and is done
 * once it has passed `ENTER` and fallen below `LEAVE` again. An exercise is `movenet.analysis.Exercise` as JSON.
 *
 * @typedef {object} Repetition times are seconds of the stream
 * @property {number} startS
 * @property {number} peakS
 * @property {number} endS
 * @property {"both" | "left" | "right"} side
 */

import { isKnown, meanOfKnown } from "./series.js";
import { completeSides } from "./signals.js";

const ENTER = 0.5;
const LEAVE = 0.35;
const REST = 0.1;
const LEAST_RANGE = 0.75;
const MIN_SEEN = 0.5;
const MAX_UNKNOWN_S = 1;
const MIN_MEASURED = 0.6;

/**
 * Return the repetitions of one person that are complete, in the order of time.
 *
 * @param {import("./signals.js").Signals} signals of the person
 * @param {object} exercise
 * @returns {Repetition[]}
 */
export function countRepetitions(signals, exercise) {
  if (signals.track.times.length < 3) return [];
  const found = exerciseSignals(signals, exercise).flatMap(([side, values]) => count(signals, exercise, side, values));
  return mergeSides(found.sort((one, other) => one.startS - other.startS));
}

/** Return the signal of the exercise by side: "both", or "left" and "right". */
function exerciseSignals(signals, { signal, sides, peak }) {
  if (sides === "each") return Object.entries(signals.of(signal));
  const { left, right } = signals.condition(completeSides(signals.raw(signal)));
  const ofPair = sides === "mean" ? meanOfKnown : (pair) => leastMoved(pair.filter(isKnown), peak);
  return [["both", left.map((value, at) => ofPair([value, right[at]]))]];
}

function leastMoved(known, peak) {
  if (!known.length) return Number.NaN;
  return peak === "low" ? Math.max(...known) : Math.min(...known);
}

function count(signals, exercise, side, values) {
  const { times } = signals.track;
  const known = values.filter(isKnown);
  const [lowest, highest] = [Math.min(...known), Math.max(...known)];
  const span = highest - lowest;
  if (!(span >= exercise.min_range)) return [];
  const depth = values.map((value) => (exercise.peak === "low" ? highest - value : value - lowest) / Math.max(span, 1e-9));
  const conditions = conditionsOf(signals, exercise);
  const measured = measuredFrames(signals.raw(exercise.signal), side);
  return cyclesOf(depth, times)
    .filter((cycle) => isOne(cycle, times, values, exercise) && isMeasured(cycle, measured)
      && fits(cycle, exercise, conditions, side))
    .map(({ start, peak, end }) => ({ startS: times[start], peakS: times[peak], endS: times[end], side }));
}

/** Return whether the signal is known, without interpolation, on this side, or for "both" on either, by frame. */
function measuredFrames({ left, right }, side) {
  return left.map((value, at) => ({ left: [value], right: [right[at]] }[side] ?? [value, right[at]]).some(isKnown));
}

function isMeasured({ start, end }, measured) {
  const frames = measured.slice(start, end + 1);
  return frames.filter(Boolean).length / frames.length >= MIN_MEASURED;
}

/** Return the signals of the exercise's conditions; what is hardly ever seen excludes nothing, and is left out. */
function conditionsOf(signals, { at_rest: atRest, at_peak: atPeak, travel }) {
  const names = new Set([atRest, atPeak, travel].flatMap(Object.keys));
  const found = [...names].map((name) => [name, signals.of(name)]);
  return new Map(found.filter(([, { left, right }]) => {
    const seen = left.filter((value, at) => isKnown(value) || isKnown(right[at])).length;
    return seen / left.length >= MIN_SEEN;
  }));
}

/** Return the cycles rest, peak, rest, {start, peak, end} as frame numbers. What began before the first rest is none. */
function cyclesOf(depth, times) {
  const cycles = [];
  let [rest, entered, last] = [null, false, -1];
  depth.forEach((value, frame) => {
    if (!isKnown(value)) return;
    if (last >= 0 && times[frame] - times[last] > MAX_UNKNOWN_S) [rest, entered] = [null, false];
    last = frame;
    if (value < LEAVE) {
      if (entered && rest !== null) cycles.push({ start: rest, peak: deepest(depth, rest, frame), end: frame });
      if (entered || rest === null || value <= Math.max(REST, depth[rest])) rest = frame;
      entered = false;
    } else if (value >= ENTER && rest !== null) entered = true;
  });
  return extended(cycles, depth);
}

function deepest(depth, start, end) {
  let best = start;
  for (let at = start; at <= end; at++) if (depth[at] > depth[best]) best = at;
  return best;
}

/** Return the cycles with their ends moved on to the rest, or to the shallowest frame before the next start. */
function extended(cycles, depth) {
  return cycles.map((cycle, i) => {
    const limit = cycles[i + 1]?.start ?? depth.length - 1;
    let { end } = cycle;
    while (end < limit && !(depth[end] <= REST) && !(depth[end + 1] > depth[end])) end++;
    return { ...cycle, end };
  });
}

function isOne({ start, peak, end }, times, values, exercise) {
  const durationS = times[end] - times[start];
  return exercise.min_duration_s <= durationS && durationS <= exercise.max_duration_s
    && Math.abs(values[peak] - values[start]) >= LEAST_RANGE * exercise.min_range;
}

function fits({ start, peak, end }, exercise, conditions, side) {
  const valueAt = (name, frame) => {
    const { left, right } = conditions.get(name);
    return meanOfKnown({ left: [left[frame]], right: [right[frame]] }[side] ?? [left[frame], right[frame]]);
  };
  const travelOf = (name) => {
    const known = Array.from({ length: end - start + 1 }, (_, i) => valueAt(name, start + i)).filter(isKnown);
    return known.length ? Math.max(...known) - Math.min(...known) : Number.NaN;
  };
  const all = (ranges, measure) => Object.entries(ranges)
    .every(([name, limits]) => !conditions.has(name) || isWithin(measure(name), limits));
  return all(exercise.at_rest, (name) => valueAt(name, start))
    && all(exercise.at_peak, (name) => valueAt(name, peak))
    && all(exercise.travel, travelOf);
}

function isWithin(value, [low, high]) {
  return (low ?? -Infinity) <= value && value <= (high ?? Infinity);
}

/** Return the repetitions, with those of both sides whose peaks lie within each other as one of "both". */
function mergeSides(found) {
  const merged = [];
  for (const one of found) {
    const before = merged.at(-1);
    const isPair = before && [before.side, one.side].sort().join() === "left,right";
    if (isPair && before.startS <= one.peakS && one.peakS <= before.endS) {
      merged[merged.length - 1] = { ...before, endS: Math.max(before.endS, one.endS), side: "both" };
    } else merged.push(one);
  }
  return merged;
}
