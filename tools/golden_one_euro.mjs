// Runs the published MoveNet smoothing of TensorFlow.js on a seeded walk and writes tests/data/tfjs_one_euro.json.
//
//   npm pack @tensorflow-models/pose-detection@2.1.3 && tar xzf tensorflow-models-pose-detection-2.1.3.tgz
//   node tools/golden_one_euro.mjs package tests/data/tfjs_one_euro.json
//
// The package is Apache-2.0. Its detector divides keypoints by the picture's size before the filter and multiplies
// afterwards; so does this. Times are whole microseconds above zero: the published filter truncates to these, and
// forgets what it saw at time zero.
import { createRequire } from "node:module";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const [folder, out] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(import.meta.url);
const { KeypointsOneEuroFilter } = require(`${folder}/dist/shared/filters/keypoints_one_euro_filter.js`);
const { KEYPOINT_FILTER_CONFIG } = require(`${folder}/dist/movenet/constants.js`);
const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));

const FRAMES = 60, JOINTS = 3, WIDTH = 640, HEIGHT = 360;

function random(seed) { // mulberry32: 0…1
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const next = random(20240607);
const centred = () => next() + next() + next() - 1.5;

function walk() { // a drift, noise of a few pixels, and now and then a jump, as a net makes on a swapped limb
  const positions = Array.from({ length: JOINTS }, () => [200 + 200 * next(), 100 + 150 * next()]);
  return Array.from({ length: FRAMES }, (_, frame) => positions.map((position, joint) => {
    position[0] += 4 * Math.sin(frame / 7 + joint) + centred();
    position[1] += 2 * Math.cos(frame / 5 + joint) + centred();
    const jump = next() < 0.05 ? 150 * centred() : 0;
    return [position[0] + jump + 3 * centred(), position[1] + jump + 3 * centred()].map((v) => Math.round(v * 1000) / 1000);
  }));
}

function times() { // 30 fps with uneven frames and one gap of 0.7 s
  let now = 1000;
  return Array.from({ length: FRAMES }, (_, frame) => (now += frame === 40 ? 700000 : Math.round(33333 + 9000 * centred())));
}

const keypoints = walk(), microseconds = times();
const filter = new KeypointsOneEuroFilter(KEYPOINT_FILTER_CONFIG);
const smoothed = keypoints.map((frame, index) => filter
  .apply(frame.map(([x, y]) => ({ x: x / WIDTH, y: y / HEIGHT })), microseconds[index], 1)
  .map(({ x, y }) => [x * WIDTH, y * HEIGHT]));

const golden = {
  source: `@tensorflow-models/pose-detection ${version} (Apache-2.0)`,
  config: KEYPOINT_FILTER_CONFIG, width: WIDTH, height: HEIGHT, microseconds, keypoints, smoothed,
};
writeFileSync(`${out}.part`, JSON.stringify(golden) + "\n");
renameSync(`${out}.part`, out);
