// Counts repetitions in poses that Python wrote, and prints the counts after each frame as JSON.
//
//   node count.mjs REQUEST.json
//
// The request: {page, table, model, cases: [{exercise, frames: [{time_s, poses}]}]}; `page` is the folder of the page's files,
// `table` is models.json.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const { page, table, model, cases } = JSON.parse(await readFile(process.argv[2], "utf8"));
const { RepetitionCounter } = await import(new URL("movenet/counter.js", pathToFileURL(`${page}/`)));
const { calibration, keypoint_names: names } = table.models.find(({ name }) => name === model);
const joints = new Map(table.joints.map(([joint, ...points]) => [joint, points.map((point) => names.indexOf(point))]));
const counts = cases.map(({ exercise, frames }) => {
  const counter = new RepetitionCounter(table.exercises.find(({ name }) => name === exercise), calibration, joints);
  return frames.map(({ time_s: timeS, poses }) => counter.step(timeS, poses));
});
console.log(JSON.stringify(counts));
