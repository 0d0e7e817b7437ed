/**
 * Raw heads of MoveNet to keypoints: the votes for one person (`castVotes`, `findModes`), or every person (`decodeMany`).
 *
 * A head is {data: Float32Array, dims: [1, channels, h, w]}, on a grid of one cell for every 4 × 4 pixels of the input:
 * "center" (1 channel) and "heatmap" (K) are logits; "regress" and "offset" (2K) are distances in cells, y and x in
 * turn. The rules, and the numbers, are those of `movenet.decode` in Python.
 */

import { oksWidths } from "./pose.js";

const MAX_DISTANCE_CELLS = 1e6;
const DISTANCE_OFFSET_CELLS = 1.8;
const VOTE_RADIUS_CELLS = 2;
const MEAN_SHIFT_STEPS = 3;
const NMS_RADIUS = 2;
const GAUSSIAN_VARIANCE = 0.3;
const MIN_KEYPOINT_SCORE = 0.127;

/**
 * What is known of the person to decode: y, x in 0…1 of the square.
 *
 * @typedef {object} Guide
 * @property {[number, number]} center of the person
 * @property {Array<[number, number]>} keypoints towards which the regressed ones are moved
 * @property {number} weight of these keypoints against the regressed ones, 0…1
 * @property {number} scale √area of the person, in sides of the square
 */

/**
 * Votes for the keypoints of one person; positions as `place` gives them.
 *
 * @typedef {object} Votes
 * @property {Array<[number, number]>} keypoints position given by the cell of the highest weight
 * @property {number[]} scores of that cell, 0…1
 * @property {Array<Array<[number, number, number]>>} votes for each keypoint positions and their weights
 */

/**
 * Return the votes for one person: the one nearest the middle, or that of the guide.
 *
 * @param {object} heads of one square
 * @param {Guide | null} guide
 * @param {number | null} offsetCells added to the distance by which a score is divided; null is the keypoint's OKS width
 *   where the guide knows the person's scale, else 1.8
 * @param {(y: number, x: number) => [number, number]} place maps y, x in 0…1 of the square to the result's positions
 * @returns {Votes}
 */
export function castVotes(heads, guide, offsetCells, place) {
  const { heatmap } = heads;
  const [, count, height, width] = heatmap.dims;
  const center = findCenter(heads.center, guide);
  const offsets = distanceOffsets(guide, offsetCells, count, Math.max(height, width));
  const found = { keypoints: [], scores: [], votes: [] };
  for (let k = 0; k < count; k++) {
    const expected = expectedKeypoint(heads.regress, center, guide, k);
    const best = findCell(heatmap, k, expected, offsets[k]);
    const position = ([y, x]) => {
      const [offsetY, offsetX] = pairAt(heads.offset, k, y, x);
      return place((y + offsetY) / height, (x + offsetX) / width);
    };
    found.keypoints.push(position(best));
    found.scores.push(scoreAt(heatmap, k, ...best));
    found.votes.push(
      cellsAround(best, height, width).map((cell) => [...position(cell), weightOf(heatmap, k, cell, expected, offsets[k])]),
    );
  }
  return found;
}

/**
 * Return the keypoints that the votes agree on most, [x, y, score] each: mean shift with a Gaussian kernel climbs from
 * the position of the best cell to a mode of the votes.
 *
 * @param {Votes} votes
 * @param {number[]} bandwidths standard deviation of the kernel for each keypoint, in the unit of the votes
 */
export function findModes({ keypoints, scores, votes }, bandwidths) {
  return keypoints.map((start, k) => {
    const precision = -0.5 / bandwidths[k] ** 2;
    let [x, y] = start;
    for (let step = 0; step < MEAN_SHIFT_STEPS; step++) {
      let [total, sumX, sumY] = [0, 0, 0];
      for (const [voteX, voteY, weight] of votes[k]) {
        const kernel = weight * Math.exp(((voteX - x) ** 2 + (voteY - y) ** 2) * precision);
        total += kernel;
        sumX += kernel * voteX;
        sumY += kernel * voteY;
      }
      if (total > 0) [x, y] = [sumX / total, sumY / total];
    }
    return [x, y, scores[k]];
  });
}

