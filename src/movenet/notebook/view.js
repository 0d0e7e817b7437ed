/** One place where a feed is shown, with its controls. */
import { pictureKey } from "../live/page/camera_words.js";
import { clock } from "../live/page/saving.js";
import { say, sayCount, sayWith } from "./texts.js";

function element(name, properties = {}, ...children) {
  const created = Object.assign(document.createElement(name), properties);
  created.append(...children);
  return created;
}

export class View {
  listeners = [];

  constructor(model, el, feed) {
    [this.model, this.feed] = [model, feed];
    this.canvas = element("canvas", { role: "img", ariaLabel: say("idle") });
    this.time = element("span");
    this.recording = element("p", { className: "recording", hidden: true }, this.time);
    this.countdown = element("p", { className: "countdown", hidden: true, ariaLive: "assertive" });
    this.notice = element("p", { className: "notice", role: "status" });
    this.stage = element("div", { className: "stage" }, this.canvas, this.recording, this.countdown, this.notice);
    this.saved = element("ul", { className: "saved", ariaLabel: say("kept") });
    const [actions, settings] = [this.actions(), this.settings()].map((row) => element("div", { className: "row" }, ...row));
    this.root = element("div", { className: "movenet-camera", role: "group", ariaLabel: say("widget") });
    this.root.append(this.stage, actions, settings, this.saved);
    // Notebooks have shortcuts on plain keys, which the controls need for themselves.
    this.root.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    });
    for (const [, show] of this.listeners) show();
    el.append(this.root);
    feed.add(this);
  }

  close() {
    for (const [name, show] of this.listeners) this.model.off(name, show);
    this.feed.remove(this);
    this.root.remove();
  }

  /** Call a function now, when the view is complete, and at every change of a trait. */
  on(name, show) {
    this.listeners.push([`change:${name}`, show]);
    this.model.on(`change:${name}`, show);
  }

  actions() {
    const { feed } = this;
    const button = (className, text, onclick) => element("button", { type: "button", className, textContent: text, onclick });
    this.power = button("power", "", () => (feed.state === "off" ? feed.start() : feed.stop("")));
    this.snapshot = button("snapshot", say("snapshot"), () => feed.captures.takeSnapshot());
    this.record = button("record", say("record"), () => feed.captures.toggleRecording());
    if (!feed.captures.canRecord) this.record.title = say("recordingImpossible");
    this.figures = element("span", { className: "figures" });
    return [this.power, this.snapshot, this.record, this.figures];
  }

  settings() {
    this.models = this.choice("model", say("model"));
    this.people = this.choice("people", say("people"));
    const range = element("input", { type: "range", min: "0", max: "1", step: "0.05" });
    const value = element("span", { className: "value" });
    range.addEventListener("input", () => this.change("threshold", Number(range.value)));
    this.on("threshold", () => {
      range.value = this.model.get("threshold");
      value.textContent = Number(this.model.get("threshold")).toFixed(2);
      this.draw();
    });
    const [mirror, smooth] = [this.checkbox("mirror", say("mirror")), this.checkbox("smooth", say("smoothing"))];
    return [this.models, this.people, mirror, smooth, element("label", {}, say("threshold"), range, value)];
  }

  /** A choice of the model or of whom it follows, which the kernel has to confirm. */
  choice(name, label) {
    const select = element("select");
    select.addEventListener("change", () => this.feed.choose({ [name]: select.value }));
    this.on(name, () => this.show());
    return element("label", {}, label, select);
  }

  checkbox(name, label) {
    const box = element("input", { type: "checkbox" });
    box.addEventListener("change", () => this.change(name, box.checked));
    this.on(name, () => {
      box.checked = this.model.get(name);
      this.draw();
    });
    return element("label", {}, box, label);
  }

  change(name, value) {
    this.model.set(name, value);
    this.model.save_changes();
  }

  /** Show the state of the feed and of what it records. */
  show() {
    const { state, problem, choice, notice, captures } = this.feed;
    this.root.dataset.state = state;
    this.root.dataset.problem = problem;
    this.power.textContent = say(state === "off" ? "start" : "stop");
    this.snapshot.disabled = state !== "on";
    this.record.disabled = state !== "on" || !captures.canRecord;
    this.record.textContent = say(captures.recording ? "stopRecording" : "record");
    this.recording.hidden = !captures.recording;
    this.countdown.hidden = captures.countdown === null || state !== "on";
    this.countdown.textContent = captures.countdown ?? "";
    this.showChoices();
    this.showSaved();
    const text = [problem && say(problem), choice && say("loading"), notice].filter(Boolean).join("\n");
    if (this.notice.textContent !== text) this.notice.textContent = text;
    this.notice.hidden = !text;
    if (state !== "on") this.draw();
  }

  /** Offer the models; an estimator given in Python is not to be changed. */
  showChoices() {
    const names = this.model.get("_models");
    const [model, people] = ["model", "people"].map((name) => this.feed.choice?.[name] ?? this.model.get(name));
    offer(this.models, model, names, (name) => (/[\\/]/.test(name) ? name.split(/[\\/]/).at(-1) : say(name)));
    offer(this.people, people, names.length ? ["one", "many"] : [], say);
  }

  showSaved() {
    const { saved } = this.feed.captures;
    if (this.saved.childElementCount === saved.length && this.newest === saved[0]) return;
    [this.newest] = saved;
    const copies = (gaps) => Object.fromEntries(Object.entries(gaps).map(([name, gap]) => [name, gap.cloneNode?.(true) ?? gap]));
    this.saved.replaceChildren(...saved.map(([key, gaps]) => element("li", {}, ...sayWith(key, copies(gaps)))));
  }

  draw() {
    const { feed, canvas } = this;
    const scale = globalThis.devicePixelRatio || 1;
    if (feed.source) this.stage.style.aspectRatio = feed.size.join(" / ");
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * scale));
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext("2d");
    if (!feed.source) context.clearRect(0, 0, width, height);
    else if (width && height) feed.paint(context, scale);
  }

  /** Show frame rate, latency, number of people and length of the recording. */
  count() {
    const { drawn, record, state, quality, rate, captures } = this.feed;
    const known = state === "on" && drawn.length > 1;
    const [latency, inFlight, kernel] = ["latency", "inFlight", "kernel"].map((name) => this.feed.median(name));
    const parts = [say("rate", { count: Math.round(rate) }), `${Math.round(latency)} ms`];
    if (record) parts.push(sayCount("people", record.poses.length));
    if (record?.repetitions !== undefined) parts.push(sayCount("repetitions", record.repetitions));
    this.figures.textContent = known ? parts.join(" · ") : "";
    const about = say(state === "on" ? pictureKey(record?.poses.length) : "idle", { count: record?.poses.length });
    if (this.canvas.ariaLabel !== about) this.canvas.ariaLabel = about;
    if (captures.recording) this.time.textContent = clock(captures.recording.lengthS);
    Object.assign(this.root.dataset, known ? { fps: rate, latency, inFlight, kernel, side: quality.step[0] } : {});
  }
}

/** Show a value in the menu of a label, beside others that can be chosen; without others the label is hidden. */
function offer(label, value, others, say) {
  const select = label.querySelector("select");
  const values = others.includes(value) ? others : [value, ...others];
  if (values.join() !== [...select.options].map((option) => option.value).join()) {
    select.replaceChildren(...values.map((each) => new Option(say(each), each)));
  }
  select.value = value;
  label.hidden = !others.length;
}
