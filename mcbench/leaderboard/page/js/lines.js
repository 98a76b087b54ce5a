// ---- one clip a line, the most disputed first; a line's videos are loaded while it is on the screen ----

const onScreen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) loadLine(entry.target);
    else clearLine(entry.target);
  }
});
const lines = new Map();

function drawLines() {
  clearLines();
  const { board, metric } = state;
  if (!hasVideos(board)) return;
  const runs = inOrder(state.chosen);
  const order = board.videos
    .map((video, index) => ({ video, index, apart: disagreement(board, index, runs, metric) }))
    .filter(({ video }) => playable(video));
  const key = ({ apart }) => (Number.isFinite(apart) ? apart : -1);
  order.sort((one, other) => key(other) - key(one) || one.index - other.index);
  byId("lines-hint").textContent = runs.length < 2
    ? "Choose two models or more to sort the clips by how much they disagree."
    : `Mean over frames of the largest less the smallest ${metricOf(board, metric)?.label ?? "value"} of the chosen models; ` +
      "pictures show the frame in which they differ most.";
  byId("lines-list").replaceChildren(...order.map((entry) => line(entry, runs)));
}

function line({ video, index, apart }, runs) {
  const { board, metric } = state;
  const peak = peaks(spreads(board, index, runs, metric), 1)[0] ?? Math.floor(video.frames / 2);
  const open = make("button", { type: "button", className: "open", textContent: video.id });
  open.addEventListener("click", () => {
    chooseVideo(index, peak);
    byId("stage").scrollIntoView();
    byId("stage").focus({ preventScroll: true });
  });
  const facts = [
    Number.isFinite(apart) ? `differ by ${shown(apart, metricOf(board, metric))}` : "no values to compare",
    `shown in frame ${peak}`,
    ...(video.people === null ? [] : [`${video.people} people`]),
  ];
  const pictures = make("div", { className: "pictures" });
  const element = make("li", {}, make("div", { className: "about" }, open, make("small", { textContent: facts.join(" · ") })), pictures);
  lines.set(element, { video, runs, peak, pictures });
  onScreen.observe(element);
  return element;
}

function loadLine(element) {
  const { video, runs, peak, pictures } = lines.get(element);
  if (pictures.childElementCount) return;
  const wanted = [["ground truth", video.truth], ...runs.map((run) => [state.board.runs[run].name, video.predictions[run], run])];
  const made = wanted.map(([name, url, run]) => {
    const caption = make("figcaption", {}, name);
    if (run !== undefined) caption.prepend(swatch(run));
    if (!url) return make("figure", {}, absentNote("no preview"), caption);
    const still = make("video", { muted: true, playsInline: true, preload: "auto", src: url });
    still.setAttribute("aria-label", `${name}, frame ${peak} of ${video.id}`);
    still.addEventListener("loadedmetadata", () => {
      still.currentTime = Math.min((peak + 0.5) / video.fps, still.duration);
    });
    return make("figure", {}, still, caption);
  });
  pictures.replaceChildren(...made);
}

function clearLine(element) {
  const { pictures } = lines.get(element) ?? {};
  if (!pictures) return;
  // The line keeps its height, so that what is below does not jump.
  if (pictures.childElementCount) pictures.style.minHeight = `${pictures.offsetHeight}px`;
  for (const video of pictures.querySelectorAll("video")) unload(video);
  pictures.replaceChildren();
}

function clearLines() {
  onScreen.disconnect();
  for (const element of lines.keys()) clearLine(element);
  lines.clear();
  byId("lines-list").replaceChildren();
}