/** Return the person's center cell: high in the center map, near the guide's center or the middle. */
function findCenter(head, guide) {
  const [, , height, width] = head.dims;
  const known = guide?.center.every(Number.isFinite);
  const expected = known ? [guide.center[0] * height, guide.center[1] * width] : [height / 2, width / 2];
  return findCell(head, 0, expected, DISTANCE_OFFSET_CELLS);
}

/** Return where keypoint k is expected, in cells: the weighted mean of the regressed position and the guide's. */
function expectedKeypoint(regress, center, guide, k) {
  const [, , height, width] = regress.dims;
  const [offsetY, offsetX] = pairAt(regress, k, ...center);
  const regressed = [center[0] + offsetY, center[1] + offsetX];
  if (!guide) return regressed;
  const [y, x] = guide.keypoints[k];
  const shifts = [guide.weight * (y * height - regressed[0]), guide.weight * (x * width - regressed[1])];
  return regressed.map((value, axis) => value + (Number.isFinite(shifts[axis]) ? shifts[axis] : 0));
}

function distanceOffsets(guide, offsetCells, count, cells) {
  if (offsetCells !== null) return Array(count).fill(offsetCells);
  const widths = oksWidths((guide?.scale ?? Number.NaN) * cells, count);
  return widths.map((width) => (Number.isFinite(width) ? width : DISTANCE_OFFSET_CELLS));
}

/** Return the [y, x] of the cell of channel k with the highest weight; of equals the first. */
function findCell(head, k, [expectedY, expectedX], offset) {
  const [, , height, width] = head.dims;
  const start = k * height * width;
  let best = 0;
  let bestWeight = 0;
  let leastLogit = -Infinity; // of a cell that weighs more, even at no distance: most need no more than this comparison
  for (let y = 0, at = 0; y < height; y++) {
    const squaredY = (y - expectedY) ** 2;
    for (let x = 0; x < width; x++, at++) {
      const logit = head.data[start + at];
      if (!(logit > leastLogit)) continue;
      const weight = sigmoid(logit) / (Math.sqrt(squaredY + (x - expectedX) ** 2) + offset);
      if (weight > bestWeight) {
        best = at;
        bestWeight = weight;
        leastLogit = Math.log((weight * offset) / (1 - weight * offset));
      }
    }
  }
  return [Math.floor(best / width), best % width];
}

/** Return the weight of a cell: its score / (distance to the expected position + an offset). */
function weightOf(head, k, [y, x], expected, offset) {
  return scoreAt(head, k, y, x) / (Math.sqrt((y - expected[0]) ** 2 + (x - expected[1]) ** 2) + offset);
}

function cellsAround([y, x], height, width) {
  const cells = [];
  for (let row = Math.max(0, y - VOTE_RADIUS_CELLS); row <= Math.min(height - 1, y + VOTE_RADIUS_CELLS); row++) {
    for (let column = Math.max(0, x - VOTE_RADIUS_CELLS); column <= Math.min(width - 1, x + VOTE_RADIUS_CELLS); column++) {
      cells.push([row, column]);
    }
  }
  return cells;
}

/**
 * Return every person of one picture, highest center score first.
 *
 * @param {object} heads also "box_scale" and "box_offset" (2 channels): size of the box, and distance to its center
 * @param {number} minCenterScore a peak of the center map must score more than this, 0…1
 * @returns {Array<{keypoints: Array<[number, number, number]>, box: number[], score: number, center: [number, number]}>}
 *   keypoints y, x, score; box ymin, xmin, ymax, xmax; center y, x: all in 0…1 of the input
 */
export function decodeMany(heads, minCenterScore) {
  const [, , height, width] = heads.heatmap.dims;
  const variance = GAUSSIAN_VARIANCE * Math.min(height, width);
  const people = findPeaks(heads.center, minCenterScore).map((peak) => regressPerson(heads, peak));
  for (const person of people) person.cells = person.regressed.map((_, k) => findCellInBox(heads.heatmap, k, person, variance));
  return people.map(({ cell, centerScore, cells, box }) => {
    const scores = cells.map((at, k) => scoreAt(heads.heatmap, k, ...at) * proximity(at, k, people, variance));
    const counted = scores.filter((score) => score > MIN_KEYPOINT_SCORE);
    const mean = counted.reduce((sum, score) => sum + score, 0) / Math.max(counted.length, 1);
    const keypoints = cells.map(([y, x], k) => {
      const [offsetY, offsetX] = pairAt(heads.offset, k, y, x);
      return [(y + offsetY) / height, (x + offsetX) / width, scores[k]];
    });
    return {
      keypoints,
      box: [box[0] / height, box[1] / width, box[2] / height, box[3] / width],
      score: centerScore * mean,
      center: [cell[0] / height, cell[1] / width],
    };
  });
}

