/** What the user takes home: a recording (video, and poses as JSON Lines) or a snapshot. */

const TYPES = ["video/webm;codecs=vp8", "video/webm", "video/mp4"];
const LINES_AT_ONCE = 500;

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

  /** Begin to record what is drawn on a canvas; `source` is the name that the records bear. */
  constructor(canvas, source) {
    this.source = source;
    this.type = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.startedAt = performance.now();
    this.#recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: this.type, videoBitsPerSecond: 4_000_000 });
    this.#recorder.ondataavailable = (event) => event.data.size && this.#pieces.push(event.data);
    this.#recorder.start(1000);
  }

  /** Seconds since the start. */
  get lengthS() {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** Keep the poses of a frame: a record whose time is that in the recorded video. */
  add({ width, height, poses }) {
    const time_s = Math.round(this.lengthS * 1e6) / 1e6;
    this.#lines.push(JSON.stringify({ source: this.source, frame: this.#count++, time_s, width, height, poses }));
    if (this.#lines.length >= LINES_AT_ONCE) this.#flush();
  }

  /** End it and return {video, poses}, two files. */
  async stop() {
    const ended = new Promise((resolve) => (this.#recorder.onstop = resolve));
    this.#recorder.stop();
    this.#recorder.stream.getTracks().forEach((track) => track.stop());
    await ended;
    this.#flush();
    const [name, suffix] = [stamp(), this.type.includes("mp4") ? "mp4" : "webm"];
    return {
      video: new File(this.#pieces, `movenet-${name}.${suffix}`, { type: this.type }),
      poses: new File(this.#texts, `movenet-${name}.jsonl`, { type: "application/x-ndjson" }),
    };
  }

  /** Lines go into a Blob, which browsers may keep on disk, so that hours fit. */
  #flush() {
    if (this.#lines.length) this.#texts.push(new Blob([`${this.#lines.join("\n")}\n`]));
    this.#lines = [];
  }
}

/** Return the canvas's picture as a PNG file. */
export async function snapshot(canvas) {
  const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([picture], `movenet-${stamp()}.png`, { type: "image/png" });
}

/** Save a file the way a click on a link does, and return such a link. */
export function save(file, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.textContent = text;
  link.click();
  return link;
}

function stamp() {
  const now = new Date();
  const two = (value) => `${value}`.padStart(2, "0");
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map(two).join("");
  return `${day}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("")}`;
}
