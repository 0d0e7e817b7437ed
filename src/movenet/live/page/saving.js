/** Recordings (video, and poses as JSON Lines) and snapshots, saved in the browser. */

const TYPES = ["video/webm;codecs=vp8", "video/webm", "video/mp4"];
const LINES_AT_ONCE = 500;
const COUNTDOWN = [3, 2, 1];

/** Call `show` with 3, 2 and 1, a second each, and then with null. */
export async function countDown(show) {
  for (const number of COUNTDOWN) {
    show(number);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  show(null);
}

/** Return seconds as minutes and seconds, such as "1:05". */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${`${Math.floor(seconds % 60)}`.padStart(2, "0")}`;
}

/** Whether this browser can record. */
export function canRecord() {
  return typeof MediaRecorder !== "undefined" && TYPES.some((type) => MediaRecorder.isTypeSupported(type));
}

export class Recording {
  #recorder;
  #pieces = [];
  #lines = [];
  #texts = [];
  #count = 0;

  /** Start recording a canvas; `source` is the name in the records. */
  constructor(canvas, source) {
    this.source = source;
    this.type = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.startedAt = performance.now();
    this.#recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: this.type, videoBitsPerSecond: 4_000_000 });
    this.#recorder.ondataavailable = (event) => event.data.size && this.#pieces.push(event.data);
    this.#recorder.start(1000);
    addEventListener("beforeunload", askToStay);
  }

  /** Seconds since the start. */
  get lengthS() {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** Add the poses of a frame, as a record with the time in the recorded video. */
  add({ width, height, poses }) {
    const time_s = Math.round(this.lengthS * 1e6) / 1e6;
    const record = { source: this.source, frame: this.#count++, time_s, width, height, poses: poses.map(rounded) };
    this.#lines.push(JSON.stringify(record));
    if (this.#lines.length >= LINES_AT_ONCE) this.#flush();
  }

  /** Stop and return the two files {video, poses}. */
  async stop() {
    removeEventListener("beforeunload", askToStay);
    const ended = new Promise((resolve) => (this.#recorder.onstop = resolve));
    this.#recorder.stop();
    this.#recorder.stream.getTracks().forEach((track) => track.stop());
    await ended;
    this.#flush();
    const [name, suffix] = [timestamp(), this.type.includes("mp4") ? "mp4" : "webm"];
    return {
      video: new File(this.#pieces, `movenet-${name}.${suffix}`, { type: this.type }),
      poses: new File(this.#texts, `movenet-${name}.jsonl`, { type: "application/x-ndjson" }),
    };
  }

  /** Move lines into a Blob, which browsers can keep on disk, so that hours of recording fit. */
  #flush() {
    if (this.#lines.length) this.#texts.push(new Blob([`${this.#lines.join("\n")}\n`]));
    this.#lines = [];
  }
}

/** Return a pose with the digits that `movenet.records` writes: hundredths of a pixel, scores to four decimals. */
function rounded({ id, score, box, keypoints }) {
  const toSteps = (steps) => (value) => (Number.isFinite(value) ? Math.round(steps * value) / steps : null);
  const [pixels, share] = [toSteps(100), toSteps(10_000)];
  const points = keypoints.map(([x, y, pointScore]) => [pixels(x), pixels(y), share(pointScore)]);
  return { id, score: share(score), box: box && box.map(pixels), keypoints: points };
}

/** Return the canvas's picture as a PNG file. */
export async function snapshot(canvas) {
  const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([picture], `movenet-${timestamp()}.png`, { type: "image/png" });
}

/** Download a file, and return a link that downloads it again. */
export function save(file, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.textContent = text;
  link.click();
  return link;
}

/** Let the browser ask whether to leave the page: the recording would be lost. */
function askToStay(event) {
  event.preventDefault();
}

function timestamp() {
  const now = new Date();
  const two = (value) => `${value}`.padStart(2, "0");
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map(two).join("");
  return `${day}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("")}`;
}
