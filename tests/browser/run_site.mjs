// Runs the models of a site in Node on pixels that Python wrote, and prints the answers as JSON.
//
//   node run_site.mjs REQUEST.json
//
// The request: {site, model, smoothing, lock, frames: [{file, width, height, time_s}]}; a file holds RGBA. Without
// `time_s` each frame is a picture by itself.
import "./file_fetch.mjs";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const request = JSON.parse(await readFile(process.argv[2], "utf8"));
const site = pathToFileURL(`${request.site}/`);
const { Estimator } = await import(new URL("page/movenet/movenet.js", site));
const estimator = await Estimator.open({ model: request.model, models: new URL("models/models.json", site), threads: 1 });
const next = estimator.stream({ smoothing: request.smoothing ?? false, lock: request.lock ?? null });
const answers = [];
for (const { file, width, height, time_s: timeS } of request.frames) {
  const picture = { data: new Uint8ClampedArray(await readFile(file)), width, height };
  answers.push(timeS === undefined ? await estimator.estimate(picture) : await next(picture, timeS));
}
console.log(JSON.stringify(answers));
