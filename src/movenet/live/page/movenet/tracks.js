/**
 * Data association: predicts where tracked people are, and matches poses with tracks, as `movenet.video.association` in
 * Python.
 *
 *     tentative track (no id) ── high score, or detected twice ──► confirmed track (id)
 *     confirmed ── not observed ──► missing ── matched with a tentative track ──► confirmed, same id
 *                                      └─ for too long ──► deleted; its id is never used again
 *
 * A track is one value, replaced at each frame: {pose, appearance, firstSeenS, lastSeenS, sizePx, isRedetected,
 * velocity, meanVelocity}; the id is its pose's, null while it is tentative. An observation is {pose, appearance}.
 * `settings` are `movenet.video.TrackSettings` as JSON.
 */

import { appearanceDistance, blendAppearance } from "./appearance.js";
import { linearAssignment } from "./assignment.js";
import { centerOf, translate, velocityBetween } from "./motion.js";
import { areaOf, boundsOf, nmsGroups, similarities, similarity } from "./pose.js";

const SIZE_DECAY_S = 2;

/** Return a new tentative track. */
export function startTrack({ pose, appearance }, timeS) {
  const still = { velocity: [0, 0], meanVelocity: [0, 0] };
  return { pose, appearance, firstSeenS: timeS, lastSeenS: timeS, sizePx: sizeOf(pose), isRedetected: false, ...still };
}

/** Return the pose predicted for a time, of a track observed in the previous frame. */
export function predict(track, timeS) {
  return translate(track.pose, track.velocity.map((speed) => speed * (timeS - track.lastSeenS)));
}

/** Return the pose predicted for a time, of a missing track: it slows down, and its center stays inside the picture. */
export function predictMissing(track, timeS, size, settings) {
  const constantS = settings.velocity_time_s;
  const way = constantS * -Math.expm1(-(timeS - track.lastSeenS) / constantS);
  const center = centerOf(track.pose);
  const offset = center.map((value, axis) => clamp(value + track.meanVelocity[axis] * way, 0, size[axis]) - value);
  return translate(track.pose, offset);
}

/** Return the track after one more observation. */
function updateTrack(track, { pose, appearance }, timeS, settings) {
  const gapS = timeS - track.lastSeenS;
  const step = velocityBetween(track.pose, pose, gapS) ?? track.velocity;
  // A plain mean while the track is younger than the time constant.
  const weight = Math.max(-Math.expm1(-gapS / settings.velocity_time_s), gapS / (timeS - track.firstSeenS));
  return {
    ...track,
    pose: { ...pose, id: track.pose.id },
    appearance: updatedAppearance(track, appearance, Math.min(weight, 1), settings),
    lastSeenS: timeS,
    sizePx: Math.max(sizeOf(pose), track.sizePx * Math.exp(-gapS / SIZE_DECAY_S)),
    velocity: step.map((speed, axis) => (track.velocity[axis] + speed) / 2),
    meanVelocity: step.map((speed, axis) => track.meanVelocity[axis] + weight * (speed - track.meanVelocity[axis])),
  };
}

function updatedAppearance(track, appearance, weight, settings) {
  if (track.pose.id === null) return blendAppearance(track.appearance, appearance, 1);
  const isDifferent = appearanceDistance(track.appearance, appearance) > settings.max_appearance_distance;
  return isDifferent ? track.appearance : blendAppearance(track.appearance, appearance, weight);
}

/** Return the pairs [pose, detection] of one frame, by linear assignment of the mean of OKS and box IoU. */
export function matchDetections(poses, detections, settings) {
  const oks = similarities(poses, detections);
  const costs = poses.map((pose, i) => detections.map((other, j) => 1 - (oks[i][j] + iou(boxOf(pose), boxOf(other))) / 2));
  return linearAssignment(costs, 1 - settings.min_affinity);
}

/** Return the indices of the poses that stay, highest priority first. */
export function suppressDuplicates(poses, priorities, settings) {
  return nmsGroups(poses, priorities, settings.duplicate_oks).map(([first]) => first);
}

/** Priority when two tracks hold one pose: OKS with the prediction + 0.3 · age (≤ 1 s) + 1 if it has an id. */
export function trackPriority(track, predicted, pose, timeS) {
  const oks = similarity(predicted, pose, areaOf(predicted));
  return oks + 0.3 * Math.min(timeS - track.firstSeenS, 1) + (track.pose.id !== null);
}

/** Whether an observation of a track shows another one: an overlapping track has a closer appearance. */
export function isIdSwitch(track, { pose, appearance }, others, settings) {
  const distance = appearanceDistance(track.appearance, appearance);
  if (!(distance > settings.max_appearance_distance)) return false;
  return others.some((other) => other !== track
    && iou(boxOf(pose), boxOf(other.pose)) > 0
    && appearanceDistance(other.appearance, appearance) < distance);
}

