/** The camera of one widget, and its messages with the kernel (messages.py). */
import { SourceError, openCamera } from "../live/page/camera.js";
import { Quality } from "../live/page/quality.js";
import { drawRecord, parseRecord } from "../live/page/skeleton.js";
import { Captures } from "./captures.js";
import { say, sayInEnglish } from "./texts.js";

/** The Jupyter server holds small messages back for up to 40 ms, which smaller pictures would not shorten. */
const JUPYTER_DELAYS_MS = { long: 200, short: 80 };
const BUSY_AFTER_MS = 2_000;
/** After this time without an answer a hello is sent to the kernel: the picture may be lost. */
const HELLO_AFTER_MS = 15_000;
/** States of JupyterLab's kernel in which the widget's Python object no longer exists. */
const LOST_STATES = new Set(["restarting", "autorestarting", "terminating", "dead"]);
const CHECK_EVERY_MS = 250;
/** After this time without an answer, or twice the usual latency, pictures are shown without a skeleton. */
const STALE_MS = 400;

export class Feed {
  client = crypto.randomUUID?.() ?? String(Math.random());
  /** "off", "asking" for permission, or "on". */
  state = "off";
  /** Key of the text that says why the camera is off, or what is wrong; "" if nothing is. */
  problem = "connecting";
  notice = "";
  source = null;
  record = null;
  /** What was chosen in a view and is not confirmed by the kernel: {model, people}, and how often. */
  choice = null;
  unconfirmed = 0;
  views = new Set();
  quality = new Quality(JUPYTER_DELAYS_MS);
  canvases = [0, 1, 2].map(() => new OffscreenCanvas(1, 1));
  shownCanvas = null;
  number = 0;
  /** Pictures without an answer: number → times of capture and sending, and canvas. */
  inFlight = new Map();
  newest = null;
  lastTime = -Infinity;
  encoding = false;
  attempt = 0;
  drawn = [];

  constructor(model) {
    this.model = model;
    this.captures = new Captures(this);
    model.on("msg:custom", (content) => this.onMessage(content));
    model.on("comm_live_update", () => this.onCommChange());
    // JupyterLab reports that a kernel has ended; in other front ends it only stops answering.
    this.kernel = model.widget_manager?.kernel;
    this.onStatus = (_, status) => LOST_STATES.has(status) && this.onKernelLost();
    this.kernel?.statusChanged?.connect(this.onStatus);
    this.timer = setInterval(() => this.check(), CHECK_EVERY_MS);
  }

  close() {
    clearInterval(this.timer);
    this.kernel?.statusChanged?.disconnect(this.onStatus);
    this.stop("");
  }

