/** Writes graphs of tflite_graph.js as TFLite files, which LiteRT loads. Numbers and fields are those of its schema. */

import { Builder } from "./flatbuffers/builder.js";

const IDENTIFIER = "TFL3";
const VERSION = 3;
const SIGNATURE = "serving_default";
/** LiteRT reads constants in place: each begins at a multiple of so many bytes. */
const ALIGNMENT = 16;
const INITIAL_BYTES = 1 << 16;
const MAX_FIELDS = 8;

const TYPES = { float32: 0, int32: 2, uint8: 3 };

/** Operators: number, version, number of the table of options, and its fields but those that are 0. */
const OPERATORS = {
  ADD: { code: 0, version: 1, table: 11, fields: () => [] },
  CONV_2D: { code: 3, version: 1, table: 1, fields: ({ stride, activation }) => [int(1, stride), int(2, stride), byte(3, activation)] },
  DEPTHWISE_CONV_2D: {
    code: 4, version: 1, table: 2,
    fields: ({ stride, activation }) => [int(1, stride), int(2, stride), int(3, 1), byte(4, activation)], // 3: multiplier of channels
  },
  MUL: { code: 18, version: 1, table: 21, fields: () => [] },
  RESIZE_BILINEAR: { code: 23, version: 3, table: 15, fields: () => [byte(3, 1)] }, // half_pixel_centers
  TRANSPOSE: { code: 39, version: 1, table: 26, fields: () => [] },
  SUB: { code: 41, version: 1, table: 28, fields: () => [] },
  CAST: { code: 53, version: 1, table: 37, fields: () => [byte(0, TYPES.uint8), byte(1, TYPES.float32)] },
};
const TYPES_OF_OPERATORS = Object.keys(OPERATORS);

/** Fields of a table: a function of the file that adds the field of a number. */
const int = (number, value) => (file) => file.addFieldInt32(number, value, 0);
const byte = (number, value) => (file) => file.addFieldInt8(number, value, 0);
const offset = (number, value) => (file) => file.addFieldOffset(number, value, 0);

/**
 * Write a file.
 *
 * @param {import("./tflite_graph.js").TfliteGraph} graph
 * @returns {Uint8Array}
 */
export function writeTflite({ tensors, operators, inputs, outputs }) {
  const constants = tensors.filter(({ data }) => data);
  const file = new Builder(constants.reduce((sum, { data }) => sum + data.length + ALIGNMENT, INITIAL_BYTES));
  // Buffer 0 is empty: it is that of the tensors which are no constants.
  const buffers = offsets(file, [table(file, []), ...constants.map(({ data }) => table(file, [offset(0, constant(file, data))]))]);
  const bufferOf = new Map(constants.map((tensor, i) => [tensor, i + 1]));
  const subgraph = table(file, [
    offset(0, offsets(file, tensors.map((tensor, i) => writeTensor(file, tensor, `${i}`, bufferOf.get(tensor) ?? 0)))),
    offset(1, integers(file, inputs)),
    offset(2, integers(file, outputs)),
    offset(3, offsets(file, operators.map((operator) => writeOperator(file, operator)))),
    offset(4, file.createString(SIGNATURE)),
  ]);
  const model = table(file, [
    int(0, VERSION),
    offset(1, offsets(file, TYPES_OF_OPERATORS.map((type) => writeCode(file, OPERATORS[type])))),
    offset(2, offsets(file, [subgraph])),
    offset(4, buffers),
    offset(7, offsets(file, [writeSignature(file, inputs, outputs)])),
  ]);
  file.finish(model, IDENTIFIER);
  return file.asUint8Array();
}

function writeTensor(file, { shape, type }, name, buffer) {
  return table(file, [offset(0, integers(file, shape)), byte(1, TYPES[type]), int(2, buffer), offset(3, file.createString(name))]);
}

function writeOperator(file, { type, inputs, outputs, options }) {
  const { table: number, fields } = OPERATORS[type];
  return table(file, [
    int(0, TYPES_OF_OPERATORS.indexOf(type)),
    offset(1, integers(file, inputs)),
    offset(2, integers(file, outputs)),
    byte(3, number),
    offset(4, table(file, fields(options))),
  ]);
}

/** Older readers look for the number in the first field, a byte. */
function writeCode(file, { code, version }) {
  return table(file, [byte(0, code), int(2, version), int(3, code)]);
}

/** The names of inputs and outputs, which LiteRT requires: their places. */
function writeSignature(file, inputs, outputs) {
  const names = (tensors) => offsets(file, tensors.map((tensor, i) => table(file, [offset(0, file.createString(`${i}`)), int(1, tensor)])));
  return table(file, [offset(0, names(inputs)), offset(1, names(outputs)), offset(2, file.createString(SIGNATURE))]);
}

function table(file, fields) {
  file.startObject(MAX_FIELDS);
  for (const add of fields) add(file);
  return file.endObject();
}

function constant(file, data) {
  file.prep(ALIGNMENT, data.length);
  return file.createByteVector(data);
}

function integers(file, values) {
  file.startVector(4, values.length, 4);
  for (const value of [...values].reverse()) file.addInt32(value);
  return file.endVector();
}

function offsets(file, values) {
  file.startVector(4, values.length, 4);
  for (const value of [...values].reverse()) file.addOffset(value);
  return file.endVector();
}
