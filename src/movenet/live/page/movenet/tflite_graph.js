/**
 * Translates the graph of an ONNX file for LiteRT, for pictures of one size.
 *
 * ONNX orders tensors (N, channels, height, width), LiteRT (N, height, width, channels): so are all tensors here but the
 * outputs, which are transposed at the end, so that both runtimes answer the same. The operators are those of movenet's
 * networks; others are an error.
 */

import { UnsupportedModelError } from "./onnx_file.js";

/** Activations that LiteRT computes together with a convolution: numbers of its enum ActivationFunctionType. */
const ACTIVATIONS = { none: 0, relu: 1, relu6: 3 };

/**
 * @typedef {object} Tensor
 * @property {number[]} shape
 * @property {"uint8" | "int32" | "float32"} type
 * @property {Uint8Array | null} data of a constant
 *
 * @typedef {object} Operator
 * @property {string} type name of LiteRT's operator
 * @property {number[]} inputs indices of tensors
 * @property {number[]} outputs
 * @property {object} options as tflite_file.js names them
 *
 * @typedef {{tensors: Tensor[], operators: Operator[], inputs: number[], outputs: number[]}} TfliteGraph
 */

/**
 * Translate a graph.
 *
 * @param {import("./onnx_file.js").Graph} graph
 * @param {[number, number, number]} size N, height and width of the pictures; the latter two multiples of 32
 * @returns {TfliteGraph}
 * @throws {UnsupportedModelError} if it has another operator, or one with other options than movenet's networks have
 */
export function toTfliteGraph(graph, size) {
  return new Translation(graph).translate(size);
}

class Translation {
  #graph;
  #tensors = [];
  #operators = [];
  /** Name in the ONNX graph → index of the tensor. */
  #indices = new Map();

  constructor(graph) {
    this.#graph = graph;
  }

  translate([count, height, width]) {
    const input = this.#tensor([count, height, width, 3], "uint8");
    this.#indices.set(this.#graph.inputs[0], input);
    for (const node of this.#graph.nodes) {
      if (!(node.type in RULES)) throw new UnsupportedModelError(`the operator ${node.type} is unknown`);
      this.#indices.set(node.outputs[0], RULES[node.type].call(this, node));
    }
    const outputs = this.#graph.outputs.map((name) => this.#channelsFirst(this.#indexOf(name)));
    return { tensors: this.#tensors, operators: this.#operators, inputs: [input], outputs };
  }

  /** Convolution, of all channels or of each by itself (depthwise), padded so that the size is divided by the stride. */
  convolve({ inputs: [from, kernel, bias], attributes }) {
    const { dims, values } = this.#weight(kernel);
    const [channelsOut, channelsIn, height, width] = dims;
    const { strides: [stride], group = 1 } = attributes;
    const [count, rows, columns, channels] = this.#tensors[this.#indexOf(from)].shape;
    const isDepthwise = group > 1;
    check(!isDepthwise || (group === channels && group === channelsOut), "grouping of channels");
    check(height === width && isSamePadding(attributes, height, stride), "convolution");
    const shape = isDepthwise ? [1, height, width, channelsOut] : [channelsOut, height, width, channelsIn];
    const weights = this.#constant(shape, reordered(values, dims, isDepthwise));
    const biases = this.#constant([channelsOut], bias ? this.#weight(bias).values : new Float32Array(channelsOut));
    const type = isDepthwise ? "DEPTHWISE_CONV_2D" : "CONV_2D";
    const operands = [this.#indexOf(from), weights, biases];
    return this.#operator(type, operands, [count, rows / stride, columns / stride, channelsOut], { stride, activation: ACTIVATIONS.none });
  }

  add({ inputs }) {
    const [one, other] = inputs.map((name) => this.#indexOf(name));
    return this.#operator("ADD", [one, other], this.#tensors[one].shape);
  }

  /** Bilinear interpolation to twice the size. */
  resize({ inputs: [from, , scales], attributes }) {
    const { mode, coordinate_transformation_mode: grid } = attributes;
    check(mode === "linear" && grid === "half_pixel" && `${this.#weight(scales).values}` === "1,1,2,2", "resizing");
    const [count, height, width, channels] = this.#tensors[this.#indexOf(from)].shape;
    const size = this.#constant([2], Int32Array.of(2 * height, 2 * width));
    return this.#operator("RESIZE_BILINEAR", [this.#indexOf(from), size], [count, 2 * height, 2 * width, channels]);
  }

  relu({ inputs: [from] }) {
    return this.#activate(from, ACTIVATIONS.relu);
  }

  relu6({ inputs: [from, low, high] }) {
    check(this.#weight(low).values[0] === 0 && this.#weight(high).values[0] === 6, "limits of values");
    return this.#activate(from, ACTIVATIONS.relu6);
  }

  /** The pictures come in LiteRT's order of axes. */
  transpose({ inputs: [from], attributes }) {
    check(from === this.#graph.inputs[0] && `${attributes.perm}` === "0,3,1,2", "transposition");
    return this.#indexOf(from);
  }

  toFloat({ inputs: [from] }) {
    return this.#operator("CAST", [this.#indexOf(from)], this.#tensors[this.#indexOf(from)].shape);
  }

  multiply({ inputs: [from, factor] }) {
    return this.#scalar("MUL", from, factor);
  }

  subtract({ inputs: [from, term] }) {
    return this.#scalar("SUB", from, term);
  }

  #scalar(type, from, scalar) {
    const { values } = this.#weight(scalar);
    check(values.length === 1, `${type} of two tensors`);
    return this.#operator(type, [this.#indexOf(from), this.#constant([1], values)], this.#tensors[this.#indexOf(from)].shape);
  }

  /** Let the convolution that computes a tensor apply an activation too. */
  #activate(name, activation) {
    const index = this.#indexOf(name);
    const operator = this.#operators.find(({ outputs: [output] }) => output === index);
    const readers = this.#graph.nodes.filter(({ inputs }) => inputs.includes(name));
    check(operator?.options.activation === ACTIVATIONS.none && readers.length === 1, "activation of what is no convolution");
    operator.options.activation = activation;
    return index;
  }

  #channelsFirst(index) {
    const [count, height, width, channels] = this.#tensors[index].shape;
    return this.#operator("TRANSPOSE", [index, this.#constant([4], Int32Array.of(0, 3, 1, 2))], [count, channels, height, width]);
  }

  #operator(type, inputs, shape, options = {}) {
    const output = this.#tensor(shape, "float32");
    this.#operators.push({ type, inputs, outputs: [output], options });
    return output;
  }

  #constant(shape, values) {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.#tensor(shape, values instanceof Int32Array ? "int32" : "float32", data);
  }

