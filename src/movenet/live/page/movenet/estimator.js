/** One picture in, poses out: the multi-person model detects people, the single-person model runs in the crop of each. */

import { castVotes, findModes } from "./decode.js";
import { fuse } from "./detection.js";
import { detect } from "./detector.js";
import { boundsOf, softNms } from "./pose.js";

const SMALL_PERSON_SCALE = 2 / 3;
const MULTIPLE = 32;

/** Estimates the poses of a picture. It has no state between pictures. */
export class PictureEstimator {
  /**
   * @param {{engine: import("./engine.js").Engine, side: number}} model the single-person model and its side in pixels
   * @param {import("./engine.js").Engine} detector the multi-person model
   * @param {{people: "one" | "many", min_score: number, settings: object}} options as in models.json
   */
  constructor(model, detector, { people, min_score: minScore, settings }) {
    Object.assign(this, { model, detector, people, minScore, settings });
  }

  /** Return the poses of a picture, highest score first. */
  async estimate(picture) {
    const detections = this.choose(await this.detect(picture));
    const poses = [];
    for (const detection of detections) {
      const { crop_factor: factor, guide_weight: weight, blend } = this.settings;
      const pose = await this.#run(picture, detection, detection.crop(factor, this.#side(detection.length)), weight);
      poses.push(fuse(detection, pose, blend));
    }
    return softNms(poses).filter(({ score }) => score >= this.minScore);
  }

  /** Return the detections of all people in a picture. */
  detect(picture) {
    return detect(picture, this.detector, this.settings);
  }

  /** Return those detections that `people` asks for. */
  choose(detections) {
    if (this.people === "many" || !detections.length) return detections;
    return [detections.reduce((one, other) => (other.prominence > one.prominence ? other : one))];
  }

  /** Return the pose in the crop of each detection, of any score, not fused with the detection. */
  async estimateDetections(picture, detections, factor, weight) {
    const poses = [];
    for (const detection of detections) {
      poses.push(await this.#run(picture, detection, detection.crop(factor, this.model.side), weight));
    }
    return poses;
  }

  async #run(picture, detection, crop, weight) {
    const heads = await this.model.engine.run(crop.cut(picture), [1, crop.outHeight, crop.outWidth]);
    const place = (y, x) => crop.toImage(y, x);
    const votes = castVotes(heads, detection.guide(crop, weight), this.settings.distance_offset_cells, place);
    const keypoints = findModes(votes, detection.bandwidths(crop));
    const score = keypoints.reduce((sum, point) => sum + point[2], 0) / keypoints.length;
    return { id: null, score, box: boundsOf({ keypoints, box: null }), keypoints };
  }

  /** Return the side of a crop in pixels, for a person of this length in the picture. */
  #side(length) {
    if (length >= this.settings.small_person_px) return this.model.side;
    return MULTIPLE * Math.round((this.model.side * SMALL_PERSON_SCALE) / MULTIPLE);
  }
}
