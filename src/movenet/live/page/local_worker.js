/**
 * The Web Worker in which the models run, so that the page stays responsive (its other end: local.js).
 *
 *   {type: "choice", model, backend, smoothing, exercise, lock}  → {type: "ready"}
 *   {type: "picture", picture, timeS, frame}  → {type: "poses", frame, time_s, width, height, poses, estimatedMs, …}
 *
 * The first message is {type: "hello", models, backends, exercises, exercise, probabilities}; {type: "failed", message} tells what cannot be
 * loaded.
 */

import { Estimator, readTables } from "./movenet/movenet.js";

let stream = null;
let choices = 0;
let hasProbabilities = false;

async function choose({ model, backend, smoothing, exercise, lock }) {
  const choice = ++choices;
  const estimator = await Estimator.open({ model, backend });
  if (choice !== choices) return; // another was chosen meanwhile
  const shown = (pose) => (hasProbabilities ? estimator.withProbabilities(pose) : pose);
  stream = { next: estimator.stream({ smoothing, lock }), counter: exercise && estimator.counter(exercise), shown };
  self.postMessage({ type: "ready" });
}

async function estimate({ picture, timeS, frame }) {
  const { width, height } = picture;
  const { next, counter, shown } = stream;
  const startedAt = performance.now();
  const found = await next(picture, timeS);
  picture.close();
  const repetitions = counter?.step(timeS, found);
  const poses = found.map(shown);
  const estimatedMs = performance.now() - startedAt;
  self.postMessage({ type: "poses", frame, time_s: timeS, width, height, poses, repetitions, estimatedMs, dropped: 0 });
}

async function greet() {
  const { models, backends, exercises, exercise, probabilities } = await readTables();
  hasProbabilities = probabilities;
  const names = (items) => items.map(({ name }) => name);
  const lists = { models: names(models), backends, exercises: names(exercises) };
  self.postMessage({ type: "hello", ...lists, exercise, probabilities });
}

function report(error) {
  self.postMessage({ type: "failed", message: error.message });
}

self.onmessage = ({ data }) => (data.type === "choice" ? choose(data) : estimate(data)).catch(report);
greet().catch(report);
