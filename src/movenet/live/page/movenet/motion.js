/** Motion of a pose between frames. */

import { MIN_KEYPOINT_SCORE, areaOf, boundsOf, similarity, withOwnBox } from "./pose.js";

const SAME_PERSON_OKS = 0.2;

/** Return the mean velocity of the keypoints visible in both poses, x and y in pixels per second; null without any. */
export function velocityBetween(before, after, gapS) {
  let [sumX, sumY, count] = [0, 0, 0];
  after.keypoints.forEach(([x, y, score], k) => {
    const [beforeX, beforeY, beforeScore] = before.keypoints[k];
    if (Math.min(score, beforeScore) <= MIN_KEYPOINT_SCORE) return;
    [sumX, sumY, count] = [sumX + x - beforeX, sumY + y - beforeY, count + 1];
  });
  return count ? [sumX / count / gapS, sumY / count / gapS] : null;
}

/** Return the pose moved by an offset, with the box around its keypoints. */
export function translate(pose, [offsetX, offsetY]) {
  return withOwnBox({ ...pose, keypoints: pose.keypoints.map(([x, y, score]) => [x + offsetX, y + offsetY, score]) });
}

/** Return x, y of the center of the box around the visible keypoints. */
export function centerOf(pose) {
  const bounds = boundsOf(pose);
  if (bounds) return [bounds[0] + bounds[2] / 2, bounds[1] + bounds[3] / 2];
  const mean = (axis) => pose.keypoints.reduce((sum, point) => sum + point[axis], 0) / pose.keypoints.length;
  return [mean(0), mean(1)];
}

/** Whether two poses, in one frame or in consecutive frames, are the same person's. */
export function isSamePerson(pose, other) {
  return similarity(pose, other, areaOf(other)) > SAME_PERSON_OKS;
}
