/** Reads the graph of an ONNX file: its operators, weights and outputs. */

import { PbfReader } from "./pbf/index.js";

/** The model is not one that this page can translate for LiteRT; ONNX Runtime may run it. */
export class UnsupportedModelError extends Error {}

/** Numbers of types of tensors, and of the fields of messages, in onnx.proto3. */
const FLOAT = 1, FLOAT16 = 10;
const MODEL = { graph: 7 };
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, type: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, int: 3, string: 4, ints: 8 };
const TENSOR = { dims: 1, type: 2, floats: 4, name: 8, raw: 9 };
const VALUE = { name: 1 };

/**
 * @typedef {object} Node
 * @property {string} type of the operator
 * @property {string[]} inputs
 * @property {string[]} outputs
 * @property {Object<string, number | string | number[]>} attributes
 *
 * @typedef {object} Graph
 * @property {Node[]} nodes in order of computation
 * @property {Map<string, {dims: number[], values: Float32Array}>} weights and other constants in floating point, by name
 * @property {string[]} inputs
 * @property {string[]} outputs
 */

/**
 * Read an ONNX file that movenet wrote.
 *
 * @param {Uint8Array} bytes
 * @returns {Graph}
 * @throws {UnsupportedModelError} if it is damaged
 */
export function readOnnx(bytes) {
  const graph = { nodes: [], weights: new Map(), inputs: [], outputs: [] };
  try {
    new PbfReader(bytes).readFields((field, _, file) => field === MODEL.graph && file.readMessage(readGraphField, graph));
  } catch (error) {
    throw new UnsupportedModelError(`expected an ONNX file: ${error.message}`);
  }
  return withoutCasts(graph);
}

/** Large weights are stored in float16, each followed by a cast: name its result as the weight instead. */
function withoutCasts(graph) {
  const isCast = ({ type, inputs: [name] }) => type === "Cast" && graph.weights.has(name);
  for (const { inputs: [name], outputs: [cast] } of graph.nodes.filter(isCast)) graph.weights.set(cast, graph.weights.get(name));
  return { ...graph, nodes: graph.nodes.filter((node) => !isCast(node)) };
}

function readGraphField(field, graph, file) {
  if (field === GRAPH.node) graph.nodes.push(file.readMessage(readNodeField, { type: "", inputs: [], outputs: [], attributes: {} }));
  else if (field === GRAPH.initializer) addWeight(graph.weights, file.readMessage(readTensorField, { dims: [], floats: [] }));
  else if (field === GRAPH.input) graph.inputs.push(file.readMessage(readValueField, {}).name);
  else if (field === GRAPH.output) graph.outputs.push(file.readMessage(readValueField, {}).name);
}

function readNodeField(field, node, file) {
  if (field === NODE.input) node.inputs.push(file.readString());
  else if (field === NODE.output) node.outputs.push(file.readString());
  else if (field === NODE.type) node.type = file.readString();
  else if (field === NODE.attribute) {
    const { name, value, ints } = file.readMessage(readAttributeField, { ints: [] });
    node.attributes[name] = value ?? ints;
  }
}

function readAttributeField(field, attribute, file) {
  if (field === ATTRIBUTE.name) attribute.name = file.readString();
  else if (field === ATTRIBUTE.int) attribute.value = file.readVarint(true);
  else if (field === ATTRIBUTE.string) attribute.value = file.readString();
  else if (field === ATTRIBUTE.ints) file.readPackedVarint(attribute.ints, true);
}

function readTensorField(field, tensor, file) {
  if (field === TENSOR.dims) file.readPackedVarint(tensor.dims, true);
  else if (field === TENSOR.type) tensor.type = file.readVarint();
  else if (field === TENSOR.floats) file.readPackedFloat(tensor.floats);
  else if (field === TENSOR.name) tensor.name = file.readString();
  else if (field === TENSOR.raw) tensor.raw = file.readBytes().slice().buffer;
}

function readValueField(field, value, file) {
  if (field === VALUE.name) value.name = file.readString();
}

/** Keep a tensor in floating point; integers, such as shapes, are of no use to tflite_file.js. */
function addWeight(weights, { name, type, dims, raw, floats }) {
  if (type === FLOAT) weights.set(name, { dims, values: raw ? new Float32Array(raw) : Float32Array.from(floats) });
  else if (type === FLOAT16 && raw) weights.set(name, { dims, values: toFloat32(new Uint16Array(raw)) });
}

function toFloat32(halves) {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = HALVES[halves[i]];
  return values;
}

/** The value of each number in float16 (IEEE 754 binary16), by its bits. */
const HALVES = new Float32Array(1 << 16);
for (let bits = 0; bits < HALVES.length; bits++) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) HALVES[bits] = fraction ? NaN : sign * Infinity;
  else HALVES[bits] = sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}
