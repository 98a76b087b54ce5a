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
  byId("differences").hidden = pairs.length === 0;
  byId("gain-label").hidden = pairs.length === 0;
  byId("differences").replaceChildren(...pairs.map(differenceFigure));
  setGain();
  drawDifferences();
}

function differenceFigure({ entry, base, canvas }) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `difference of ${entry.name} and ${base.name}`);
  const caption = make("figcaption", {}, `|${entry.name} − ${base.name}|`);
  if (entry.run !== undefined) caption.prepend(swatch(entry.run));
  return make("figure", {}, canvas, caption);
}

function setGain() {
  for (const { canvas } of pairs) canvas.style.filter = `brightness(${byId("gain").value})`;
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