  #tensor(shape, type, data = null) {
    return this.#tensors.push({ shape, type, data }) - 1;
  }

  #indexOf(name) {
    check(this.#indices.has(name), `input ${name}`);
    return this.#indices.get(name);
  }

  #weight(name) {
    const weight = this.#graph.weights.get(name);
    check(weight, `constant ${name}`);
    return weight;
  }
}

const { convolve, add, resize, relu, relu6, transpose, toFloat, multiply, subtract } = Translation.prototype;
/** Operator of ONNX → what translates it: a function of the node that returns the index of its output. */
const RULES = { Conv: convolve, Add: add, Resize: resize, Relu: relu, Clip: relu6, Transpose: transpose, Cast: toFloat, Mul: multiply, Sub: subtract };

function check(isKnown, what) {
  if (!isKnown) throw new UnsupportedModelError(`this ${what} is unknown`);
}

/** Whether a convolution pads as LiteRT does with SAME: as little as possible, the odd pixel at the right and bottom. */
function isSamePadding({ pads = [0, 0, 0, 0], strides, dilations = [1, 1] }, kernel, stride) {
  const total = Math.max(kernel - stride, 0);
  const [before, after] = [Math.floor(total / 2), Math.ceil(total / 2)];
  return `${pads}` === `${[before, before, after, after]}` && `${strides}` === `${[stride, stride]}` && `${dilations}` === "1,1";
}

/** Return a convolution's weights, ordered (out, in, y, x), as LiteRT orders them: (out, y, x, in), depthwise (y, x, out). */
function reordered(values, [channelsOut, channelsIn, height, width], isDepthwise) {
  const area = height * width;
  if (area === 1) return values;
  const found = new Float32Array(values.length);
  for (let out = 0, from = 0; out < channelsOut; out++) {
    for (let into = 0; into < channelsIn; into++) {
      for (let at = 0; at < area; at++) found[isDepthwise ? at * channelsOut + out : (out * area + at) * channelsIn + into] = values[from++];
    }
  }
  return found;
}