/** Return the peaks of the center map, {cell, centerScore}: the first highest of 5 × 5 cells. */
function findPeaks(head, minScore) {
  const [, , height, width] = head.dims;
  const scores = Float64Array.from(head.data, sigmoid);
  const peaks = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const score = scores[y * width + x];
      if (score > minScore && isPeak(scores, height, width, y, x)) peaks.push({ cell: [y, x], centerScore: score });
    }
  }
  return peaks.sort((one, other) => other.centerScore - one.centerScore);
}

function isPeak(scores, height, width, y, x) {
  const score = scores[y * width + x];
  for (let row = Math.max(0, y - NMS_RADIUS); row <= Math.min(height - 1, y + NMS_RADIUS); row++) {
    for (let column = Math.max(0, x - NMS_RADIUS); column <= Math.min(width - 1, x + NMS_RADIUS); column++) {
      const isEarlier = row < y || (row === y && column < x);
      const other = scores[row * width + column];
      if (other > score || (isEarlier && other === score)) return false;
    }
  }
  return true;
}

/** Add the regressed keypoints and the box of a person, both in cells. */
function regressPerson(heads, { cell, centerScore }) {
  const [, count, height, width] = heads.heatmap.dims;
  const regressed = Array.from({ length: count }, (_, k) => {
    const [y, x] = pairAt(heads.regress, k, ...cell);
    return [cell[0] + y, cell[1] + x];
  });
  const half = pairAt(heads.box_scale, 0, ...cell).map((size) => Math.max(size, 0) / 2);
  const [offsetY, offsetX] = pairAt(heads.box_offset, 0, ...cell);
  const [middleY, middleX] = [cell[0] + offsetY, cell[1] + offsetX];
  const box = [
    clamp(middleY - half[0], 0, height), clamp(middleX - half[1], 0, width),
    clamp(middleY + half[0], 0, height), clamp(middleX + half[1], 0, width),
  ];
  return { cell, centerScore, regressed, box };
}

/** Return the highest cell of heatmap k in the box, after a Gaussian weight around the regressed keypoint. */
function findCellInBox(heatmap, k, { regressed, box }, variance) {
  const [, , height, width] = heatmap.dims;
  const [top, left, bottom, right] = box.map(Math.ceil);
  const [expectedY, expectedX] = regressed[k];
  let [best, bestWeight] = [[0, 0], -1];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const squared = (y - expectedY) ** 2 + (x - expectedX) ** 2;
      const weight = sigmoid(heatmap.data[(k * height + y) * width + x]) * Math.exp(squared / -variance);
      if (weight > bestWeight) [best, bestWeight] = [[y, x], weight];
    }
  }
  return best;
}

/** Return exp(−distance² / variance) of a cell to the nearest regressed keypoint k of a person whose box holds it. */
function proximity([y, x], k, people, variance) {
  let highest = 0;
  for (const { regressed, box } of people) {
    if (y < box[0] || x < box[1] || y >= box[2] || x >= box[3]) continue;
    const squared = (y - regressed[k][0]) ** 2 + (x - regressed[k][1]) ** 2;
    highest = Math.max(highest, Math.exp(squared / -variance));
  }
  return highest;
}

/** Return the y and x that a head holds for keypoint k in a cell; what is not finite is 0. */
function pairAt({ data, dims }, k, y, x) {
  const [, , height, width] = dims;
  const at = (2 * k * height + y) * width + x;
  return [distance(data[at]), distance(data[at + height * width])];
}

function distance(value) {
  return Number.isFinite(value) ? clamp(value, -MAX_DISTANCE_CELLS, MAX_DISTANCE_CELLS) : 0;
}

function scoreAt({ data, dims }, k, y, x) {
  return sigmoid(data[(k * dims[2] + y) * dims[3] + x]);
}

/** Return the score, 0…1, of a logit; NaN scores 0. */
function sigmoid(logit) {
  return Number.isNaN(logit) ? 0 : 1 / (1 + Math.exp(-logit));
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
