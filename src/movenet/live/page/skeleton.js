/**
 * Skeletons on a canvas: what `movenet.drawing` draws in Python, and joint angles. No state.
 *
 * A pose is what a record holds (docs/first-steps.md): {id, score, box: [x, y, width, height] | null,
 * keypoints: [[x, y, score] × 17]}, in pixels of the picture, origin at its top-left corner, y down, left and right
 * the person's own; null stands for a number that is not known.
 */

import { ANGLE_TABLE } from "./angles.js";

export const KEYPOINTS = Object.freeze([
  "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
  "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
  "right_ankle",
]);

/** Pairs of points that a line joins; point 17 is the neck, half-way between the shoulders. */
export const BONES = Object.freeze([
  [0, 1], [0, 2], [1, 3], [2, 4], [5, 7], [7, 9], [6, 8], [8, 10], [5, 6], [5, 11], [6, 12], [11, 12], [11, 13],
  [13, 15], [12, 14], [14, 16], [0, 17],
]);

/** [left, middle, right] as CSS colours; the same as `movenet.drawing.PALETTES`. */
export const PALETTES = Object.freeze({
  clear: ["rgb(255, 159, 28)", "rgb(245, 245, 245)", "rgb(86, 180, 233)"],
  classic: ["rgb(255, 0, 255)", "rgb(255, 255, 0)", "rgb(0, 255, 255)"],
});

/** Whoever has id n is labelled, and with palette "person" drawn, in colour n modulo 10. */
export const PERSON_COLOURS = Object.freeze([
  [0, 158, 115], [230, 159, 0], [86, 180, 233], [204, 121, 167], [240, 228, 66], [0, 114, 178], [213, 94, 0],
  [153, 221, 255], [170, 68, 153], [153, 153, 51],
]);

/** Joints that have an angle: name, and the indices of one neighbour, the joint, the other neighbour. */
export const ANGLES = Object.freeze(
  ANGLE_TABLE.joints.map(([name, ...points]) => [name, ...points.map((point) => KEYPOINTS.indexOf(point))]),
);

const OUTLINE = "rgb(22, 22, 22)";
const PIN = "rgb(255, 255, 255)";
const NECK = 17;
const FACE = 5;

/**
 * Draw skeletons over the whole canvas of `context`, larger people in front.
 *
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context its own transform stays in force
 * @param {Array} poses as above
 * @param {object} [options]
 * @param {number} [options.width] of the picture that the poses refer to, in pixels; the canvas's own if not given
 * @param {number} [options.height] likewise
 * @param {boolean} [options.mirror] draw as in a mirror; sides keep their colours, numbers stay readable
 * @param {number} [options.minScore] keypoints scoring less, 0…1, are left out, and bones that end in them
 * @param {string} [options.palette] "clear", "classic" or "person"
 * @param {number} [options.lineWidth] of the bones in pixels of the canvas; chosen from each person's size if not given
 * @param {boolean} [options.angles] write the angle at each joint, in degrees
 * @param {number} [options.textScale] how much larger or smaller than usual writing is
 * @param {number} [options.density] pixels of the canvas for one of the screen, if it is shown larger or smaller than
 *   it is: then bones and writing are wide enough for the screen
 */
export function drawPoses(context, poses, options = {}) {
  const settings = { mirror: false, minScore: 0.3, palette: "clear", angles: false, textScale: 1, density: null, ...options };
  const figures = poses.map((pose, at) => figure(context.canvas, pose, at, settings)).filter(Boolean);
  figures.sort((one, other) => one.size - other.size);
  context.save();
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const person of figures) drawFigure(context, person);
  for (const person of figures) {
    if (settings.angles) drawAngles(context, person, settings);
    if (person.pose.id !== null && person.pose.id !== undefined) drawId(context, person, settings);
  }
  context.restore();
}

/**
 * Draw the skeletons of a record over the whole canvas of `context`, as `drawPoses` does. Ids and colours tell several
 * people apart; the one person of a model that follows one has no label.
 *
 * @param {object} record {width, height, poses}
 * @param {boolean} isMany whether the model follows several people
 * @param {object} options of `drawPoses`
 */
export function drawRecord(context, { width, height, poses }, isMany, options) {
  const drawn = isMany ? poses : poses.map((pose) => ({ ...pose, id: null }));
  drawPoses(context, drawn, { width, height, palette: poses.length > 1 ? "person" : "clear", ...options });
}

