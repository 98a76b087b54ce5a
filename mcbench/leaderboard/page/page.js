"use strict";

// ---- tables: sort by a column; rows without a value stay at the end ----

function sortBy(header) {
  const table = header.closest("table");
  const first = header.querySelector("button").dataset.first;
  const opposite = first === "ascending" ? "descending" : "ascending";
  const direction = header.getAttribute("aria-sort") === first ? opposite : first;
  const index = [...header.parentNode.children].indexOf(header);
  const sign = direction === "ascending" ? 1 : -1;
  const numeric = header.classList.contains("number");
  const key = (row) => row.children[index].dataset.sort;
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (numeric ? Number(a) - Number(b) : a.localeCompare(b, "en", { numeric: true }));
  });
  for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction);
  body.append(...rows);
}

for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}

// ---- the player: all tiles follow one clock, counted in frames ----

const byId = (id) => document.getElementById(id);
const players = JSON.parse(byId("player-data").textContent);
const COLOURS = 6;
const state = { table: null, video: null, chosen: new Set(), position: 0, playing: false, speed: 1, last: 0, seen: false };
let tiles = [];

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function fillSelect(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => make("option", { value, textContent: text })));
}

function chooseTable(id) {
  state.table = players.find((player) => player.id === id) ?? players[0];
  byId("pick-table").value = state.table.id;
  fillSelect(byId("pick-video"), state.table.videos.map((video, index) => [index, video.id]));
  state.chosen = new Set(state.table.models.slice(0, 4).map((_, index) => index));
  const boxes = state.table.models.map((name, index) => {
    const box = make("input", { type: "checkbox", checked: state.chosen.has(index) });
    box.addEventListener("change", () => {
      if (box.checked) state.chosen.add(index);
      else state.chosen.delete(index);
      build(true);
    });
    return make("label", {}, box, ` ${name}`);
  });
  byId("pick-models").replaceChildren(...boxes);
  fillSelect(byId("pick-curve"), state.table.metrics.map((metric, index) => [index, metric.label]));
  chooseVideo(0);
}

function chooseVideo(index) {
  state.video = state.table.videos[index] ?? null;
  byId("pick-video").value = String(index);
  build(false);
}

function sources() {
  const { video, table } = state;
  const list = [
    { name: "ground truth", url: video.truth, absent: "The ground truth has no preview here." },
    { name: "pose", url: video.pose, absent: "The poses have no preview here." },
  ];
  for (const model of [...state.chosen].sort((a, b) => a - b)) {
    const absent = "This model has no preview of this video here.";
    list.push({ name: table.models[model], url: video.models[model], model, absent });
  }
  return list;
}

function absentNote(text) {
  return make("p", { className: "absent", textContent: text });
}

function tile({ name, url, model, absent }) {
  const caption = make("figcaption", {}, name);
  if (model !== undefined) caption.prepend(make("i", { className: `k${model % COLOURS}` }));
  if (!url) return { figure: make("figure", {}, absentNote(absent), caption), model, caption };
  const video = make("video", { muted: true, playsInline: true, preload: "auto", src: url });
  video.setAttribute("aria-label", name);
  const figure = make("figure", {}, video, caption);
  const entry = { figure, video, model, caption };
  video.addEventListener("loadedmetadata", () => show(entry));
  video.addEventListener("error", () => {
    video.replaceWith(absentNote(`Cannot play ${url}: it is not where it was when this page was written.`));
    entry.video = undefined;
  });
  return entry;
}

// Builds the tiles of the chosen video. Nothing is loaded before the player has been on the screen.
function build(keepPosition) {
  pause();
  for (const { video } of tiles) {
    if (video) {
      video.removeAttribute("src");
      video.load();
    }
  }
  tiles = [];
  byId("tiles").replaceChildren();
  const nothing = state.table.videos.length === 0;
  byId("stage").hidden = nothing;
  byId("player-empty").hidden = !nothing;
  byId("player-empty").textContent =
    "No videos lie beside this page. Predictions stay in the results folder of the machine that made them: " +
    "run the models there, and mcbench leaderboard --results results/ writes this page with its player.";
  byId("choices-of-table").hidden = nothing;
  if (nothing || !state.seen) return;
  if (!keepPosition) state.position = 0;
  byId("scrub").max = String(state.video.frames - 1);
  tiles = sources().map(tile);
  byId("tiles").append(...tiles.map((entry) => entry.figure));
  drawCurve();
  showAll();
}

const frame = () => Math.min(Math.floor(state.position), state.video.frames - 1);

// The middle of a frame: its edges are where rounding could show the neighbour instead.
const timeOf = (index) => (index + 0.5) / state.video.fps;

function show({ video }) {
  if (video && video.readyState > 0) video.currentTime = Math.min(timeOf(frame()), video.duration);
}

function showAll() {
  tiles.forEach(show);
  report();
}

function report() {
  const index = frame();
  byId("scrub").value = String(index);
  byId("where").textContent =
    `frame ${index} of ${state.video.frames - 1} · ${(index / state.video.fps).toFixed(2)} s · ${state.video.fps} fps`;
  const cursor = byId("curve").querySelector("line");
  if (cursor) for (const end of ["x1", "x2"]) cursor.setAttribute(end, index);
  for (const entry of tiles) writeValue(entry, index);
}

function writeValue(entry, index) {
  if (entry.model === undefined) return;
  const value = curveOf(entry.model)?.[index];
  entry.label ??= entry.caption.appendChild(make("span"));
  entry.label.textContent = Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "";
}

function seek(position) {
  pause();
  state.position = Math.max(0, Math.min(position, state.video.frames - 1));
  showAll();
}