  /* Messages with the kernel */

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
    if (content.type === "poses") this.onAnswer(content);
    else if (content.type === "error") this.onError(content);
    else if (content.type === "welcome") this.onWelcome(content);
    else if (content.type === "chosen") this.onChosen("");
    else if (content.type === "start") this.start();
    else if (content.type === "stop") this.stop("");
    else if (content.type === "taken") this.stop("elsewhere");
    else if (content.type === "callback") this.showNotice(say("callback", content));
  }

  onWelcome(content) {
    this.id = content.model_id;
    // The kernel answers in order: a picture that it has not answered by now is lost.
    for (const [number, sent] of this.inFlight) if (sent.checked) this.inFlight.delete(number);
    if (this.problem === "connecting" || this.problem === "gone") this.setState("off", "off");
    if (content.start) this.start();
    this.send();
  }

  onError(content) {
    const notice = say("kernelSays", content);
    if (content.frame === null && this.choice) return this.onChosen(notice);
    this.showNotice(notice);
    return this.onAnswer(content);
  }

  onKernelLost() {
    this.notice = "";
    [this.choice, this.unconfirmed] = [null, 0];
    if (this.state === "off") this.setState("off", "gone");
    else this.stop("gone");
  }

  /** Choose the model or whom it follows: {model} or {people}. */
  choose(part) {
    this.choice = { model: this.model.get("model"), people: this.model.get("people"), ...this.choice, ...part };
    this.unconfirmed += 1;
    this.showNotice("");
    this.sendMessage("choose", this.choice);
  }

  /** The kernel has done what was chosen first, or says why not. */
  onChosen(notice) {
    this.unconfirmed -= 1;
    if (this.unconfirmed <= 0) [this.choice, this.unconfirmed] = [null, 0];
    this.showNotice(notice);
  }

  /* State */

  async start() {
    if (this.state !== "off" || this.views.size === 0) return undefined;
    if (this.problem === "gone" || this.problem === "connecting") return this.sendHello();
    this.setState("asking", "asking");
    this.attempt += 1;
    const { attempt } = this;
    let source;
    try {
      // An element of its own: one that another attempt has opened must not be closed by this one.
      source = await openCamera(Object.assign(document.createElement("video"), { muted: true, playsInline: true }));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      return attempt === this.attempt && this.fail(error.key);
    }
    if (attempt !== this.attempt) return source.stop();
    source.track.addEventListener("ended", () => source === this.source && this.stop("cameraEnded"));
    Object.assign(this, { source, newest: null, notice: "" });
    this.inFlight.clear();
    this.setState("on", "");
    this.sendMessage("start");
    return this.watch(source);
  }

  fail(problem) {
    const key = problem === "cameraRefused" && location.protocol === "vscode-webview:" ? "cameraClosed" : problem;
    this.setState("off", key);
    this.sendMessage("stop", { reason: sayInEnglish(key) });
  }

  stop(problem) {
    if (this.state === "off") return;
    this.attempt += 1;
    this.captures.endRecording();
    this.source?.stop();
    this.source = this.newest = this.record = this.shownCanvas = null;
    this.inFlight.clear();
    this.drawn = [];
    this.setState("off", problem || "off");
    if (problem !== "gone") this.sendMessage("stop", { reason: sayInEnglish(problem) });
  }

  setState(state, problem) {
    [this.state, this.problem] = [state, problem];
    this.show();
  }

  showNotice(text) {
    this.notice = text;
    this.show();
  }

  /** Let the views show the state. */
  show() {
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

  /* From picture to poses */

  /** Width and height of the camera's pictures, in pixels. */
  get size() {
    const { videoWidth, videoHeight } = this.source.element;
    return [Math.max(1, videoWidth), Math.max(1, videoHeight)];
  }

  /** Take the next picture of the camera and all after it. */
  watch(source) {
    source.next(({ takenAt }) => {
      this.watch(source);
      this.newest = takenAt;
      this.send();
      if (!this.record) this.showPicture();
    });
  }

  /** Largest number of pictures in flight at once. */
  maxInFlight() {
    const last = this.drawn.at(-1);
    return last && last.inFlight > last.kernel ? 2 : 1;
  }

  send() {
    if (this.state !== "on" || this.encoding || this.inFlight.size >= this.maxInFlight()) return;
    if (this.newest === null || this.newest <= this.lastTime) return;
    this.lastTime = this.newest;
    this.number += 1;
    const canvas = this.canvases[this.number % this.canvases.length];
    this.post(this.number, { time: this.newest, canvas, started: performance.now() });
  }

  async post(number, sent) {
    const { source } = this;
    this.inFlight.set(number, sent);
    this.encoding = true;
    try {
      [sent.canvas.width, sent.canvas.height] = this.size;
      sent.canvas.getContext("2d", { alpha: false }).drawImage(source.element, 0, 0);
      const { data } = await this.quality.encode(sent.canvas);
      if (!this.inFlight.has(number)) return;
      sent.sent = performance.now();
      this.sendMessage("frame", { frame: number, time_s: sent.time / 1000 }, [data]);
    } catch (error) {
      this.inFlight.delete(number);
      if (this.source === source) throw error; // a camera that has just ended has no picture; any other error is a bug
    } finally {
      this.encoding = false;
      this.send();
    }
  }

  onAnswer(content) {
    const sent = this.inFlight.get(content.frame);
    if (!sent || this.state !== "on") return;
    // The kernel answers in order: what was sent before is lost.
    for (const number of this.inFlight.keys()) if (number <= content.frame) this.inFlight.delete(number);
    if (content.type === "poses") this.showPoses(content, sent);
    this.send();
  }

  showPoses(content, sent) {
    this.record = parseRecord(content);
    this.shownCanvas = sent.canvas;
    this.showPicture();
    const now = performance.now();
    const kernel = (content.kernel_s.decoded + content.kernel_s.estimated) * 1000;
    const inFlight = now - sent.sent - kernel;
    this.quality.observe(inFlight, now);
    this.drawn.push({ at: now, latency: now - sent.time, inFlight, kernel });
    while (this.drawn.length && this.drawn[0].at < now - 2000) this.drawn.shift();
    if (this.problem === "busy") this.setState("on", "");
  }

  showPicture() {
    for (const view of this.views) view.draw();
    this.captures.onPicture(this.record);
  }

  /** Draw the newest picture with poses and its skeletons over a whole canvas, or the camera's newest without. */
  paint(context, textScale = 1) {
    const { record, source, shownCanvas, model } = this;
    const { width, height } = context.canvas;
    const mirror = model.get("mirror");
    context.setTransform(mirror ? -1 : 1, 0, 0, 1, mirror ? width : 0, 0);
    context.drawImage(record ? shownCanvas : source.element, 0, 0, width, height);
    context.setTransform(1, 0, 0, 1, 0, 0);
    const options = { mirror, minScore: model.get("threshold"), textScale };
    if (record) drawRecord(context, record, model.get("people") !== "one", options);
  }

  /** The median of the last 2 seconds of "latency", "inFlight" or "kernel", in ms; undefined if there is none. */
  median(name) {
    const sorted = this.drawn.map((one) => one[name]).sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)];
  }

  /** Frames per second. */
  get rate() {
    const [first, last] = [this.drawn[0], this.drawn.at(-1)];
    return this.drawn.length > 1 ? ((this.drawn.length - 1) * 1000) / (last.at - first.at) : 0;
  }

  /** Check whether the kernel still answers. */
  check() {
    const now = performance.now();
    const patienceMs = Math.max(STALE_MS, 2 * (this.median("latency") ?? 0));
    if (this.record && now - this.drawn.at(-1).at > patienceMs) this.record = null;
    for (const view of this.views) view.count();
    const oldest = this.inFlight.values().next().value;
    const waitedMs = this.state === "on" && oldest ? now - oldest.started : 0;
    if (waitedMs > BUSY_AFTER_MS && this.problem !== "busy" && !this.choice) this.setState("on", "busy");
    if (waitedMs > HELLO_AFTER_MS && !oldest.checked) {
      for (const sent of this.inFlight.values()) sent.checked = true;
      this.sendHello();
    }
  }
}
