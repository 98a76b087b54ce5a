// ---- box plots: a box a run, in groups ----

const PLOT = { height: 260, top: 12, bottom: 40, left: 62, box: 15, step: 24, gap: 22 };
const FEWEST = 5; // A box of fewer values would say more than they do.

function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = sorted[Math.min(below + 1, sorted.length - 1)];
  return sorted[below] + (place - below) * (above - sorted[below]);
}

// Quartiles by linear interpolation; whiskers reach the last value within 1.5 times their distance.
function boxOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  const reach = 1.5 * (high - low);
  const inside = sorted.filter((value) => value >= low - reach && value <= high + reach);
  return { low, middle, high, from: inside[0], to: inside.at(-1), count: sorted.length };
}

// Round steps of 1, 2 or 5 times a power of ten that cover a range.
function ticks(low, high) {
  const rough = (high - low || Math.abs(high) || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let index = first; index <= last; index += 1) found.push([index * step, (index * step).toFixed(digits)]);
  return found;
}

const valuesIn = (groups) => groups.flatMap(({ runs }) => runs.flatMap(({ values }) => values));

// The range of an axis: all values with a margin around them.
function rangeOf(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low) * 0.06 || Math.abs(low) * 0.05 || 0.5;
  return [low - margin, high + margin];
}

// groups: [{ name, runs: [{ run, values }] }], values in the units that are shown.
function boxPlot(groups, axis, [low, high]) {
  const inner = PLOT.height - PLOT.top - PLOT.bottom;
  const y = (value) => (PLOT.top + inner * (1 - (value - low) / (high - low))).toFixed(1);
  const widths = groups.map(({ runs }) => Math.max(runs.length * PLOT.step, 70) + PLOT.gap);
  const width = PLOT.left + widths.reduce((sum, one) => sum + one, 0) + 8;
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${PLOT.height}`, width, height: PLOT.height, role: "img", class: "plot" });
  drawing.append(svg("title", {}, axis));
  for (const [value, text] of ticks(low, high)) {
    drawing.append(svg("line", { class: "grid", x1: PLOT.left, x2: width, y1: y(value), y2: y(value) }));
    drawing.append(svg("text", { class: "tick", x: PLOT.left - 8, y: Number(y(value)) + 4 }, text));
  }
  let left = PLOT.left;
  groups.forEach((group, index) => {
    const start = left + (widths[index] - group.runs.length * PLOT.step) / 2 + PLOT.step / 2;
    group.runs.forEach((entry, place) => drawing.append(drawBox(entry, start + place * PLOT.step, y)));
    const label = svg("text", { class: "group", x: left + widths[index] / 2, y: PLOT.height - 20 }, group.name);
    const counts = [...new Set(group.runs.map(({ values }) => values.length))];
    const videos = counts.length === 1 ? counts[0] : `${Math.min(...counts)}–${Math.max(...counts)}`;
    drawing.append(label, svg("text", { class: "count", x: left + widths[index] / 2, y: PLOT.height - 5 }, `${videos} ${videos === 1 ? "video" : "videos"}`));
    left += widths[index];
  });
  return drawing;
}

function drawBox({ run, name, values }, x, y) {
  const group = svg("g", { class: `box ${colour(run)}` });
  if (!values.length) return group;
  const { low, middle, high, from, to, count } = boxOf(values);
  const half = PLOT.box / 2;
  const line = (x1, x2, y1, y2, name = "") => svg("line", { x1, x2, y1: y(y1), y2: y(y2), class: name });
  group.append(svg("title", {}, `${name}: median ${Number(middle.toPrecision(5))}, ${count} ${count === 1 ? "video" : "videos"}`));
  if (count >= FEWEST) {
    group.append(line(x, x, from, low), line(x, x, high, to));
    group.append(svg("rect", { x: x - half, width: PLOT.box, y: y(high), height: Math.max(1, y(low) - y(high)) }));
  }
  group.append(line(x - half, x + half, middle, middle, "median"));
  values.forEach((value, index) => {
    // Spread sideways by a fixed pattern, so that equal values stay apart and the plot is the same each time.
    const aside = count < FEWEST ? 0 : (((index * 7) % 5) - 2) * 1.6;
    group.append(svg("circle", { cx: x + aside, cy: y(value), r: 2 }));
  });
  return group;
}
