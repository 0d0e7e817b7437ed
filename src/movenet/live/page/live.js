/**
 * The page: it sends pictures of a source to the models and draws the poses of the answer on the same picture.
 *
 *   source ──► camera's picture ──► link ─── … ───► poses ──► picture and skeleton on the canvas
 *
 * Where the models run, on the server or in this browser, is the link's business; place.js lists the links.
 *
 * Each drawn frame is also an event "poses" on the document: {record, latencyMs, serverMs, roundTripMs, takenAt}.
 */

import { fillAngles, showAngles } from "./angle_table.js";
import { SourceError, listCameras, openCamera } from "./camera.js";
import { pictureKey } from "./camera_words.js";
import { Recording, canRecord, clock, countDown, save, snapshot } from "./saving.js";
import { PLACES } from "./place.js";
import { drawRecord, parseRecord } from "./skeleton.js";
import { openAddress, openFile } from "./sources.js";
import { currentLanguage, say, sayWith, speak, speakOf } from "./words.js";

const $ = (id) => document.getElementById(id);
const [video, canvas, stage] = [$("video"), $("canvas"), $("stage")];
const context = canvas.getContext("2d", { alpha: false });
const MAX_SIDE = 1280;
const NO_ANSWER_MS = 400;
const REFRESH_MS = 250;
const PAUSE_SHAPES = { pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z", resume: "M8 5v14l11-7z" };

let source = null;
let opening = 0;
let recording = null;
let paused = false;
let counting = false;
let lastShownAt = 0;
let latest = null;
let drawnAt = [];
let latencies = [];
let models = [];
let lastTakenAt = 0;
let newestTakenAt = 0;
let encoding = false;
let sent = null;
let notice = null;
let lock = null;
let exercises = [];
let noticeTimer = 0;

let link = null;

const answers = {
  state: showState,
  hello: (message) => {
    offerExercises(message.exercises, message.exercise);
    offerBackends(message.backends ?? []);
    offerModels(message.models);
    if (message.probabilities && $("threshold").value === $("threshold").defaultValue) setThreshold(0.5);
  },
  poses: showPoses,
  error: ({ message }) => showNotice("serverSays", { message }, 5000),
};

/* Sources */

async function start(kind, chosen) {
  const attempt = ++opening;
  hideNotice();
  end();
  try {
    const opened = await open(kind, chosen);
    if (attempt !== opening) opened.stop();
    else begin(opened, kind);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (attempt === opening) showNotice(error.key);
  }
}

function open(kind, chosen) {
  if (kind === "camera") return openCamera(video, chosen, Number($("resolution").value));
  if (kind === "sample") return openAddress(video, "sample.mp4", "sample.mp4");
  return openFile(video, chosen);
}

function begin(opened, kind) {
  source = opened;
  $("source").value = kind;
  $("mirror").checked = opened.mirror;
  $("welcome").hidden = true;
  $("figures").hidden = false;
  stage.classList.add("playing");
  if (lock) {
    lock = null;
    choose();
  }
  opened.track?.addEventListener("ended", () => source === opened && (end(), showNotice("cameraEnded")));
  if (kind === "camera") offerCameras(opened);
  $("cameras-row").hidden = kind !== "camera" || $("cameras").options.length < 2;
  $("resolution-row").hidden = kind !== "camera";
  setPaused(false);
  setRunning();
  source.next(onPicture);
}

function end() {
  if (recording) toggleRecording();
  source?.stop();
  source = null;
  latest = null;
  [drawnAt, latencies] = [[], []];
  $("welcome").hidden = false;
  $("figures").hidden = true;
  $("cameras-row").hidden = true;
  $("resolution-row").hidden = true;
  stage.classList.remove("playing");
  setRunning();
}

async function offerCameras(opened) {
  const cameras = await listCameras();
  const current = opened.track.getSettings().deviceId;
  const options = cameras.map(({ label, deviceId }, at) => new Option(label || `${say("camera")} ${at + 1}`, deviceId));
  $("cameras").replaceChildren(...options);
  $("cameras").value = current;
  $("cameras-row").hidden = source !== opened || cameras.length < 2;
}

/* From picture to poses */

function onPicture({ takenAt }) {
  const from = source;
  from.next(onPicture);
  if (paused || !from.width) return;
  newestTakenAt = takenAt;
  sendNewest();
  // While there are no answers, pictures are shown without a skeleton; late answers are waited for.
  const patienceMs = Math.max(NO_ANSWER_MS, 2 * (median(latencies) || 0));
  if (performance.now() - lastShownAt > patienceMs) show(from.element, from.width, from.height, null);
}

/** Send the picture that the source shows, unless it was sent or another one would have to wait for it. */
function sendNewest() {
  if (!source || paused || newestTakenAt <= lastTakenAt || !link.isFree || encoding) return;
  lastTakenAt = newestTakenAt;
  send(source, newestTakenAt);
}

async function send(from, takenAt) {
  encoding = true;
  try {
    const picture = await createImageBitmap(from.element);
    const encoded = await link.encode(picture);
    if (source !== from || link.state !== "open") picture.close();
    else {
      sent = encoded;
      link.send(encoded.data, takenAt / 1000, { picture, from, takenAt, close: () => picture.close() });
    }
  } catch (error) {
    // A source that has just ended has no picture; any other error is a bug.
    if (source === from && error.name !== "InvalidStateError") throw error;
  } finally {
    encoding = false;
  }
}

function showPoses(message, { context: shown, serverMs, roundTripMs }) {
  sendNewest(); // that came meanwhile
  if (shown.from !== source || paused) return;
  const record = parseRecord(message);
  show(shown.picture, shown.picture.width, shown.picture.height, record);
  const now = performance.now();
  lastShownAt = now;
  latest = { record, serverMs, roundTripMs, dropped: message.dropped, counts: message.repetitions ?? [] };
  const latencyMs = now - shown.takenAt;
  drawnAt.push(now);
  latencies = [...latencies.slice(-29), latencyMs];
  recording?.add(record);
  refreshAngles(true);
  document.dispatchEvent(new CustomEvent("poses", { detail: { record, latencyMs, serverMs, roundTripMs, takenAt: shown.takenAt } }));
}

function show(picture, width, height, record) {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  fit(Math.round(width * scale), Math.round(height * scale));
  const mirror = $("mirror").checked;
  context.setTransform(mirror ? -1 : 1, 0, 0, 1, mirror ? canvas.width : 0, 0);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  if (record) {
    const style = { mirror, minScore: Number($("threshold").value), angles: $("angles").checked, density: density() };
    drawRecord(context, record, tracksMany(), style);
  }
}

/** Whether the model chosen tracks everybody, by ids. */
function tracksMany() {
  return document.querySelector("#models :checked")?.value === "many";
}

/** Draw keypoints from this score; of probabilities, those from 0.5 are right more often than wrong. */
function setThreshold(score) {
  $("threshold").value = score;
  $("threshold-value").textContent = Number(score).toFixed(2);
}

/** Canvas pixels per CSS pixel. */
function density() {
  return Math.max(canvas.width / (canvas.clientWidth || 1), canvas.height / (canvas.clientHeight || 1));
}

function fit(width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/* Figures, refreshed a few times per second, so that they can be read */

function refresh() {
  const now = performance.now();
  drawnAt = drawnAt.filter((at) => now - at < 1000);
  const live = latest !== null && now - lastShownAt < 1000;
  const people = live ? latest.record.poses.length : 0;
  $("fps").textContent = live ? drawnAt.length : "–";
  $("latency").innerHTML = live ? `${Math.round(median(latencies))}<small> ms</small>` : "–";
  $("people").textContent = live ? people : "–";
  $("people-word").textContent = say(live && people === 1 ? "person" : "people");
  $("repetitions-box").hidden = !$("exercise").value;
  if (live) $("repetitions").textContent = repetitionsText(latest);
  const about = say(source ? pictureKey(people) : "idle", { count: people });
  if (canvas.getAttribute("aria-label") !== about) canvas.setAttribute("aria-label", about);
  if (live) refreshDetails();
  if (!live) refreshAngles(false);
  if (recording) $("recording-time").textContent = clock(recording.lengthS);
}

/** Return the number of repetitions; where everybody is tracked, that of each person by id. */
function repetitionsText({ record, counts }) {
  if (!tracksMany()) return `${counts.reduce((sum, { count }) => sum + count, 0)}`;
  const here = new Set(record.poses.map(({ id }) => id));
  const shown = counts.filter(({ id, count }) => count || here.has(id));
  return shown.map(({ id, count }) => (shown.length === 1 ? count : `#${id} ${count}`)).join(" · ") || "0";
}

function refreshDetails() {
  const { width, height, kilobytes, jpegQuality } = sent;
  $("sent").textContent = say("size", { width, height, kilobytes: Math.round(kilobytes), quality: Math.round(100 * jpegQuality) });
  $("on-server").textContent = say("milliseconds", { value: latest.serverMs.toFixed(1) });
  $("on-link").textContent = say("milliseconds", { value: latest.roundTripMs.toFixed(1) });
  $("dropped").textContent = latest.dropped;
}

function refreshAngles(live) {
  const table = $("angle-table");
  table.hidden = !$("angles").checked;
  if (!table.hidden) showAngles(table, live ? latest.record.poses[0] : null, Number($("threshold").value));
}

function median(values) {
  return values.length ? [...values].sort((one, other) => one - other)[values.length >> 1] : NaN;
}

/* What the user can do */

function setPaused(value) {
  paused = value;
  if (source) value ? source.pause() : source.resume();
  const word = value ? "resume" : "pause";
  $("pause-text").dataset.word = word;
  $("pause-text").textContent = say(word);
  $("pause-shape").setAttribute("d", PAUSE_SHAPES[word]);
}

function setRunning() {
  for (const id of ["pause", "snapshot", "record"]) $(id).disabled = !source;
}

async function takeSnapshot() {
  if (counting || !source) return;
  counting = true;
  await countDown((number) => {
    $("count").hidden = number === null;
    $("count").textContent = number ?? "";
  });
  counting = false;
  if (!source) return;
  stage.classList.remove("flash");
  requestAnimationFrame(() => stage.classList.add("flash"));
  list("snapshotTaken", { picture: save(await snapshot(canvas), say("aPicture")) });
}

async function toggleRecording() {
  if (recording) {
    const [ended, length] = [recording, clock(recording.lengthS)];
    recording = null;
    showRecording();
    const { video: videoFile, poses } = await ended.stop();
    list("videoAndPoses", { time: length, video: save(videoFile, say("video")), poses: save(poses, say("poses")) });
  } else if (!canRecord()) showNotice("recordingImpossible", {}, 5000);
  else if (source) {
    recording = new Recording(canvas, source.name);
    showRecording();
  }
}

function showRecording() {
  const on = recording !== null;
  $("recording").hidden = !on;
  $("record").setAttribute("aria-pressed", on);
  $("record-text").dataset.word = on ? "stop" : "record";
  $("record-text").textContent = say($("record-text").dataset.word);
}

/** Add a line to what was saved; `gaps` may be texts or elements. */
function list(key, gaps) {
  const line = document.createElement("li");
  line.append(...sayWith(key, gaps));
  $("kept").hidden = false;
  $("kept").querySelector("ul").prepend(line);
}

function toggleFullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else stage.requestFullscreen?.();
}

/* Words and states */

function showNotice(key, gaps = {}, forMs = 0) {
  notice = [key, gaps];
  $("notice").textContent = say(key, gaps);
  $("notice").hidden = false;
  clearTimeout(noticeTimer);
  if (forMs) noticeTimer = setTimeout(hideNotice, forMs);
}

function hideNotice() {
  notice = null;
  $("notice").hidden = true;
}

function showState(state) {
  $("status").dataset.state = state;
  $("status-text").textContent = say(state);
  if (state === "refused") showNotice("tokenNeeded");
}

/** Connect with the models at a place. */
function run(place) {
  link?.close();
  [models, exercises] = [[], []];
  document.documentElement.dataset.place = place;
  speakOf(place);
  setLanguage(currentLanguage());
  showState("connecting");
  hideNotice();
  link = new PLACES[place](answers);
}

function offerModels(names) {
  if (names.join() === models.join()) return;
  models = names;
  $("models").replaceChildren(...segments("model", names));
  choose();
}

/** Offer what computes in this browser, if there is a choice. */
function offerBackends(names) {
  $("backends").replaceChildren(...segments("backend", names));
  $("backends").hidden = names.length < 2;
}

/** Return a radio button for each value; the one chosen on the last visit, or else the first, is checked. */
function segments(name, values) {
  const kept = localStorage.getItem(name);
  const chosen = values.includes(kept) ? kept : values[0];
  return values.map((value) => {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name, value, checked: value === chosen });
    const text = document.createElement("span");
    [text.dataset.word, text.textContent] = [value, say(value)];
    label.append(radio, text);
    return label;
  });
}

