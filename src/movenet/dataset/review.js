"use strict";
const figures = [...document.querySelectorAll("figure")];
const key = "movenet review of " + document.body.dataset.set;
const done = []; // [figure, the verdict it had]: for undo

function remembered() {
  try { return JSON.parse(localStorage.getItem(key)) || {}; } catch { return {}; } // storage may be closed to files
}

function decisions() {
  return Object.fromEntries(figures.filter(f => f.dataset.verdict).map(f => [f.dataset.name, f.dataset.verdict]));
}

function show() {
  const verdicts = figures.map(f => f.dataset.verdict);
  document.getElementById("left").textContent = verdicts.filter(v => !v).length;
  document.getElementById("rejected").textContent = verdicts.filter(v => v === "reject").length;
  try { localStorage.setItem(key, JSON.stringify(decisions())); } catch { /* then only the page remembers */ }
}

function decide(figure, verdict) {
  done.push([figure, figure.dataset.verdict]);
  figure.dataset.verdict = verdict;
  show();
}

function undo() {
  const last = done.pop();
  if (!last) return;
  last[0].dataset.verdict = last[1];
  last[0].focus();
  show();
}

function move(from, step) {
  const to = figures[Math.min(Math.max(figures.indexOf(from) + step, 0), figures.length - 1)];
  if (to) to.focus();
}

function columns() {
  return getComputedStyle(document.querySelector("main")).gridTemplateColumns.split(" ").length;
}

function save() {
  const text = JSON.stringify({ set: document.body.dataset.set, decisions: decisions() }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "decisions.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

document.querySelector("main").addEventListener("click", event => {
  const figure = event.target.closest("figure");
  if (!figure) return;
  figure.focus();
  decide(figure, figure.dataset.verdict === "reject" ? "accept" : "reject");
});

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const here = document.activeElement.closest("figure") || figures[0];
  const verdict = { a: "accept", r: "reject" }[event.key.toLowerCase()];
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() }[event.key];
  if (verdict && here) { decide(here, verdict); move(here, 1); }
  else if (step) { move(here, step); event.preventDefault(); }
  else if (event.key.toLowerCase() === "u") undo();
  else if (event.key.toLowerCase() === "s") save();
});

document.getElementById("rest").addEventListener("click", () => {
  figures.filter(f => !f.dataset.verdict).forEach(f => decide(f, "accept"));
});
document.getElementById("save").addEventListener("click", save);

for (const [name, verdict] of Object.entries(remembered())) {
  const figure = figures.find(f => f.dataset.name === name);
  if (figure && !figure.dataset.verdict) figure.dataset.verdict = verdict;
}
show();
if (figures[0]) figures[0].focus();
