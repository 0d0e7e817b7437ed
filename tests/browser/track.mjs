// Tracks people through sequences that Python wrote, without a network, and prints what is found as JSON.
//
//   node track.mjs REQUEST.json
//
// The request: {page, table, settings, cases: [{people, lock, smoothing, frames}]}; `page` is the folder of the page's files,
// `table` is models.json, `settings` those of the estimator. A frame is {time_s, width, height, file, detections, people}: `file`
// holds RGBA, `people` are the poses that a network would estimate, and a detection is {pose, center}. Of each frame it prints the
// poses, the runs of the detector, and x, y and length of the person in each crop.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const { page, table, settings, cases } = JSON.parse(await readFile(process.argv[2], "utf8"));
const load = (name) => import(new URL(`movenet/${name}.js`, pathToFileURL(`${page}/`)));
const [{ Detection }, { MultiPersonTracker }, { pictureOf }, { SinglePersonTracker }, { centerOf }] =
  await Promise.all(["detection", "multi_person", "picture", "single_person", "motion"].map(load));

/** The estimator of a case: its answers are those of the frame that is set. As `ScriptedEstimator` in Python. */
class ScriptedEstimator {
  minScore = 0.2;
  settings = settings;

  set frame(frame) {
    Object.assign(this, { detections: frame.detections, people: frame.people, detectorRuns: 0, crops: [] });
  }

  detect() {
    this.detectorRuns += 1;
    return this.detections.map(({ pose, center }) => new Detection(pose, center));
  }

  choose(detections) {
    return detections;
  }

  estimateDetections(_, detections) {
    this.crops.push(...detections.map(({ center, length }) => [...center, length]));
    return detections.map((detection) => this.#nearest(detection));
  }

  #nearest({ pose, center, length }) {
    const distances = this.people.map((person) => {
      const [x, y] = centerOf(person);
      return Math.hypot(x - center[0], y - center[1]);
    });
    const least = Math.min(...distances);
    if (least <= length) return this.people[distances.indexOf(least)];
    return { ...pose, id: null, score: 0.05, keypoints: pose.keypoints.map(([x, y]) => [x, y, 0.05]) };
  }
}

const answers = [];
for (const { people, lock, smoothing, frames } of cases) {
  const estimator = new ScriptedEstimator();
  const filter = smoothing ? table.smoothing : null;
  const tracker = people === "many"
    ? new MultiPersonTracker(estimator, table.follow, table.tracks, filter)
    : new SinglePersonTracker(estimator, table.follow, filter, lock);
  let state = null;
  const found = [];
  for (const frame of frames) {
    estimator.frame = frame;
    const data = new Uint8ClampedArray(await readFile(frame.file));
    const [after, poses] = await tracker.step(state, pictureOf({ data, width: frame.width, height: frame.height }), frame.time_s);
    state = after;
    found.push({ poses, detectorRuns: estimator.detectorRuns, crops: estimator.crops });
  }
  answers.push(found);
}
console.log(JSON.stringify(answers));
