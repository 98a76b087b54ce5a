// ---- what all views share: elements, numbers, the page's data ----

const byId = (id) => document.getElementById(id);
const DATA = JSON.parse(byId("page-data").textContent);
const boards = DATA.boards;
const COLOURS = 8;
const ABSENT = "–";

// Text goes into the page as text only; no string of a record is ever read as HTML.
function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function fillSelect(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => make("option", { value: String(value), textContent: text })));
}

// Twenty methods outnumber the colours that can be told apart, so later ones are dashed as well.
const colour = (run) => `k${run % COLOURS}${run >= COLOURS ? " dashed" : ""}`;
const swatch = (run) => make("i", { className: `swatch ${colour(run)}`, ariaHidden: "true" });

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

// A value as tables show it: in units of ten to the metric's power, with its digits.
function shown(value, metric) {
  if (!isNumber(value)) return ABSENT;
  return (value / 10 ** metric.exponent).toFixed(metric.decimals);
}

function headOf(metric) {
  const arrow = { true: " ↑", false: " ↓" }[metric.higher_is_better] ?? "";
  const unit = [metric.exponent ? `×10^${metric.exponent}` : "", metric.unit].filter(Boolean).join(" ");
  return metric.label + (unit ? ` (${unit})` : "") + arrow;
}

const boardOf = (id) => boards.find((board) => board.id === id);
const metricOf = (board, name) => board.metrics.find((metric) => metric.metric === name) ?? board.metrics[0];

function link(view, parameters, text, className = "") {
  return make("a", { href: `#${view}?${new URLSearchParams(parameters)}`, textContent: text, className });
}

function remember(view, parameters) {
  const wanted = `#${view}?${new URLSearchParams(parameters)}`;
  if (location.hash !== wanted) history.replaceState(null, "", wanted);
}

// ---- values by frame: each video's block is parsed when it is first wanted ----

const blocks = new Map();
const parsed = new Map();

function blockOf(board, video) {
  const id = `curves-${board.id}-${video}`;
  if (!blocks.has(id)) blocks.set(id, JSON.parse(byId(id)?.textContent ?? '{"uncounted": [], "series": {}}'));
  return blocks.get(id);
}

function curveOf(board, video, run, metric) {
  const text = blockOf(board, video).series[metric]?.[run];
  if (!text) return undefined;
  const key = `${board.id} ${video} ${run} ${metric}`;
  if (!parsed.has(key)) parsed.set(key, text.split(",").map((part) => (part === "" ? NaN : Number(part))));
  return parsed.get(key);
}

// The same without the frames that no score counts: one that shows the reference would outshine all others.
function countedOf(board, video, run, metric) {
  const { uncounted } = blockOf(board, video);
  return curveOf(board, video, run, metric)?.map((value, frame) => (uncounted.includes(frame) ? NaN : value));
}

// How far the runs are apart in each frame: largest less smallest value. NaN where fewer than two have one.
function spreads(board, video, runs, metric) {
  const curves = runs.map((run) => countedOf(board, video, run, metric)).filter(Boolean);
  const length = Math.max(0, ...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, frame) => {
    const values = curves.map((curve) => curve[frame]).filter(Number.isFinite);
    return values.length < 2 ? NaN : Math.max(...values) - Math.min(...values);
  });
}

// Of a whole video: the mean of its frames' spreads, or that of the runs' means where there are no frames.
function disagreement(board, video, runs, metric) {
  const known = spreads(board, video, runs, metric).filter(Number.isFinite);
  if (known.length) return known.reduce((sum, value) => sum + value, 0) / known.length;
  const means = runs.map((run) => board.runs[run].means[metric]?.[video]).filter(isNumber);
  return means.length < 2 ? NaN : Math.max(...means) - Math.min(...means);
}

// The frames in which the runs differ most, largest first, and not next to each other.
function peaks(values, most = 5) {
  const apart = Math.max(2, Math.round(values.length / 12));
  const order = values.map((value, frame) => frame).filter((frame) => values[frame] > 0);
  order.sort((one, other) => values[other] - values[one] || one - other);
  const found = [];
  for (const frame of order) {
    if (found.length === most) break;
    if (found.every((other) => Math.abs(other - frame) >= apart)) found.push(frame);
  }
  return found;
}

// ---- which runs to show: check boxes shared by the player and the plots ----

function pickRuns(place, board, chosen, changed) {
  const boxes = board.runs.map((run, index) => {
    const box = make("input", { type: "checkbox", checked: chosen.has(index) });
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(index);
      else chosen.delete(index);
      changed();
    });
    return make("label", {}, box, swatch(index), run.name);
  });
  place.replaceChildren(...boxes);
}

const inOrder = (chosen) => [...chosen].sort((one, other) => one - other);
