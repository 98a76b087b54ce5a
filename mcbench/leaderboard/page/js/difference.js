// ---- difference view: |one - other| of two tiles, drawn from the videos that are on the screen anyway ----

let pairs = [];

function buildDifferences() {
  const bases = tiles.filter((entry) => entry.video && (entry.truth || entry.run !== undefined));
  const select = byId("pick-difference");
  const before = select.value;
  const valueOf = (entry) => (entry.truth ? "truth" : String(entry.run));
  fillSelect(select, [["", "off"], ...bases.map((entry) => [valueOf(entry), `to ${entry.name}`])]);
  select.value = bases.some((entry) => valueOf(entry) === before) ? before : "";
  const base = bases.find((entry) => valueOf(entry) === select.value);
  const others = base ? bases.filter((entry) => entry !== base) : [];
  pairs = others.map((entry) => ({ entry, base, canvas: make("canvas") }));
  byId("gain-label").hidden = pairs.length === 0;
  for (const old of byId("tiles").querySelectorAll(".difference")) old.remove();
  for (const pair of pairs) pair.entry.figure.append(...differenceUnder(pair));
  setGain();
  drawDifferences();
}

function differenceUnder({ entry, base, canvas }) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `difference of ${entry.name} and ${base.name}`);
  canvas.className = "difference";
  return [canvas, make("p", { className: "difference", textContent: `|${entry.name} − ${base.name}|` })];
}

function setGain() {
  for (const { canvas } of pairs) canvas.style.filter = `brightness(${byId("gain").value})`;
}

// Draws again whenever a video shows another frame.
function followFrames(video) {
  for (const event of ["seeked", "loadeddata"]) video.addEventListener(event, drawDifferences);
  const next = () => {
    if (!video.hasAttribute("src")) return;
    drawDifferences();
    video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback?.(next);
}

// Pixels are mixed by the canvas and never read: from a file, a page may not read a video's pixels.
function drawDifferences() {
  for (const { entry, base, canvas } of pairs) {
    const [one, other] = [entry.video, base.video];
    if (!one || !other || one.readyState < 2 || other.readyState < 2) continue;
    const [width, height] = [other.videoWidth, other.videoHeight];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.globalCompositeOperation = "copy";
    context.drawImage(other, 0, 0, width, height);
    context.globalCompositeOperation = "difference";
    context.drawImage(one, 0, 0, width, height);
  }
}
