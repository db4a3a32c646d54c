// `props.value` {rows, counts, words, hidden} in, the problems of a batch with what came of each out; `select` opens one.
// A row is [number, run, problem, gold, answer, standing, words]; `hidden` says how many others there are.
const frame = element.querySelector(".batch");
const words = element.querySelector(".tally");
const bar = element.querySelector("progress");
const body = element.querySelector("tbody");
const others = element.querySelector(".others");
const draw = workingsRows(body, rowOf);

function rowOf([number, run, problem, gold, answer, standing, said]) {
  const row = workingsNode("tr", "");
  const first = workingsNode("th", "number", String(number));
  first.scope = "row";
  const what = workingsNode("td", "problem", run ? undefined : problem);
  if (run) {
    const open = workingsNode("button", "open", problem);
    open.addEventListener("click", () => trigger("select", { run_id: run }));
    what.append(open);
  }
  const verdict = workingsNode("td", "", undefined);
  verdict.append(workingsNode("span", `mark ${standing.replace(" ", "-")}`, workingsSay(said)));
  row.append(first, what, workingsNode("td", "answer", answer), workingsNode("td", "answer", gold), verdict);
  return row;
}

function sync() {
  const { rows = [], words: said = "", done = 0, total = 0, hidden = 0, shows = "" } = props.value || {};
  const drawer = document.getElementById("batch-drawer");
  if (drawer) drawer.dataset.shows = shows;
  frame.hidden = !total;
  words.textContent = workingsSay(said);
  bar.max = total || 1;
  bar.value = done;
  draw(rows);
  others.hidden = !hidden;
  others.textContent = workingsSay(`${hidden} more are not shown here. The download has all of them.`);
}
watch("value", sync);
sync();
