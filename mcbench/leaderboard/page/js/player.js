// ---- the player: all tiles follow one clock, counted in frames ----

const state = {
  board: null, index: 0, video: null, chosen: new Set(), inputs: new Set(["reference", "pose", "truth"]),
  metric: "", position: 0, playing: false, speed: 1, last: 0,
};
let tiles = [];

const playable = (video) => video.frames !== null;
const firstPlayable = (board) => board.videos.findIndex(playable);
const hasVideos = (board) => board.videos.some(playable);

function chooseBoard(board, chosen) {
  state.board = board;
  state.chosen = chosen ?? new Set(board.runs.map((_, run) => run).filter((run) => board.videos.some((video) => video.predictions[run])).slice(0, 4));
  byId("pick-table").value = board.id;
  const clips = board.videos.map((video, index) => [index, video.id]).filter(([index]) => playable(board.videos[index]));
  fillSelect(byId("pick-video"), clips);
  fillSelect(byId("pick-curve"), board.metrics.map((metric) => [metric.metric, metric.label]));
  state.metric = metricOf(board, state.metric)?.metric ?? "";
  byId("pick-curve").value = state.metric;
  pickRuns(byId("pick-models"), board, state.chosen, () => {
    build(true);
    drawLines();
  });
}

function chooseVideo(index, position = 0) {
  state.index = index;
  state.video = state.board.videos[index] ?? null;
  byId("pick-video").value = String(index);
  state.position = position;
  build(true);
}

function stepVideo(step) {
  const clips = state.board.videos.map((video, index) => index).filter((index) => playable(state.board.videos[index]));
  const place = clips.indexOf(state.index);
  if (place >= 0) chooseVideo(clips[(place + step + clips.length) % clips.length]);
}

function sources() {
  const { video, board } = state;
  const list = [];
  if (state.inputs.has("reference")) list.push({ name: "reference", url: video.truth, still: true, absent: "The reference has no preview here." });
  if (state.inputs.has("pose")) list.push({ name: "pose", url: video.pose, absent: "The poses have no preview here." });
  if (state.inputs.has("truth")) list.push({ name: "ground truth", url: video.truth, truth: true, absent: "The ground truth has no preview here." });
  for (const run of inOrder(state.chosen)) {
    const absent = "This model has no preview of this video here.";
    list.push({ name: board.runs[run].name, url: video.predictions[run], run, absent });
  }
  return list;
}

const absentNote = (text) => make("p", { className: "absent", textContent: text });

function tile({ name, url, run, still, truth, absent }) {
  const caption = make("figcaption", {}, run === undefined ? name : make("b", { textContent: name }));
  if (run !== undefined) caption.prepend(swatch(run));
  if (!url) return { figure: make("figure", {}, absentNote(absent), caption), run, caption };
  const video = make("video", { muted: true, playsInline: true, preload: "auto", src: url });
  video.setAttribute("aria-label", name);
  const entry = { figure: make("figure", {}, video, caption), video, run, still, truth, name, caption };
  video.addEventListener("loadedmetadata", () => show(entry));
  followFrames(video);
  video.addEventListener("error", () => {
    if (!video.hasAttribute("src")) return;
    video.replaceWith(absentNote(`Cannot play ${url}: it is not where it was when this page was written.`));
    entry.video = undefined;
  });
  return entry;
}

function unload(video) {
  video.removeAttribute("src");
  video.load();
}

function clearTiles() {
  pause();
  for (const { video } of tiles) if (video) unload(video);
  tiles = [];
  byId("tiles").replaceChildren();
}

// Builds the tiles of the chosen video; the player's view is on the screen, so they may load.
function build(keepPosition) {
  clearTiles();
  const nothing = !hasVideos(state.board);
  for (const id of ["stage", "choices-of-table", "lines"]) byId(id).hidden = nothing;
  byId("player-empty").hidden = !nothing;
  byId("player-empty").textContent =
    "No videos lie beside this page. Predictions stay in the results folder of the machine that made them: " +
    "run the models there, and mcbench report results/ writes this page with its player.";
  if (nothing) return;
  if (!keepPosition) state.position = 0;
  state.position = Math.min(state.position, state.video.frames - 1);
  byId("scrub").max = String(state.video.frames - 1);
  tiles = sources().map(tile);
  byId("tiles").append(...tiles.map((entry) => entry.figure));
  buildDifferences();
  drawCurve();
  showAll();
}

const frame = () => Math.min(Math.floor(state.position), state.video.frames - 1);

// The middle of a frame: its edges are where rounding could show the neighbour instead.
const timeOf = (index) => (index + 0.5) / state.video.fps;

function show({ video, still }) {
  if (video && video.readyState > 0) video.currentTime = Math.min(timeOf(still ? 0 : frame()), video.duration);
}

function showAll() {
  tiles.forEach(show);
  report();
}

function report() {
  const index = frame();
  const { fps, frames } = state.video;
  byId("scrub").value = String(index);
  byId("where").textContent = `frame ${index} of ${frames - 1} · ${(index / fps).toFixed(2)} s · ${fps} fps`;
  const cursor = byId("curve").querySelector("line.cursor");
  if (cursor) for (const end of ["x1", "x2"]) cursor.setAttribute(end, index);
  for (const entry of tiles) writeValue(entry, index);
  if (!state.playing) rememberPlayer();
}

function rememberPlayer() {
  const models = inOrder(state.chosen).map((run) => state.board.runs[run].id).join(",");
  remember("player", { table: state.board.id, video: state.video.id, frame: frame(), metric: state.metric, models });
}

function writeValue(entry, index) {
  if (entry.run === undefined) return;
  const value = curveOf(state.board, state.index, entry.run, state.metric)?.[index];
  entry.label ??= entry.caption.appendChild(make("span"));
  entry.label.textContent = isNumber(value) ? shown(value, metricOf(state.board, state.metric)) : "";
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
  for (const { video, still } of tiles) {
    if (!video || still) continue;
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
  const moving = tiles.filter(({ video, still }) => video && !still).map(({ video }) => video);
  const waiting = moving.some((video) => video.seeking || video.readyState < 2);
  if (!waiting) state.position += ((now - state.last) / 1000) * state.video.fps * state.speed;
  state.last = now;
  if (state.position >= state.video.frames) state.position = 0;
  const target = state.position / state.video.fps;
  for (const video of moving) {
    if (video.seeking) continue;
    const reach = Math.min(target, video.duration);
    if (Math.abs(video.currentTime - reach) > Math.max(0.06, 1 / state.video.fps)) video.currentTime = reach;
    if (video.paused && reach < video.duration) video.play().catch(() => {});
  }
  drawDifferences();
  report();
  requestAnimationFrame(tick);
}