function choose() {
  const model = document.querySelector("#models :checked")?.value;
  if (!model || !models.length) return;
  $("model-hint").textContent = say(["lightning", "thunder", "many"].includes(model) ? `${model}Hint` : "ownHint");
  if (model === "many") lock = null;
  for (const id of ["follow-hint", "follow-all"]) $(id).hidden = lock === null;
  const backend = document.querySelector("#backends :checked")?.value;
  link.choose({ model, backend, smoothing: $("smoothing").checked, exercise: $("exercise").value || null, lock });
}

/** Offer the exercises; the one that the page was started with is chosen, with the angles shown. */
function offerExercises(names, started) {
  if (names.join() === exercises.join()) return;
  exercises = names;
  const [none] = $("exercise").options;
  const before = $("exercise").value;
  const chosen = names.includes(before) ? before : started;
  const options = names.map((name) => {
    const option = new Option(say(name), name);
    option.dataset.word = name;
    return option;
  });
  $("exercise").replaceChildren(none, ...options);
  $("exercise").value = chosen ?? "";
  if (chosen && !before) $("angles").checked = true;
}

/** Follow the person at the place of a click; the picture may be mirrored, and letterboxed in its box. */
function follow({ clientX, clientY }) {
  if (!source || !latest || tracksMany()) return;
  const box = canvas.getBoundingClientRect();
  const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
  const x = (clientX - box.left - (box.width - canvas.width * scale) / 2) / (canvas.width * scale);
  const y = (clientY - box.top - (box.height - canvas.height * scale) / 2) / (canvas.height * scale);
  if (x < 0 || x > 1 || y < 0 || y > 1) return;
  lock = [$("mirror").checked ? 1 - x : x, y];
  choose();
}

