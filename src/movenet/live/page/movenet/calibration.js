/**
 * Scores of keypoints as probabilities, as `movenet.calibration` in Python.
 *
 * A curve is `movenet.calibration.CalibrationCurve` as JSON: {slope, intercept}.
 */

const LOGIT_MARGIN = 1e-4;

/** Return the probability that a keypoint of this score, 0…1, is right. */
export function probabilityOf(score, { slope, intercept }) {
  const inside = Math.max(LOGIT_MARGIN, Math.min(1 - LOGIT_MARGIN, score));
  return 1 / (1 + Math.exp(-(slope * Math.log(inside / (1 - inside)) + intercept)));
}

/** Return the pose with the probability of each keypoint in place of its score; the person's score remains. */
export function withProbabilities(pose, curve) {
  return { ...pose, keypoints: pose.keypoints.map(([x, y, score]) => [x, y, probabilityOf(score, curve)]) };
}
