// ---- views, and what starts it all ----

const VIEWS = { tables: showTables, player: showPlayer, videos: showVideos, model: showModel, run: showRun };

// The part of the address after # is NAME?PARAMETERS of a view, or the anchor of a table.
function route() {
  const [name, query = ""] = location.hash.slice(1).split("?");
  const view = Object.hasOwn(VIEWS, name) && (boards.length || name === "tables") ? name : "tables";
  for (const other of Object.keys(VIEWS)) byId(`view-${other}`).hidden = other !== view;
  for (const entry of document.querySelectorAll("#views a")) {
    if (entry.getAttribute("href") === `#${view}`) entry.setAttribute("aria-current", "page");
    else entry.removeAttribute("aria-current");
  }
  if (view !== "player") leavePlayer();
  VIEWS[view](new URLSearchParams(query));
  if (view !== name && name) byId(name)?.scrollIntoView();
  else window.scrollTo(0, 0);
}

function showPlayer(parameters) {
  const board = boardOf(parameters.get("table")) ?? state.board ?? boards.find(hasVideos) ?? boards[0];
  const named = parameters.get("models")?.split(",").filter(Boolean).map((id) => board.runs.findIndex((run) => run.id === id));
  const models = named?.filter((run) => run >= 0);
  if (parameters.get("metric")) state.metric = parameters.get("metric");
  const same = board === state.board && !models?.length;
  chooseBoard(board, models?.length ? new Set(models) : same ? state.chosen : undefined);
  const wanted = board.videos.findIndex((video) => video.id === parameters.get("video") && playable(video));
  chooseVideo(wanted >= 0 ? wanted : firstPlayable(board), Math.max(0, Math.floor(Number(parameters.get("frame"))) || 0));
  drawLines();
}

function leavePlayer() {
  clearTiles();
  clearLines();
}

const KEYS = {
  " ": () => (state.playing ? pause() : play()),
  ArrowLeft: () => seek(frame() - 1),
  ArrowRight: () => seek(frame() + 1),
  Home: () => seek(0),
  End: () => seek(state.video.frames - 1),
  d: nextPeak,
  n: () => stepVideo(1),
  p: () => stepVideo(-1),
};

function pressed(event) {
  const action = KEYS[event.key];
  const onButton = event.target.matches("button, input[type=checkbox], a") && event.key === " ";
  if (!action || onButton || event.target.matches("select") || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  action();
}

function redraw() {
  state.metric = byId("pick-curve").value;
  drawCurve();
  report();
  drawLines();
}

function setUpPlayer() {
  byId("pick-table").addEventListener("change", (event) => {
    const { video, position } = state;
    chooseBoard(boardOf(event.target.value));
    // The same clip under another protocol stays where it is.
    const same = state.board.videos.findIndex((one) => one.id === video?.id && playable(one));
    chooseVideo(same >= 0 ? same : firstPlayable(state.board), same >= 0 ? position : 0);
    drawLines();
  });
  byId("pick-video").addEventListener("change", (event) => chooseVideo(Number(event.target.value)));
  byId("pick-curve").addEventListener("change", redraw);
  for (const box of document.querySelectorAll("#pick-inputs input")) {
    box.addEventListener("change", () => {
      if (box.checked) state.inputs.add(box.value);
      else state.inputs.delete(box.value);
      build(true);
    });
  }
  byId("pick-difference").addEventListener("change", buildDifferences);
  byId("gain").addEventListener("change", setGain);
  for (const [id, key] of [["play", " "], ["back", "ArrowLeft"], ["forward", "ArrowRight"]]) {
    byId(id).addEventListener("click", KEYS[key]);
  }
  byId("scrub").addEventListener("input", (event) => seek(Number(event.target.value)));
  byId("speed").addEventListener("change", (event) => {
    state.speed = Number(event.target.value);
    for (const { video } of tiles) if (video) video.playbackRate = state.speed;
  });
  byId("stage").addEventListener("keydown", pressed);
}

const choices = boards.map((board) => [board.id, board.title]);
for (const id of ["pick-table", "videos-table-pick"]) fillSelect(byId(id), choices);
setUpFilters();
setUpPlayer();
const chooseValues = () => showVideos(new URLSearchParams({ table: byId("videos-table-pick").value, metric: byId("videos-metric").value }));
for (const id of ["videos-table-pick", "videos-metric"]) byId(id).addEventListener("change", chooseValues);
window.addEventListener("hashchange", route);
route();
