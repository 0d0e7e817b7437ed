/**
 * The browser's part of the notebook widget: it has the camera; the model runs in the kernel (messages: messages.py).
 *
 * A `Feed`, one per widget, owns the camera: it sends a picture and, when its poses are back, the newest picture. If
 * transfer takes longer than estimation, two pictures are in flight at once.
 * A `View`, one for each place where the widget is shown, draws. Without a view or a kernel the camera is off.
 */
import { Quality } from "../live/page/quality.js";
import { drawPoses, parseRecord } from "../live/page/skeleton.js";
import { ENGLISH, TEXTS } from "./texts.js";

const BUSY_AFTER_MS = 2_000;
/** After this time without an answer a hello is sent to the kernel: the picture may be lost. */
const HELLO_AFTER_MS = 15_000;
/** States of JupyterLab's kernel in which the widget's Python object no longer exists. */
const LOST_STATES = new Set(["restarting", "autorestarting", "terminating", "dead"]);
const CHECK_EVERY_MS = 250;
/** After this time without an answer the live picture is shown without a skeleton. */
const STALE_MS = 400;

const CAMERA_ERRORS = {
  NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "none", OverconstrainedError: "none",
  NotReadableError: "taken_by_app", AbortError: "taken_by_app",
};

/** The camera of one widget, and its messages with the kernel. */
class Feed {
  client = crypto.randomUUID?.() ?? String(Math.random());
  state = "off";
  problem = "connecting";
  detail = "";
  notice = "";
  stream = null;
  record = null;
  views = new Set();
  quality = new Quality();
  canvases = [0, 1, 2].map(() => new OffscreenCanvas(1, 1));
  sentCanvas = new OffscreenCanvas(1, 1);
  number = 0;
  newest = null;
  /** Pictures without an answer: number → times of capture and sending, and canvas. */
  inFlight = new Map();
  shownCanvas = null;
  encoding = false;
  lastTime = -Infinity;
  drawn = [];

  constructor(model) {
    this.model = model;
    model.on("msg:custom", (content) => this.onMessage(content));
    model.on("comm_live_update", () => this.onCommChange());
    // JupyterLab reports that a kernel has ended; in other front ends it only stops answering.
    this.kernel = model.widget_manager?.kernel;
    this.onStatus = (_, status) => LOST_STATES.has(status) && this.onKernelLost();
    this.kernel?.statusChanged?.connect(this.onStatus);
    this.watch = setInterval(() => this.check(), CHECK_EVERY_MS);
  }

  close() {
    clearInterval(this.watch);
    this.kernel?.statusChanged?.disconnect(this.onStatus);
    this.stop("");
  }

  sendMessage(type, content = {}, buffers = undefined) {
    try {
      this.model.send({ type, client: this.client, ...content }, undefined, buffers);
    } catch {
      this.onKernelLost();
    }
  }

  /** Ask the kernel for a welcome message. */
  sendHello() {
    this.sendMessage("hello");
  }

  /** The connection to the kernel was lost or restored. */
  async onCommChange() {
    if (!this.id) return;
    const model = await this.model.widget_manager?.get_model?.(this.id).catch(() => null);
    if (model?.comm_live) this.sendHello();
    else this.onKernelLost();
  }

  onMessage(content) {
    if (content.client !== undefined && content.client !== null && content.client !== this.client) return;
    if (content.type === "poses" || content.type === "error") this.onAnswer(content);
    else if (content.type === "welcome") this.onWelcome(content);
    else if (content.type === "start") this.start();
    else if (content.type === "stop") this.stop("");
    else if (content.type === "taken") this.stop("elsewhere");
    else if (content.type === "callback") this.showNotice(`${TEXTS.callback} ${content.message}`);
  }

  onWelcome(content) {
    this.id = content.model_id;
    // The kernel answers in order: a picture that it has not answered by now is lost.
    for (const [number, sent] of this.inFlight) if (sent.checked) this.inFlight.delete(number);
    if (this.problem === "connecting" || this.problem === "gone") this.setState("off", "off");
    if (content.start) this.start();
    this.send();
  }

