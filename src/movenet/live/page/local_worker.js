/**
 * The Web Worker in which the models run, so that the page stays responsive (its other end: local.js).
 *
 *   {type: "choice", model, smoothing, lock}        → {type: "ready"}
 *   {type: "picture", picture, timeS, frame}        → {type: "poses", frame, time_s, width, height, poses, estimatedMs, …}
 *
 * The first message is {type: "hello", models}; {type: "failed", message} tells what cannot be loaded.
 */

import { Estimator, listModels } from "./movenet/movenet.js";

let next = null;
let choices = 0;

async function choose({ model, smoothing, lock }) {
  const choice = ++choices;
  const estimator = await Estimator.open({ model });
  if (choice !== choices) return; // another was chosen meanwhile
  next = estimator.stream({ smoothing, lock });
  self.postMessage({ type: "ready" });
}

async function estimate({ picture, timeS, frame }) {
  const { width, height } = picture;
  const startedAt = performance.now();
  const poses = await next(picture, timeS);
  picture.close();
  const estimatedMs = performance.now() - startedAt;
  self.postMessage({ type: "poses", frame, time_s: timeS, width, height, poses, estimatedMs, dropped: 0 });
}

function report(error) {
  self.postMessage({ type: "failed", message: error.message });
}

self.onmessage = ({ data }) => (data.type === "choice" ? choose(data) : estimate(data)).catch(report);
listModels().then((models) => self.postMessage({ type: "hello", models }), report);
