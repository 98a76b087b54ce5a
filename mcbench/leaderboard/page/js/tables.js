// ---- tables: sort by a column; rows without a value stay at the end ----

function sortBy(header) {
  const table = header.closest("table");
  const first = header.querySelector("button").dataset.first;
  const opposite = first === "ascending" ? "descending" : "ascending";
  const direction = header.getAttribute("aria-sort") === first ? opposite : first;
  const index = [...header.parentNode.children].indexOf(header);
  const sign = direction === "ascending" ? 1 : -1;
  const numeric = header.classList.contains("number");
  const key = (row) => row.children[index].dataset.sort ?? "";
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (numeric ? Number(a) - Number(b) : a.localeCompare(b, "en", { numeric: true }));
  });
  for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction);
  body.append(...rows);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("thead button");
  if (button) sortBy(button.closest("th"));
});

function sortHead(text, first, number = false) {
  const button = make("button", { type: "button", textContent: text });
  button.dataset.first = first;
  return make("th", { scope: "col", className: number ? "number" : "" }, button);
}

function cell(text, sort, className = "number") {
  const made = make("td", { className, textContent: text });
  made.dataset.sort = sort;
  return made;
}

// ---- filters: by what sets tables apart, by division and by the model's name ----

const FILTERS = [...document.querySelectorAll("#filters select")];
const sections = [...document.querySelectorAll(".board")];

function valuesOf(key) {
  const rows = [...document.querySelectorAll(".board tbody tr")];
  const found = new Set([...sections, ...rows].map((element) => element.dataset[key]));
  return [...found].filter((value) => value !== undefined).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function setUpFilters() {
  for (const select of FILTERS) {
    const values = valuesOf(select.dataset.key);
    fillSelect(select, [["", "all"], ...values.map((value) => [value, value])]);
    select.parentNode.hidden = values.length < 2;
    select.addEventListener("change", filterChanged);
  }
  byId("filter-text").addEventListener("input", filterChanged);
  byId("filter-clear").addEventListener("click", () => {
    for (const field of [...FILTERS, byId("filter-text")]) field.value = "";
    filterChanged();
  });
  byId("filters").hidden = sections.length === 0;
}

function filterChanged() {
  const fields = FILTERS.map((select) => [select.dataset.key, select.value]);
  const set = [...fields, ["text", byId("filter-text").value.trim()]].filter(([, value]) => value);
  remember("tables", Object.fromEntries(set));
  applyFilters();
}

function applyFilters() {
  const wanted = FILTERS.filter((select) => select.value).map((select) => [select.dataset.key, select.value]);
  const text = byId("filter-text").value.trim().toLocaleLowerCase();
  const fits = (element) => wanted.every(([key, value]) => [undefined, value].includes(element.dataset[key]));
  let tables = 0;
  for (const section of sections) {
    let rows = 0;
    for (const row of section.querySelectorAll("tbody tr")) {
      row.hidden = !fits(row) || !row.querySelector("th").textContent.toLocaleLowerCase().includes(text);
      rows += !row.hidden;
    }
    section.hidden = !fits(section) || rows === 0;
    tables += !section.hidden;
  }
  for (const group of document.querySelectorAll(".benchmark")) {
    // A benchmark without any table has a remark to make, which only a filter of other benchmarks hides.
    const own = [...group.querySelectorAll(".board")];
    group.hidden = own.length ? own.every((section) => section.hidden) : text !== "" || wanted.length > 0;
    byId("contents").querySelector(`[href="#${group.id}"]`).parentNode.hidden = group.hidden;
  }
  byId("filter-count").textContent =
    tables === sections.length ? `${tables} ${tables === 1 ? "table" : "tables"}` : `${tables} of ${sections.length} tables`;
  byId("no-table").hidden = tables > 0;
}

function showTables(parameters) {
  for (const select of FILTERS) select.value = parameters.get(select.dataset.key) ?? "";
  byId("filter-text").value = parameters.get("text") ?? "";
  applyFilters();
}