/**
 * Return the angles at elbows, shoulders, hips and knees as they appear in the picture.
 *
 * An angle is 0…180 degrees without a sign, between the two limbs that meet in the joint: 180 is a straight arm or
 * leg, and a shoulder or hip in line with the trunk. Seen from one camera it is the angle in the plane of the picture.
 *
 * @returns {Array<{name: string, degrees: number, joint: number}>} only of joints whose three points score enough
 */
export function jointAngles(pose, minScore = 0.3) {
  const found = [];
  for (const [name, from, joint, to] of ANGLES) {
    const points = [from, joint, to].map((k) => pose.keypoints[k]);
    if (!points.every((point) => isSeen(point, minScore))) continue;
    const degrees = angleAt(...points);
    if (Number.isFinite(degrees)) found.push({ name, degrees, joint });
  }
  return found;
}

/**
 * Return the record in a JSON text, or in an object that one was, after checking that it can be drawn.
 *
 * @returns {{source: string, frame: number, time_s: number, width: number, height: number, poses: Array}}
 * @throws {TypeError} if it is no record
 */
export function parseRecord(text) {
  const record = typeof text === "string" ? JSON.parse(text) : text;
  const sound = record !== null && typeof record === "object" && Array.isArray(record.poses)
    && [record.frame, record.time_s, record.width, record.height].every(Number.isFinite)
    && record.poses.every((pose) => Array.isArray(pose?.keypoints) && pose.keypoints.every(Array.isArray));
  if (!sound) throw new TypeError("expected a record with poses, got something else");
  return record;
}

/** Return the CSS colour of the person with a number. */
export function personColour(number) {
  return css(PERSON_COLOURS[((number % PERSON_COLOURS.length) + PERSON_COLOURS.length) % PERSON_COLOURS.length]);
}

function isSeen(point, minScore) {
  return point !== undefined && Number.isFinite(point[0]) && Number.isFinite(point[1]) && point[2] >= minScore;
}

function angleAt(from, joint, to) {
  const [ax, ay, bx, by] = [from[0] - joint[0], from[1] - joint[1], to[0] - joint[0], to[1] - joint[1]];
  if (Math.hypot(ax, ay) === 0 || Math.hypot(bx, by) === 0) return Number.NaN;
  // atan2 of cross and dot product is exact near 0 and 180 degrees, where the arc cosine is not.
  return (Math.abs(Math.atan2(ax * by - ay * bx, ax * bx + ay * by)) * 180) / Math.PI;
}

/** Return a person in pixels of the canvas, ready to be drawn, or null if nothing of them is to be seen. */
function figure(canvas, pose, at, settings) {
  const width = settings.width ?? canvas.width;
  const [scaleX, scaleY] = [canvas.width / width, canvas.height / (settings.height ?? canvas.height)];
  const seen = pose.keypoints.map((point) => isSeen(point, settings.minScore));
  if (!seen.some(Boolean)) return null;
  const points = pose.keypoints.map(([x, y]) => [(settings.mirror ? width - x : x) * scaleX, y * scaleY]);
  const shown = points.filter((_, k) => seen[k]);
  const spans = [0, 1].map((axis) => span(shown.map((point) => point[axis])));
  // A stray point far outside makes nobody larger than the canvas allows.
  const size = Math.min(Math.max(...spans), 2 * Math.max(canvas.width, canvas.height));
  if (points.length === KEYPOINTS.length) {
    points.push([(points[5][0] + points[6][0]) / 2, (points[5][1] + points[6][1]) / 2]);
    seen.push(seen[5] && seen[6]);
  }
  const colours = PALETTES[settings.palette] ?? shades(pose.id ?? at);
  return { pose, points, seen, size, colours, lineWidth: settings.lineWidth ?? Math.max(1.3 * (settings.density ?? 1), size / 85) };
}

function span(values) {
  return Math.max(...values) - Math.min(...values);
}

/** 0 for the left side, 1 for the middle, 2 for the right. */
function part(k) {
  const name = KEYPOINTS[k] ?? "neck";
  return name.startsWith("left_") ? 0 : name.startsWith("right_") ? 2 : 1;
}

/** A line between the sides is in the middle; one from the nose to an eye belongs to the eye. */
function bonePart([a, b]) {
  const [one, other] = [part(a), part(b)];
  return Math.abs(one - other) === 1 ? one + other - 1 : (one + other) / 2;
}

