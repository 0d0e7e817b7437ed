/** Detection: every person of a picture, at one scale or several, merged by NMS with the OKS as the overlap. */

import { Crop } from "./crop.js";
import { decodeMany } from "./decode.js";
import { Detection } from "./detection.js";
import { nmsGroups } from "./pose.js";

/** After the first scale, the detector never runs on a picture enlarged more than this. */
const MAX_UPSCALE = 1.6;

/**
 * Return the people of a picture, highest score first, without duplicates.
 *
 * @param {import("./picture.js").Picture} picture
 * @param {import("./engine.js").Engine} engine of the multi-person model
 * @param {object} settings `movenet.estimator.EstimatorSettings` as JSON
 * @returns {Promise<Detection[]>}
 */
export async function detect(picture, engine, settings) {
  const edge = Math.max(picture.width, picture.height);
  const found = [];
  for (const [i, side] of settings.detector_sides_px.entries()) {
    if (i && side > MAX_UPSCALE * edge) break;
    const people = await detectAt(side, picture, engine, settings);
    found.push(...people);
    const shortest = Math.min(...people.map(({ length }) => length));
    if (people.length && shortest >= ((settings.next_side_below_px ?? Infinity) * edge) / side) break;
  }
  return mergeScales(found, settings.nms_oks);
}

async function detectAt(side, picture, engine, settings) {
  const crop = Crop.letterbox(picture.width, picture.height, side);
  const heads = await engine.run(crop.cut(picture), [1, crop.outHeight, crop.outWidth]);
  return decodeMany(heads, settings.min_center_score)
    .filter(({ score }) => score >= settings.min_detection_score)
    .map((person) => toDetection(person, crop));
}

function toDetection({ keypoints, box, score, center }, crop) {
  const [[left, top], [right, bottom]] = [crop.toImage(box[0], box[1]), crop.toImage(box[2], box[3])];
  const points = keypoints.map(([y, x, keypointScore]) => [...crop.toImage(y, x), keypointScore]);
  const pose = { id: null, score, box: [left, top, right - left, bottom - top], keypoints: points };
  return new Detection(pose, crop.toImage(...center));
}

/** Return the detections that remain after NMS; their keypoints are averaged over all detections of the person. */
function mergeScales(found, maxOks) {
  const poses = found.map(({ pose }) => pose);
  return nmsGroups(poses, poses.map(({ score }) => score), maxOks).map((group) => {
    const best = found[group[0]];
    const keypoints = best.pose.keypoints.map(([, , score], k) => {
      let [sumX, sumY, total] = [0, 0, 0];
      for (const pose of group.map((i) => poses[i])) {
        const [x, y, keypointScore] = pose.keypoints[k];
        const weight = (pose.score * keypointScore) ** 2 + 1e-9;
        [sumX, sumY, total] = [sumX + weight * x, sumY + weight * y, total + weight];
      }
      return [sumX / total, sumY / total, score];
    });
    return new Detection({ ...best.pose, keypoints }, best.center);
  });
}
