/**
 * The one person who is followed: where they were and what they wear, to tell them from others when they are lost. The
 * rules are those of `movenet.video.followed_person` in Python.
 *
 * A person is one value, replaced at each frame: {id, center, sizePx, appearance, firstS, seenS, detectedS, alikeS, score}.
 * An observation is {pose, appearance}.
 */

import { appearanceDistance, blendAppearance, measureAppearance } from "./appearance.js";
import { centerOf } from "./motion.js";
import { boundsOf } from "./pose.js";

const MAX_DISTANCE = 0.45;
const MAX_DISTANCE_ELSEWHERE = 0.3;
const DOUBT_S = 0.1;
const TIME_S = 1;
const LONGEST_STEP_S = 0.1;

/** Return a person who was just detected. */
export function startPerson(id, { pose, appearance }, timeS) {
  const [center, sizePx] = [centerOf(pose), sizeOf(pose)];
  return { id, center, sizePx, appearance, firstS: timeS, seenS: timeS, detectedS: timeS, alikeS: timeS, score: pose.score };
}

/** Return the same person in a later frame, in which the detector found them or not. */
export function updatePerson(person, { pose, appearance }, timeS, isDetected) {
  const weight = -Math.expm1(-Math.min(timeS - person.seenS, LONGEST_STEP_S) / TIME_S);
  const isAlike = !differs(person, appearance);
  return {
    id: person.id,
    firstS: person.firstS,
    center: centerOf(pose),
    sizePx: sizeOf(pose),
    appearance: isAlike ? blendAppearance(person.appearance, appearance, weight) : person.appearance,
    seenS: timeS,
    detectedS: isDetected ? timeS : person.detectedS,
    alikeS: isAlike ? timeS : person.alikeS,
    score: person.score + weight * (pose.score - person.score),
  };
}

/** Whether the tracked pose is another person's by now. */
export function isOther(person, { appearance }, timeS) {
  return differs(person, appearance) && timeS - person.alikeS > DOUBT_S;
}

/** Whether a pose estimated where the person was detected is theirs. */
export function isIn(person, { pose, appearance }) {
  return Number.isFinite(costOf(person, centerOf(pose), appearance));
}

/** Return the detection that is this person, by the clothes and the place; null if none can be. */
export function findPerson(person, detections, picture) {
  const costs = detections.map(({ pose, center }) => costOf(person, center, measureAppearance(picture, pose)));
  const least = Math.min(...costs);
  return Number.isFinite(least) ? detections[costs.indexOf(least)] : null;
}

function costOf(person, center, appearance) {
  const distance = appearanceDistance(person.appearance, appearance);
  const [x, y] = [0, 1].map((axis) => center[axis] - person.center[axis]);
  const offset = Math.hypot(x, y) / person.sizePx;
  if (Number.isNaN(distance)) return offset <= 1 ? 1 + offset : Infinity;
  const limit = offset <= 1 ? MAX_DISTANCE : MAX_DISTANCE_ELSEWHERE;
  return distance <= limit ? distance / limit + Math.min(offset, 1) : Infinity;
}

function differs(person, appearance) {
  return appearanceDistance(person.appearance, appearance) > MAX_DISTANCE;
}

function sizeOf(pose) {
  const bounds = boundsOf(pose);
  return bounds ? Math.max(1, bounds[2], bounds[3]) : 1;
}