function play() {
  if (frame() >= state.video.frames - 1) state.position = 0;
  state.playing = true;
  state.last = performance.now();
  byId("play").textContent = "❚❚";
  byId("play").setAttribute("aria-label", "pause");
  for (const { video } of tiles) {
    if (!video) continue;
    video.playbackRate = state.speed;
    // A browser that refuses to play by itself still follows the clock through currentTime.
    video.play().catch(() => {});
  }
  requestAnimationFrame(tick);
}

function pause() {
  if (!state.playing) return;
  state.playing = false;
  state.position = frame();
  byId("play").textContent = "▶";
  byId("play").setAttribute("aria-label", "play");
  for (const { video } of tiles) video?.pause();
  showAll();
}

function tick(now) {
  if (!state.playing) return;
  const waiting = tiles.some(({ video }) => video && (video.seeking || video.readyState < 2));
  if (!waiting) state.position += ((now - state.last) / 1000) * state.video.fps * state.speed;
  state.last = now;
  if (state.position >= state.video.frames) state.position = 0;
  const target = state.position / state.video.fps;
  for (const { video } of tiles) {
    if (!video || video.seeking) continue;
    const reach = Math.min(target, video.duration);
    if (Math.abs(video.currentTime - reach) > Math.max(0.06, 1 / state.video.fps)) video.currentTime = reach;
    if (video.paused && reach < video.duration) video.play().catch(() => {});
  }
  report();
  requestAnimationFrame(tick);
}

// ---- the curve under the scrub bar ----

const parsed = new Map();

function curveOf(model) {
  const metric = state.table.metrics[Number(byId("pick-curve").value)]?.metric;
  const text = state.video.curves[model]?.[metric];
  if (text === undefined) return undefined;
  if (!parsed.has(text)) parsed.set(text, text.split(",").map((part) => (part === "" ? NaN : Number(part))));
  return parsed.get(text);
}

function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function drawCurve() {
  const place = byId("curve");
  const chosen = [...state.chosen].filter((model) => curveOf(model));
  byId("curve-label").hidden = state.table.metrics.length === 0;
  place.hidden = chosen.length === 0;
  const metric = state.table.metrics[Number(byId("pick-curve").value)];
  byId("curve-hint").textContent = chosen.length
    ? `${metric.label} of each frame. Click to go there.`
    : "No values by frame lie beside the score records, so there is no curve.";
  if (!chosen.length) return place.replaceChildren();
  // Frame 0 shows the reference image, often perfectly; it must not flatten the rest of the curve.
  const inner = chosen.flatMap((model) => curveOf(model).slice(1).filter(Number.isFinite));
  const values = inner.length ? inner : chosen.flatMap((model) => curveOf(model).filter(Number.isFinite));
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const width = Math.max(1, state.video.frames - 1);
  const height = (value) => (high === low ? 50 : 96 - (92 * (value - low)) / (high - low));
  const drawing = svg("svg", { viewBox: `0 0 ${width} 100`, preserveAspectRatio: "none" });
  drawing.append(svg("line", { x1: 0, x2: 0, y1: 0, y2: 100 }));
  for (const model of chosen) {
    let pen = "M";
    const steps = curveOf(model).map((value, index) => {
      if (!Number.isFinite(value)) {
        pen = "M";
        return "";
      }
      const step = `${pen}${index} ${height(value).toFixed(2)}`;
      pen = "L";
      return step;
    });
    drawing.append(svg("path", { d: steps.join(""), class: `k${model % COLOURS}` }));
  }
  const label = (name, value) => make("span", { className: name, textContent: String(Number(value.toPrecision(4))) });
  place.replaceChildren(drawing, label("high", high), label("low", low));
}

byId("curve").addEventListener("click", (event) => {
  const box = byId("curve").getBoundingClientRect();
  seek(Math.round(((event.clientX - box.left) / box.width) * (state.video.frames - 1)));
});

// ---- what starts it all ----

const KEYS = {
  " ": () => (state.playing ? pause() : play()),
  ArrowLeft: () => seek(frame() - 1),
  ArrowRight: () => seek(frame() + 1),
  Home: () => seek(0),
  End: () => seek(state.video.frames - 1),
};

if (players.length) {
  fillSelect(byId("pick-table"), players.map((player) => [player.id, player.title]));
  byId("pick-table").addEventListener("change", (event) => chooseTable(event.target.value));
  byId("pick-video").addEventListener("change", (event) => chooseVideo(Number(event.target.value)));
  byId("pick-curve").addEventListener("change", () => {
    drawCurve();
    report();
  });
  byId("play").addEventListener("click", KEYS[" "]);
  byId("back").addEventListener("click", KEYS.ArrowLeft);
  byId("forward").addEventListener("click", KEYS.ArrowRight);
  byId("scrub").addEventListener("input", (event) => seek(Number(event.target.value)));
  byId("speed").addEventListener("change", (event) => {
    state.speed = Number(event.target.value);
    for (const { video } of tiles) if (video) video.playbackRate = state.speed;
  });
  byId("stage").addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    const onControl = event.target.matches("select, button") && event.key === " ";
    if (!action || onControl || event.target.matches("select")) return;
    event.preventDefault();
    action();
  });
  for (const button of document.querySelectorAll(".watch")) {
    button.addEventListener("click", () => {
      chooseTable(button.dataset.table);
      byId("player").scrollIntoView();
      byId("stage").focus({ preventScroll: true });
    });
  }
  chooseTable((players.find((player) => player.videos.length) ?? players[0]).id);
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    state.seen = true;
    build(false);
  }).observe(byId("player"));
}
