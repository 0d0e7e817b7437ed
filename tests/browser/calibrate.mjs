// Turns scores into probabilities, and prints them as JSON.
//
//   node calibrate.mjs REQUEST.json
//
// The request: {page, curve, scores}; `page` is the folder of the page's files.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const { page, curve, scores } = JSON.parse(await readFile(process.argv[2], "utf8"));
const { withProbabilities } = await import(new URL("movenet/calibration.js", pathToFileURL(`${page}/`)));
const { keypoints } = withProbabilities({ keypoints: scores.map((score) => [0, 0, score]) }, curve);
console.log(JSON.stringify(keypoints.map(([, , probability]) => probability)));
