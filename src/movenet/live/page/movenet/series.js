/** Series of numbers over time, NaN where unknown: gaps, medians, means. */

export const isKnown = Number.isFinite;

/** Return the mean without the NaN; NaN where all are. */
export function meanOfKnown(values) {
  const known = values.filter(isKnown);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : Number.NaN;
}

export function median(values) {
  return percentile(values, 0.5);
}

/** Return the value below which a share of the values lies, 0…1, linearly interpolated. */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return low + 1 < sorted.length ? sorted[low] + (place - low) * (sorted[low + 1] - sorted[low]) : sorted[low];
}

/** Return linearly interpolated values at some times; before the first known time its value, after the last that one's. */
export function interpolate(times, knownTimes, knownValues) {
  let next = 0;
  return times.map((time) => {
    while (next < knownTimes.length && knownTimes[next] < time) next++;
    if (next === 0) return knownValues[0];
    if (next === knownTimes.length) return knownValues[next - 1];
    const share = (time - knownTimes[next - 1]) / (knownTimes[next] - knownTimes[next - 1]);
    return knownValues[next - 1] + share * (knownValues[next] - knownValues[next - 1]);
  });
}

/** Return values with the unknown ones between two known ones at most `maxGapS` apart interpolated. */
export function fillGaps(values, times, maxGapS) {
  const filled = [...values];
  let last = -1;
  values.forEach((value, at) => {
    if (!isKnown(value)) return;
    if (last >= 0 && at - last > 1 && times[at] - times[last] <= maxGapS) {
      for (let i = last + 1; i < at; i++) {
        filled[i] = values[last] + ((times[i] - times[last]) / (times[at] - times[last])) * (value - values[last]);
      }
    }
    last = at;
  });
  return filled;
}

/** Return the mean over windows of the median over windows of odd width; values beside a gap stay as they are. */
export function smoothOver(values, width) {
  const mean = (window) => window.reduce((sum, value) => sum + value, 0) / width;
  const middle = (window) => window.slice().sort()[(width - 1) / 2];
  return filter(filter(values, width, middle), width, mean);
}

function filter(values, width, reduce) {
  if (width === 1) return values;
  const half = (width - 1) / 2;
  const padded = new Float64Array(values.length + 2 * half).fill(values[0], 0, half).fill(values.at(-1), half);
  padded.set(values, half);
  let gapEnd = 0; // one after the last unknown value seen
  for (let at = 0; at < width - 1; at++) if (!isKnown(padded[at])) gapEnd = at + 1;
  return values.map((value, at) => {
    const end = at + width;
    if (!isKnown(padded[end - 1])) gapEnd = end;
    return gapEnd > at ? value : reduce(padded.subarray(at, end));
  });
}