/**
 * Return the tracks after a frame, new ones last; tentative tracks are merged into the missing ones they match, and
 * deleted if they were not observed.
 *
 * @param {object[]} tracks
 * @param {{matched: Map<number, object>, detected: Set<number>, unmatched: object[]}} association observations of tracks
 *   by index, those that the detector found too, and observations of no track
 */
export function updateTracks(tracks, { matched, detected, unmatched }, timeS, size, settings) {
  const after = tracks.map((track, i) => {
    if (!matched.has(i)) return track;
    return { ...updateTrack(track, matched.get(i), timeS, settings), isRedetected: track.isRedetected || detected.has(i) };
  });
  after.push(...unmatched.map((observation) => startTrack(observation, timeS)));
  const indices = [...after.keys()];
  const missing = indices.filter((i) => after[i].pose.id !== null && after[i].lastSeenS < timeS);
  const tentative = new Set(indices.filter((i) => after[i].pose.id === null && after[i].lastSeenS === timeS));
  const candidates = [...tentative];
  const pairs = matchMissing(missing.map((i) => after[i]), candidates.map((i) => after[i]), timeS, size, settings);
  for (const [row, column] of pairs) {
    const { pose, appearance } = after[candidates[column]];
    after[missing[row]] = updateTrack(after[missing[row]], { pose, appearance }, timeS, settings);
    tentative.delete(candidates[column]);
  }
  return after.filter((track, i) => track.pose.id !== null || tentative.has(i));
}

/** Confirm tentative tracks that are reliable and not a missing person; return all tracks and the next free id. */
export function assignIds(tracks, nextId, timeS, size, settings) {
  let id = nextId;
  const after = tracks.map((track) => {
    if (track.pose.id !== null || !isReliable(track, timeS, settings)) return track;
    if (mayBeMissing(track, tracks, timeS, size, settings)) return track;
    return { ...track, pose: { ...track.pose, id: id++ } };
  });
  return [after, id];
}

function isReliable(track, timeS, settings) {
  const isOld = track.isRedetected && timeS - track.firstSeenS >= settings.confirm_after_s;
  return isOld || track.pose.score >= settings.confirm_score;
}

/** Whether a tentative track is inside a missing track's gate, and too new or too occluded to be compared. */
function mayBeMissing(tentative, tracks, timeS, size, settings) {
  const missing = tracks.filter((track) => track.lastSeenS < timeS);
  if (!missing.some((track) => gatedDistance(track, tentative, timeS, size, settings) < 1)) return false;
  const own = boxOf(tentative.pose);
  const isOccluded = tracks.some((track) => track.lastSeenS === timeS && track !== tentative
    && intersection(own, boxOf(track.pose)) > settings.occluded_share * own[2] * own[3]);
  return timeS - tentative.firstSeenS < settings.confirm_after_s || isOccluded;
}

/** Return pairs [missing, tentative] by linear assignment of distances inside the gate, where appearances agree. */
function matchMissing(missing, tentative, timeS, size, settings) {
  const costs = missing.map((one) => tentative.map((other) =>
    mayBeSame(one, other, timeS, settings) ? gatedDistance(one, other, timeS, size, settings) : 2));
  return linearAssignment(costs, 1);
}

function mayBeSame(missing, tentative, timeS, settings) {
  const distance = appearanceDistance(missing.appearance, tentative.appearance);
  if (Number.isNaN(distance)) return timeS - tentative.firstSeenS >= settings.confirm_after_s;
  return distance <= settings.max_appearance_distance;
}

/** Return the distance from the predicted position of a missing track, relative to the gate; under 1 inside. */
function gatedDistance(missing, tentative, timeS, size, settings) {
  const growth = Math.abs(Math.log(tentative.sizePx / missing.sizePx)) / Math.log(settings.max_size_ratio);
  if (growth >= 1) return 2;
  const predicted = centerOf(predictMissing(missing, timeS, size, settings));
  const center = centerOf(tentative.pose);
  const gate = settings.gate + settings.gate_growth_per_s * (timeS - missing.lastSeenS);
  return Math.hypot(center[0] - predicted[0], center[1] - predicted[1]) / (gate * Math.max(missing.sizePx, tentative.sizePx));
}

function boxOf(pose) {
  return boundsOf(pose) ?? [0, 0, 0, 0];
}

/** Return the longer side of a person in pixels, at least 1. */
function sizeOf(pose) {
  const [, , width, height] = boxOf(pose);
  return Math.max(1, width, height);
}

function iou(box, other) {
  const shared = intersection(box, other);
  return shared / Math.max(box[2] * box[3] + other[2] * other[3] - shared, Number.EPSILON);
}

function intersection([x, y, width, height], [otherX, otherY, otherWidth, otherHeight]) {
  const wide = Math.min(x + width, otherX + otherWidth) - Math.max(x, otherX);
  const high = Math.min(y + height, otherY + otherHeight) - Math.max(y, otherY);
  return Math.max(wide, 0) * Math.max(high, 0);
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
