/** A detected person: their rough pose, how they are cropped, and how both passes are fused. */

import { Crop } from "./crop.js";
import { areaOf, boundsOf, oksWidths, similarity } from "./pose.js";

const MIN_OKS = 0.1;
const MAX_DISTANCE_WIDTHS = 6;
const SCORE_MARGIN = 1e-3;
const MIN_BANDWIDTH_CELLS = 0.7;
const BANDWIDTH_WIDTHS = 0.5;
const STRIDE = 4;

export class Detection {
  /**
   * @param {import("./pose.js").Pose} pose rough keypoints and the box
   * @param {[number, number]} center x, y of the person's center, in pixels of the picture
   */
  constructor(pose, center) {
    this.pose = pose;
    this.center = center;
    this.bounds = boundsOf(pose) ?? [...center, 0, 0];
    this.area = areaOf(pose);
  }

  /** The longer side of the bounds, in pixels. */
  get length() {
    return Math.max(this.bounds[2], this.bounds[3]);
  }

  /** Score · √area: the person of the highest prominence is the one that a picture of one person is about. */
  get prominence() {
    return this.pose.score * Math.sqrt(this.area);
  }

  /** Return the square around the person: `factor` × their longer side, resized to `side` px. */
  crop(factor, side) {
    return Crop.aroundBox(this.bounds, factor, side);
  }

  /** Return the guide that makes the decoder choose this person in a crop. */
  guide(crop, weight) {
    return {
      center: crop.toDecoded(this.center),
      keypoints: this.pose.keypoints.map((point) => crop.toDecoded(point)),
      weight,
      scale: Math.sqrt(this.area) / crop.width,
    };
  }

  /** Return the bandwidth of the mean shift for each keypoint in a crop, in pixels of the picture. */
  bandwidths(crop) {
    const least = (MIN_BANDWIDTH_CELLS * STRIDE * crop.width) / crop.outWidth;
    return oksWidths(Math.sqrt(this.area), this.pose.keypoints.length).map((width) => Math.max(BANDWIDTH_WIDTHS * width, least));
  }
}

/**
 * Return the pose of a person from the first pass, the detection, and the second, the pose in their crop.
 *
 * The score is the geometric mean of both scores and the OKS between both. Where the OKS is low the model found someone
 * else: then the keypoints are the detection's.
 *
 * @param {Detection} detection
 * @param {import("./pose.js").Pose} pose
 * @param {{bias: number, own: number, other: number, distance: number} | null} blend weights of the average
 */
export function fuse(detection, pose, blend) {
  const oks = similarity(pose, detection.pose, detection.area);
  const score = Math.cbrt(detection.pose.score * pose.score * oks);
  if (oks < MIN_OKS) return { ...detection.pose, score };
  return { ...pose, score, keypoints: blend ? average(detection, pose, blend) : pose.keypoints };
}

function average(detection, pose, { bias, own, other, distance }) {
  const widths = oksWidths(Math.sqrt(detection.area), pose.keypoints.length);
  return pose.keypoints.map(([x, y, score], k) => {
    const [firstX, firstY, firstScore] = detection.pose.keypoints[k];
    const apart = Math.hypot(x - firstX, y - firstY) / Math.max(widths[k], 1e-9);
    const share = logistic(
      bias + own * logit(score) + other * logit(firstScore) + distance * Math.min(apart, MAX_DISTANCE_WIDTHS),
    );
    return [share * x + (1 - share) * firstX, share * y + (1 - share) * firstY, score];
  });
}

function logit(score) {
  const clipped = Math.max(SCORE_MARGIN, Math.min(1 - SCORE_MARGIN, score));
  return Math.log(clipped / (1 - clipped));
}

function logistic(value) {
  return 1 / (1 + Math.exp(-value));
}
