// ---- a view of each model, over all tables, and of each run ----

function factList(facts) {
  const parts = facts.flatMap(([name, text]) => [make("dt", { textContent: name }), make("dd", {}, linked(text))]);
  return make("dl", { className: "fact-list" }, ...parts);
}

// A text that is a web address and nothing else becomes a link; anything else stays text.
function linked(text) {
  return /^https?:\/\/[^\s<>"]+$/.test(text) ? make("a", { href: text, textContent: text, rel: "noopener nofollow" }) : text;
}

function entriesOf(model) {
  return boards.flatMap((board) => board.runs.filter((run) => run.model === model).map((run) => ({ board, run })));
}

function nothingThere(place, what) {
  place.replaceChildren(make("p", { className: "empty", textContent: `${what} is not on this page.` }));
}

function showModel(parameters) {
  const place = byId("model-content");
  const id = parameters.get("id") ?? "";
  const entries = entriesOf(id);
  const names = new Set([id, ...entries.map(({ run }) => run.name)]);
  const printed = [...document.querySelectorAll(".printed tbody tr")].filter((row) => names.has(row.querySelector("th").dataset.sort));
  if (!entries.length && !printed.length) return nothingThere(place, `The model ${id}`);
  const facts = new Map(entries.flatMap(({ run }) => run.model_facts));
  const count = (list, what) => (list.length ? [make("h3", { textContent: `${list.length} ${what}${list.length === 1 ? "" : "s"}` })] : []);
  place.replaceChildren(
    make("h2", { id: "model-title", textContent: entries[0]?.run.name ?? id }),
    factList([...facts]),
    ...count(entries, "run"),
    ...entries.map(modelCard),
    ...count(printed, "published row"),
    ...printed.map(printedCard),
  );
}

// A published row stands in its table already; the card says the same in short.
function printedCard(row) {
  const section = row.closest(".board");
  const heads = [...row.closest("table").tHead.rows[0].cells];
  const scores = [...row.cells].slice(2).flatMap((value, index) => {
    if (value.dataset.sort === "") return [];
    const head = heads[index + 2].querySelector("button").textContent;
    return [make("div", {}, make("dt", { textContent: head }), make("dd", {}, ...[...value.cloneNode(true).childNodes].filter((node) => node.nodeName !== "SUP")))];
  });
  const title = section.querySelector("h3").textContent;
  return make(
    "article",
    { className: "card" },
    make("h4", {}, make("a", { href: `#${section.id}`, textContent: title })),
    make("p", { className: "facts" }, ...[...row.cells[1].cloneNode(true).childNodes]),
    make("dl", { className: "scores" }, ...scores),
  );
}

function modelCard({ board, run }) {
  const place = rankOf(board, run);
  const scores = run.scores.map((score) => {
    const value = make("dd", { className: score.best ? "best" : "" }, score.text);
    if (score.interval) value.append(make("small", { textContent: `[${score.interval}]` }));
    return make("div", {}, make("dt", { textContent: score.label }), value);
  });
  return make(
    "article",
    { className: "card" },
    make("h4", {}, make("a", { href: `#${board.id}`, textContent: board.title })),
    make("p", { className: "facts", textContent: `${place} · ${run.coverage} · ${run.date}` }),
    make("dl", { className: "scores" }, ...scores),
    linksOf(board, run, link("run", { id: run.id, table: board.id }, "all about this run")),
  );
}

function rankOf(board, run) {
  if (run.rank === null) return "not ranked";
  const ties = run.group ? `, tie group ${run.group}` : "";
  return `rank ${run.rank} of ${board.runs.filter((one) => one.rank !== null).length}${ties}`;
}

function linksOf(board, run, ...first) {
  const index = board.runs.indexOf(run);
  const links = [...first];
  if (board.videos.some((video) => video.predictions[index])) links.push(link("player", { table: board.id, models: run.id }, "watch"));
  if (Object.keys(run.means).length) links.push(link("videos", { table: board.id }, "videos one by one"));
  links.push(make("a", { href: run.record, textContent: "score record" }));
  if (run.folder) links.push(make("a", { href: run.folder, textContent: "files" }));
  return make("p", { className: "links" }, ...links.flatMap((one, place) => (place ? [" · ", one] : [one])));
}

function showRun(parameters) {
  const place = byId("run-content");
  const found = boards.flatMap((board) => board.runs.map((run) => ({ board, run })));
  const entry =
    found.find(({ board, run }) => run.id === parameters.get("id") && board.id === parameters.get("table")) ??
    found.find(({ run }) => run.id === parameters.get("id"));
  if (!entry) return nothingThere(place, "This run");
  const { board, run } = entry;
  place.replaceChildren(
    make("h2", { id: "run-title" }, link("model", { id: run.model }, run.name), ` on ${board.split}`),
    make("p", { className: "facts" }, make("a", { href: `#${board.id}`, textContent: board.title })),
    make("p", { className: "facts", textContent: `${rankOf(board, run)} · ${run.coverage} · ${run.date} ${run.commit}` }),
    linksOf(board, run),
    make("h3", { textContent: "Scores" }),
    scrolling(scoreTable(run), "Scores of this run"),
    ...section("Parts of the frames", sliceTable(board, run)),
    ...section("Videos", meanTable(board, run)),
    make("h3", { textContent: "How it was made" }),
    factList([...run.model_facts, ...run.facts]),
  );
}

const section = (title, table) => (table ? [make("h3", { textContent: title }), scrolling(table, title)] : []);

function scrolling(table, label) {
  const box = make("div", { className: "scroll", tabIndex: 0 }, table);
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  return box;
}

function plainTable(heads, rows) {
  const head = make("tr", {}, ...heads.map((text, place) => make("th", { scope: "col", className: place ? "number" : "", textContent: text })));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function scoreTable(run) {
  const rows = run.scores.map((score) => {
    const remarks = [score.counts, ...score.remarks].filter(Boolean).join("; ");
    const texts = [score.text + (score.ties ? ` ${score.ties}` : ""), score.interval, isNumber(score.value) ? String(Number(score.value.toPrecision(8))) : "", isNumber(score.noise_floor) ? String(Number(score.noise_floor.toPrecision(5))) : ""];
    return make(
      "tr",
      {},
      make("th", { scope: "row", textContent: score.label }),
      ...texts.map((text) => make("td", { className: "number", textContent: text })),
      make("td", { className: "remarks", textContent: remarks }),
    );
  });
  const table = plainTable(["Metric", "Shown", "95 % interval", "All digits", "Noise floor"], rows);
  table.tHead.rows[0].append(make("th", { scope: "col", textContent: "Made of, and remarks" }));
  return table;
}

function sliceTable(board, run) {
  const parts = Object.keys(run.slices);
  const metrics = board.metrics.filter(({ metric }) => parts.some((part) => run.slices[part][metric]));
  if (!metrics.length) return null;
  const rows = parts.map((part) =>
    make(
      "tr",
      {},
      make("th", { scope: "row", textContent: part }),
      ...metrics.map(({ metric }) => make("td", { className: "number", textContent: run.slices[part][metric] ?? ABSENT })),
    ),
  );
  return plainTable(["Part", ...metrics.map(headOf)], rows);
}

function meanTable(board, run) {
  const metrics = board.metrics.filter(({ metric }) => run.means[metric]);
  if (!metrics.length) return null;
  const rows = board.videos.map((video, index) =>
    make(
      "tr",
      {},
      make("th", { scope: "row", textContent: video.id }),
      ...metrics.map((metric) => make("td", { className: "number", textContent: shown(run.means[metric.metric][index], metric) })),
    ),
  );
  return plainTable(["Video", ...metrics.map(headOf)], rows);
}