  async start() {
    if (this.state !== "off" || this.views.size === 0) return undefined;
    if (this.problem === "gone" || this.problem === "connecting") return this.sendHello();
    if (!navigator.mediaDevices?.getUserMedia) return this.fail("insecure");
    this.setState("asking", "asking");
    try {
      const constraints = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 }, facingMode: "user" };
      const stream = await navigator.mediaDevices.getUserMedia({ video: constraints, audio: false });
      if (this.state !== "asking") return stream.getTracks().forEach((track) => track.stop());
      this.stream = stream;
    } catch (error) {
      return this.fail(CAMERA_ERRORS[error.name] ?? "failed", error.name in CAMERA_ERRORS ? "" : error.message);
    }
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.stop("unplugged"));
    this.newest = null;
    this.inFlight.clear();
    this.notice = "";
    this.setState("on", "");
    this.sendMessage("start");
    return undefined;
  }

  fail(problem, detail = "") {
    const name = problem === "refused" && location.protocol === "vscode-webview:" ? "closed" : problem;
    this.setState("off", name, detail);
    this.sendMessage("stop", { reason: `${ENGLISH[name]} ${detail}`.trim() });
  }

  stop(problem) {
    if (this.state === "off") return;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.newest = this.record = this.shownCanvas = null;
    this.inFlight.clear();
    this.drawn = [];
    this.setState("off", problem || "off");
    if (problem !== "gone") this.sendMessage("stop", { reason: problem ? ENGLISH[problem] : "" });
  }

  onKernelLost() {
    this.notice = "";
    if (this.state === "off") this.setState("off", "gone");
    else this.stop("gone");
  }

  setState(state, problem, detail = "") {
    [this.state, this.problem, this.detail] = [state, problem, detail];
    for (const view of this.views) view.show();
  }

  showNotice(text) {
    this.notice = text;
    for (const view of this.views) view.show();
  }

  add(view) {
    this.views.add(view);
    view.show();
    this.sendHello();
  }

  remove(view) {
    this.views.delete(view);
    if (this.views.size === 0) this.stop("");
  }

  /** A view shows a new picture of the camera, taken at `time`, in milliseconds of this page's clock. */
  onPicture(video, time) {
    this.newest = { video, time };
    this.send();
  }

  /** Largest number of pictures in flight at once. */
  maxInFlight() {
    const last = this.drawn.at(-1);
    return last && last.inFlight > last.kernel ? 2 : 1;
  }

  send() {
    if (this.state !== "on" || this.encoding || this.inFlight.size >= this.maxInFlight()) return;
    if (!this.newest || this.newest.time <= this.lastTime) return;
    const { video, time } = this.newest;
    this.newest = null;
    this.lastTime = time;
    this.number += 1;
    const canvas = this.canvases[this.number % this.canvases.length];
    this.post(video, this.number, { time, canvas, started: performance.now() });
  }

  async post(video, number, sent) {
    this.inFlight.set(number, sent);
    this.encoding = true;
    try {
      const bytes = await encode(sent.canvas, this.sentCanvas, video, this.quality.step);
      if (!this.inFlight.has(number)) return;
      sent.sent = performance.now();
      this.sendMessage("frame", { frame: number, time_s: sent.time / 1000 }, [bytes]);
    } catch (error) {
      this.inFlight.delete(number);
      if (this.stream) throw error; // a camera that has just ended has no picture; any other error is a bug
    } finally {
      this.encoding = false;
      this.send();
    }
  }

  onAnswer(content) {
    const sent = this.inFlight.get(content.frame);
    if (content.type === "error") this.showNotice(`${TEXTS.error} ${content.message}`);
    if (!sent || this.state !== "on") return;
    // The kernel answers in order: what was sent before is lost.
    for (const number of this.inFlight.keys()) if (number <= content.frame) this.inFlight.delete(number);
    if (content.type === "poses") this.draw(content, sent);
    this.send();
  }

  draw(content, sent) {
    this.record = parseRecord(content);
    this.shownCanvas = sent.canvas;
    for (const view of this.views) view.draw();
    const now = performance.now();
    const kernel = (content.kernel_s.decoded + content.kernel_s.estimated) * 1000;
    this.quality.observe(now - sent.sent - kernel, now);
    this.drawn.push({ at: now, latency: now - sent.time, inFlight: now - sent.sent - kernel, kernel });
    while (this.drawn.length && this.drawn[0].at < now - 2000) this.drawn.shift();
    if (this.problem === "busy") this.setState("on", "");
  }

  /** Check whether the kernel still answers. */
  check() {
    const last = this.drawn.at(-1);
    if (this.record && performance.now() - (last?.at ?? 0) > STALE_MS) {
      this.record = null;
      for (const view of this.views) view.draw();
    }
    for (const view of this.views) view.count();
    const oldest = this.inFlight.values().next().value;
    const waitedMs = this.state === "on" && oldest ? performance.now() - oldest.started : 0;
    if (waitedMs > BUSY_AFTER_MS && this.problem !== "busy") this.setState("on", "busy");
    if (waitedMs > HELLO_AFTER_MS && !oldest.checked) {
      for (const sent of this.inFlight.values()) sent.checked = true;
      this.sendHello();
    }
  }
}

