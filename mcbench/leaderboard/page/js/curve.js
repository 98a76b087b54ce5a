// ---- the curve under the scrub bar, and the frames in which the runs differ most ----

function drawCurve() {
  const { board, index, metric } = state;
  const place = byId("curve");
  const runs = inOrder(state.chosen).filter((run) => curveOf(board, index, run, metric));
  byId("curve-label").hidden = board.metrics.length === 0;
  place.hidden = runs.length === 0;
  byId("curve-hint").textContent = runs.length
    ? `${headOf(metricOf(board, metric))} of each frame. Click or drag to go there.`
    : "No values by frame lie beside the score records, so there is no curve.";
  drawPeaks(runs);
  if (!runs.length) return place.replaceChildren();
  const all = (values) => runs.flatMap((run) => values(board, index, run, metric).filter(Number.isFinite));
  const values = all(countedOf).length ? all(countedOf) : all(curveOf);
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const width = Math.max(1, state.video.frames - 1);
  const height = (value) => (high === low ? 50 : 96 - (92 * (value - low)) / (high - low));
  const drawing = svg("svg", { viewBox: `0 0 ${width} 100`, preserveAspectRatio: "none" });
  for (const peak of peaks(spreads(board, index, runs, metric))) {
    drawing.append(svg("line", { class: "peak", x1: peak, x2: peak, y1: 0, y2: 100 }));
  }
  drawing.append(svg("line", { class: "cursor", x1: frame(), x2: frame(), y1: 0, y2: 100 }));
  for (const run of runs) {
    drawing.append(svg("path", { d: pathOf(curveOf(board, index, run, metric), height), class: colour(run) }));
  }
  const label = (name, value) => make("span", { className: name, textContent: shown(value, metricOf(board, metric)) });
  place.replaceChildren(drawing, label("high", high), label("low", low));
}

// A path through all finite values, broken where one is missing.
function pathOf(values, height) {
  let pen = "M";
  const steps = values.map((value, index) => {
    if (!Number.isFinite(value)) {
      pen = "M";
      return "";
    }
    const step = `${pen}${index} ${height(value).toFixed(2)}`;
    pen = "L";
    return step;
  });
  return steps.join("");
}

function drawPeaks(runs) {
  const values = spreads(state.board, state.index, runs, state.metric);
  const found = peaks(values);
  const metric = metricOf(state.board, state.metric);
  byId("peaks").hidden = found.length === 0;
  const buttons = found.map((peak) => {
    const text = `frame ${peak}: ${shown(values[peak], metric)}`;
    const button = make("button", { type: "button", textContent: text });
    button.addEventListener("click", () => seek(peak));
    return button;
  });
  byId("peaks").replaceChildren(make("span", { textContent: "They differ most in" }), ...buttons);
}

// The next of the frames that differ most, from the largest on.
function nextPeak() {
  const runs = inOrder(state.chosen);
  const found = peaks(spreads(state.board, state.index, runs, state.metric));
  if (found.length) seek(found[(found.indexOf(frame()) + 1) % found.length]);
}

function seekOnCurve(event) {
  const box = byId("curve").getBoundingClientRect();
  seek(Math.round(((event.clientX - box.left) / box.width) * (state.video.frames - 1)));
}

byId("curve").addEventListener("pointerdown", (event) => {
  byId("curve").setPointerCapture(event.pointerId);
  seekOnCurve(event);
});
byId("curve").addEventListener("pointermove", (event) => {
  if (byId("curve").hasPointerCapture(event.pointerId)) seekOnCurve(event);
});