/** The dark outline of it all first, then bones, dots and, where there is room, a pin in each dot. */
function drawFigure(context, person) {
  const { points, seen, colours, lineWidth } = person;
  const bones = points.length > KEYPOINTS.length ? BONES.filter(([a, b]) => seen[a] && seen[b]) : [];
  const dots = points.map((_, k) => k).filter((k) => seen[k] && k !== NECK);
  const outline = Math.max(0.8, 0.28 * lineWidth);
  const boneWidth = ([a, b]) => lineWidth * (a < FACE && b < FACE ? 0.65 : 1);
  const radius = (k) => lineWidth * (k < FACE && points.length > KEYPOINTS.length ? 0.75 : 1.15);
  for (const bone of bones) strokeBone(context, points, bone, boneWidth(bone) + 2 * outline, OUTLINE);
  for (const k of dots) fillDot(context, points[k], radius(k) + outline, OUTLINE);
  for (const bone of bones) strokeBone(context, points, bone, boneWidth(bone), colours[bonePart(bone)]);
  for (const k of dots) fillDot(context, points[k], radius(k), colours[part(k)]);
  if (lineWidth < 2.5) return;
  for (const k of dots) fillDot(context, points[k], radius(k) * 0.42, PIN);
}

function strokeBone(context, points, [a, b], width, colour) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(...points[a]);
  context.lineTo(...points[b]);
  context.stroke();
}

function fillDot(context, [x, y], radius, colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function drawAngles(context, person, settings) {
  const usual = fontSize(context.canvas, settings);
  const height = clamp(person.size / 24, 0.65 * usual, 0.9 * usual);
  for (const { name, degrees, joint } of jointAngles(person.pose, settings.minScore)) {
    const [x, y] = person.points[joint];
    const away = x < beside(person, name, joint) ? -1 : 1;
    drawPlate(context, `${Math.round(degrees)}°`, [x + away * (1.6 * height + 2 * person.lineWidth), y], {
      height, fill: "rgba(22, 22, 22, 0.72)", ink: person.colours[settings.palette in PALETTES ? part(joint) : 0],
    });
  }
}

/** Where the same joint of the other side is, or else the middle of the person: an angle is written on the far side. */
function beside(person, name, joint) {
  const other = name.startsWith("left_") ? joint + 1 : joint - 1;
  return person.seen[other] ? person.points[other][0] : centreX(person);
}

function centreX(person) {
  const seen = person.points.filter((_, k) => person.seen[k]);
  return seen.reduce((sum, [x]) => sum + x, 0) / seen.length;
}

/** Write the id on a plate above the head, moved into the picture where it would leave it. */
function drawId(context, person, settings) {
  const [colour, height] = [personColour(person.pose.id), Math.max(fontSize(context.canvas, settings), person.size / 28)];
  const [red, green, blue] = PERSON_COLOURS[person.pose.id % PERSON_COLOURS.length] ?? [255, 255, 255];
  const ink = 0.299 * red + 0.587 * green + 0.114 * blue > 110 ? OUTLINE : PIN;
  drawPlate(context, `${person.pose.id}`, aboveHead(person), { height, fill: colour, ink });
}

function aboveHead(person) {
  const face = person.points.slice(0, FACE).filter((_, k) => person.seen[k]);
  const near = face.length ? face : person.points.filter((_, k) => person.seen[k]);
  const top = near.reduce((one, other) => (other[1] < one[1] ? other : one));
  const x = face.length ? face.reduce((sum, point) => sum + point[0], 0) / face.length : top[0];
  return [x, top[1] - (face.length ? 0.13 : 0.06) * person.size];
}

function drawPlate(context, text, [x, y], { height, fill, ink }) {
  context.font = `600 ${height}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const [half, tall] = [context.measureText(text).width / 2 + 0.45 * height, 0.75 * height];
  const { width: right, height: bottom } = context.canvas;
  const [midX, midY] = [clamp(x, half, right - half), clamp(y, tall, bottom - tall)];
  context.fillStyle = fill;
  context.beginPath();
  context.roundRect(midX - half, midY - tall, 2 * half, 2 * tall, 0.4 * height);
  context.fill();
  context.fillStyle = ink;
  context.fillText(text, midX, midY + 0.06 * height);
}

function fontSize(canvas, { density, textScale }) {
  return textScale * (density === null ? Math.max(11, Math.min(canvas.width, canvas.height) / 34) : 14 * density);
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

function shades(number) {
  const own = PERSON_COLOURS[number % PERSON_COLOURS.length];
  const mixed = (end, share) => css(own.map((value) => Math.round(value + share * (end - value))));
  return [mixed(255, 0.4), css(own), mixed(0, 0.25)];
}

function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}