function setLanguage(chosen) {
  speak(chosen);
  const other = currentLanguage() === "en" ? "ko" : "en";
  Object.assign($("language"), { textContent: other === "ko" ? "한국어" : "English", lang: other });
  showState($("status").dataset.state);
  showRecording();
  fillAngles($("angle-table"));
  refresh();
  choose();
  if (notice) $("notice").textContent = say(...notice);
  localStorage.setItem("language", currentLanguage());
}

function pickSource(kind) {
  if (kind === "file") $("file").click();
  else start(kind);
}

const KEYS = {
  " ": () => source && setPaused(!paused), s: takeSnapshot, r: toggleRecording, f: toggleFullscreen,
  m: () => $("mirror").click(), a: () => $("angles").click(),
};

function onKey(event) {
  const typing = event.target.closest?.("input, select, textarea, button, summary, a");
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !(key in KEYS)) return;
  if (typing && (key === " " || typing.matches("select"))) return;
  event.preventDefault();
  KEYS[key]();
}

$("start-camera").onclick = () => start("camera");
$("start-sample").onclick = () => start("sample");
$("start-file").onclick = () => pickSource("file");
$("source").onchange = (event) => pickSource(event.target.value);
$("cameras").onchange = (event) => start("camera", event.target.value);
$("resolution").onchange = () => start("camera", $("cameras").value);
$("file").onchange = ({ target }) => {
  if (target.files.length) start("file", target.files[0]);
  target.value = "";
};
$("pause").onclick = () => setPaused(!paused);
$("snapshot").onclick = takeSnapshot;
$("record").onclick = toggleRecording;
$("fullscreen").onclick = toggleFullscreen;
$("models").onchange = (event) => {
  localStorage.setItem("model", event.target.value);
  choose();
};
$("places").onchange = (event) => {
  localStorage.setItem("place", event.target.value);
  run(event.target.value);
};
$("backends").onchange = (event) => {
  localStorage.setItem("backend", event.target.value);
  choose();
};
$("smoothing").onchange = choose;
$("exercise").onchange = choose;
$("follow-all").onclick = () => {
  lock = null;
  choose();
};
canvas.onclick = follow;
$("angles").onchange = () => refreshAngles(latest !== null && performance.now() - lastShownAt < 1000);
$("threshold").oninput = ({ target }) => setThreshold(target.value);
$("language").onclick = () => setLanguage(currentLanguage() === "en" ? "ko" : "en");
$("settings").onsubmit = (event) => event.preventDefault();
document.addEventListener("keydown", onKey);
// After a click of the mouse (detail counts clicks) Space pauses again, instead of repeating what was clicked.
document.addEventListener("click", ({ detail }) => {
  if (detail) setTimeout(() => document.activeElement.matches("button, summary, [type=radio], [type=checkbox]") && document.activeElement.blur());
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) start("file", event.dataTransfer.files[0]);
});
setInterval(refresh, REFRESH_MS);

if (["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) $("welcome-text").dataset.word = "welcomeHere";
// The token is in a cookie by now, so it is removed from the address bar.
if (location.search) history.replaceState(null, "", location.pathname);
speak(localStorage.getItem("language") ?? (navigator.language.startsWith("ko") ? "ko" : "en"));
$("places").replaceChildren(...segments("place", Object.keys(PLACES)));
$("place-row").hidden = Object.keys(PLACES).length < 2;
run(document.querySelector("#places :checked").value);