/** Keep the current picture of a video element on a canvas; return it, reduced, as the bytes of a JPEG file. */
async function encode(canvas, small, video, [side, quality]) {
  const { videoWidth: width, videoHeight: height } = video;
  [canvas.width, canvas.height] = [Math.max(1, width), Math.max(1, height)];
  canvas.getContext("2d", { alpha: false }).drawImage(video, 0, 0, canvas.width, canvas.height);
  const scale = Math.min(1, side / Math.max(width, height));
  [small.width, small.height] = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  const context = small.getContext("2d", { alpha: false, willReadFrequently: true });
  context.drawImage(canvas, 0, 0, small.width, small.height);
  return (await small.convertToBlob({ type: "image/jpeg", quality })).arrayBuffer();
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

function element(name, properties = {}, ...children) {
  const created = Object.assign(document.createElement(name), properties);
  created.append(...children);
  return created;
}

/** One place where the widget is shown. */
class View {
  constructor(model, el, feed) {
    [this.model, this.el, this.feed] = [model, el, feed];
    this.video = element("video", { muted: true, playsInline: true, autoplay: true });
    this.video.setAttribute("aria-hidden", "true");
    this.canvas = element("canvas");
    this.canvas.setAttribute("role", "img");
    this.notice = element("p", { className: "notice" });
    this.notice.setAttribute("role", "status");
    this.stage = element("div", { className: "stage" }, this.video, this.canvas, this.notice);
    this.button = element("button", { type: "button", className: "power" });
    this.button.addEventListener("click", () => (feed.state === "off" ? feed.start() : feed.stop("")));
    this.figures = element("span", { className: "figures" });
    this.bar = element("div", { className: "bar" }, this.button, ...this.controls(), this.figures);
    this.root = element("div", { className: "movenet-camera" }, this.stage, this.bar);
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", TEXTS.widget);
    // Notebooks have shortcuts on plain keys, which the controls need for themselves.
    this.root.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    });
    this.video.addEventListener("loadedmetadata", () => this.fit());
    this.video.addEventListener("resize", () => this.fit());
    el.append(this.root);
    feed.add(this);
  }

  close() {
    this.closed = true;
    this.video.srcObject = null;
    this.feed.remove(this);
    this.root.remove();
  }

  controls() {
    const mirror = this.checkbox("mirror", TEXTS.mirror, () => this.draw());
    const smooth = this.checkbox("smooth", TEXTS.smooth, () => {});
    const range = element("input", { type: "range", min: "0", max: "1", step: "0.05" });
    const value = element("span", { className: "value" });
    const show = () => {
      range.value = this.model.get("threshold");
      value.textContent = Number(this.model.get("threshold")).toFixed(2);
      this.draw();
    };
    range.addEventListener("input", () => this.change("threshold", Number(range.value)));
    this.model.on("change:threshold", show);
    queueMicrotask(show);
    return [mirror, smooth, element("label", {}, `${TEXTS.threshold} `, range, value)];
  }

  checkbox(name, label, changed) {
    const box = element("input", { type: "checkbox" });
    const show = () => {
      box.checked = this.model.get(name);
      this.root?.classList.toggle(name, box.checked);
      changed();
    };
    box.addEventListener("change", () => this.change(name, box.checked));
    this.model.on(`change:${name}`, show);
    queueMicrotask(show);
    return element("label", {}, box, ` ${label}`);
  }

  change(name, value) {
    this.model.set(name, value);
    this.model.save_changes();
  }

  /** Show the state of the feed: its video, and its problem as text. */
  show() {
    const { state, stream, problem, detail, notice } = this.feed;
    if (this.video.srcObject !== stream) {
      this.video.srcObject = stream;
      if (stream) this.follow();
    }
    this.root.dataset.state = state;
    this.root.dataset.problem = problem;
    this.button.textContent = state === "off" ? TEXTS.start : TEXTS.stop;
    const text = [problem && `${TEXTS[problem]} ${detail}`.trim(), notice].filter(Boolean).join("\n");
    if (this.notice.textContent !== text) this.notice.textContent = text;
    this.notice.hidden = !text;
    if (state !== "on") this.draw();
  }

  /** Report every new picture of the camera to the feed. */
  follow() {
    const { video, feed } = this;
    const [stream, start] = [video.srcObject, video.play()];
    start?.catch(() => {}); // a stream that is removed while it starts is no error
    const onFrame = (now, metadata) => {
      if (this.closed || video.srcObject !== stream || !stream) return;
      if (video.videoWidth) feed.onPicture(video, metadata?.captureTime ?? metadata?.presentationTime ?? now);
      next();
    };
    const next = () => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(onFrame) : requestAnimationFrame(onFrame));
    next();
  }

  fit() {
    if (this.video.videoWidth) this.stage.style.aspectRatio = `${this.video.videoWidth} / ${this.video.videoHeight}`;
  }

  draw() {
    const { record } = this.feed;
    const scale = globalThis.devicePixelRatio || 1;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((side) => Math.round(side * scale));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    if (!record || !width || !height) return;
    const [mirror, minScore] = [this.model.get("mirror"), this.model.get("threshold")];
    this.drawSent(context, mirror);
    drawPoses(context, record.poses, { width: record.width, height: record.height, mirror, minScore, textScale: scale });
  }

  /** Draw the picture that the skeleton belongs to over the live video, which is newer. */
  drawSent(context, mirror) {
    const { width, height } = context.canvas;
    context.save();
    if (mirror) context.setTransform(-1, 0, 0, 1, width, 0);
    context.drawImage(this.feed.shownCanvas, 0, 0, width, height);
    context.restore();
  }

  /** Show frame rate, latency and number of people. */
  count() {
    const { drawn, record, state, quality } = this.feed;
    const span = drawn.length > 1 ? (drawn.at(-1).at - drawn[0].at) / 1000 : 0;
    const fps = span ? (drawn.length - 1) / span : 0;
    const [latency, inFlight, kernel] = ["latency", "inFlight", "kernel"].map((name) => median(drawn.map((one) => one[name])));
    const known = state === "on" && drawn.length > 1;
    const people = record ? TEXTS.people(record.poses.length) : "";
    const counted = record?.repetitions === undefined ? "" : ` · ${TEXTS.repetitions(record.repetitions)}`;
    this.figures.textContent = known ? `${TEXTS.rate(Math.round(fps))} · ${Math.round(latency)} ms · ${people}${counted}` : "";
    this.canvas.setAttribute("aria-label", people);
    Object.assign(this.root.dataset, known ? { fps, latency, inFlight, kernel, side: quality.step[0] } : {});
  }
}

export default () => {
  let feed;
  return {
    initialize({ model }) {
      feed = new Feed(model);
      return () => feed.close();
    },
    render({ model, el }) {
      const view = new View(model, el, feed);
      return () => view.close();
    },
  };
};
