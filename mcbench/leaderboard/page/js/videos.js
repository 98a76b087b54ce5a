// ---- a table's videos one by one, and how their values are spread ----

const MOST_AT_FIRST = 12; // More columns and boxes than that are for who asks for them.
const seen = { board: null, metric: "", chosen: new Set() };

function showVideos(parameters) {
  const board = boardOf(parameters.get("table")) ?? boards.find((one) => one.metrics.length) ?? boards[0];
  if (seen.board !== board) seen.chosen = new Set([...board.runs.keys()].slice(0, MOST_AT_FIRST));
  seen.board = board;
  seen.metric = metricOf(board, parameters.get("metric") ?? seen.metric)?.metric ?? "";
  byId("videos-table-pick").value = board.id;
  fillSelect(byId("videos-metric"), board.metrics.map((metric) => [metric.metric, metric.label]));
  byId("videos-metric").value = seen.metric;
  pickRuns(byId("videos-models"), board, seen.chosen, drawVideos);
  drawVideos();
}

function drawVideos() {
  const { board, metric } = seen;
  const nothing = board.metrics.length === 0 || board.videos.length === 0;
  byId("videos-empty").hidden = !nothing;
  byId("videos-content").hidden = nothing;
  if (nothing) return;
  remember("videos", { table: board.id, metric });
  const runs = inOrder(seen.chosen);
  byId("videos-list").replaceChildren(videoTable(board, metricOf(board, metric), runs));
  drawPlots(board, metricOf(board, metric), runs);
}

function videoTable(board, metric, runs) {
  const first = metric.higher_is_better ? "descending" : "ascending";
  const withPeople = board.videos.some((video) => video.people !== null);
  const heads = [sortHead("Video", "ascending")];
  if (withPeople) heads.push(sortHead("People", "descending", true), sortHead("Overlap", "descending", true));
  for (const run of runs) {
    const head = sortHead(board.runs[run].name, first, true);
    head.prepend(swatch(run));
    heads.push(head);
  }
  heads.push(sortHead("Spread", "descending", true));
  heads[0].setAttribute("aria-sort", "ascending");
  const rows = board.videos.map((video, index) => videoRow(board, metric, runs, video, index, withPeople));
  const scores = runs.map((run) => {
    const score = board.runs[run].scores.find((one) => one.metric === metric.metric);
    return make("td", { className: "number", textContent: score?.text ?? ABSENT });
  });
  const foot = make("tr", {}, make("th", { scope: "row", textContent: "score in the table" }));
  if (withPeople) foot.append(make("td"), make("td"));
  foot.append(...scores, make("td"));
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows), make("tfoot", {}, foot));
}

function videoRow(board, metric, runs, video, index, withPeople) {
  const name = make("th", { scope: "row", className: "model" });
  name.append(playable(video) ? link("player", { table: board.id, video: video.id, metric: metric.metric }, video.id) : video.id);
  name.dataset.sort = video.id;
  const row = make("tr", {}, name);
  if (withPeople) {
    row.append(cell(video.people ?? ABSENT, video.people ?? ""));
    row.append(cell(video.overlap === null ? ABSENT : `${Math.round(100 * video.overlap)} %`, video.overlap ?? ""));
  }
  const values = runs.map((run) => board.runs[run].means[metric.metric]?.[index]);
  const known = values.filter(isNumber);
  const best = metric.higher_is_better ? Math.max(...known) : Math.min(...known);
  for (const value of values) {
    // The best as it is shown: what looks equal is equal.
    const isBest = known.length > 1 && metric.higher_is_better !== null && shown(value, metric) === shown(best, metric);
    row.append(cell(shown(value, metric), isNumber(value) ? value : "", isBest ? "number best" : "number"));
  }
  const apart = known.length > 1 ? Math.max(...known) - Math.min(...known) : NaN;
  row.append(cell(shown(apart, metric), Number.isFinite(apart) ? apart : ""));
  return row;
}

// ---- box plots by how many people are seen, and by whether they overlap ----

function drawPlots(board, metric, runs) {
  const partsOf = (names) => names.filter((name) => runs.some((run) => board.runs[run].parts[name]?.[metric.metric]));
  const counts = [...new Set(board.runs.flatMap((run) => Object.keys(run.parts)))].filter((name) => name.startsWith("people="));
  counts.sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  const people = (name) => `${name.slice(7)} ${name === "people=1" ? "person" : "people"}`;
  const overlap = { "no-overlap": "no overlap", overlap: "overlap" };
  const kinds = [
    ["All frames", [["all videos", (run) => run.means]]],
    ["By the number of people in the frame", partsOf(counts).map((name) => [people(name), (run) => run.parts[name]])],
    ["By whether people overlap in the frame", partsOf(Object.keys(overlap)).map((name) => [overlap[name], (run) => run.parts[name]])],
  ];
  const plots = kinds.map(([title, groups]) => [title, groupsOf(board, metric, runs, groups)]).filter(([, groups]) => valuesIn(groups).length);
  // One axis for all, so that the plots can be read against each other.
  const range = rangeOf(plots.flatMap(([, groups]) => valuesIn(groups)));
  byId("plots").replaceChildren(...plots.map(([title, groups]) => plotFigure(title, groups, range, headOf(metric))));
  byId("plots-hint").textContent =
    `Each point is a video's mean ${headOf(metric)} over the frames of that kind. Boxes hold the middle half, the bar is the median, ` +
    `whiskers end at the last value within 1.5 box heights; below ${FEWEST} videos there are points and a median alone.` +
    (plots.length > 1 ? "" : " How many people a frame shows is not known here: mcbench score RESULTS --protocol people/1 finds it.");
}

function groupsOf(board, metric, runs, groups) {
  const scale = 10 ** metric.exponent;
  return groups.map(([name, means]) => ({
    name,
    runs: runs.map((run) => {
      const values = (means(board.runs[run])?.[metric.metric] ?? []).filter(isNumber).map((value) => value / scale);
      return { run, name: board.runs[run].name, values };
    }),
  }));
}

function plotFigure(title, groups, range, head) {
  const drawing = boxPlot(groups, `${title}: ${head}`, range);
  const box = make("div", { className: "scroll", tabIndex: 0 }, drawing);
  return make("figure", { className: "plot-figure" }, make("figcaption", { textContent: title }), box);
}
