// `props.value` {rows} in, the rounds of a task's attempts as rows of buttons out; `select` carries the run to show.
// A round is [run, name, words, standing, figures, is shown, is best, is edited].
const frame = element.querySelector(".timeline");
const draw = workingsRows(frame, rowOf);

function chipOf([run, name, words, standing, figures, isShown, isBest, isEdited]) {
  const item = workingsNode("li", standing);
  const open = workingsNode("button", "round");
  open.setAttribute("aria-pressed", String(isShown));
  open.addEventListener("click", () => trigger("select", { run_id: run }));
  const first = workingsNode("span", "name", workingsSay(name));
  const said = workingsNode("span", "said", workingsSay(words));
  const line = workingsNode("span", "numbers", workingsSay(figures));
  const marks = [isBest ? "best" : "", isEdited ? "edited" : ""].filter(Boolean).map((each) => workingsSay(each));
  open.append(first, " ", said);
  if (marks.length) open.append(" ", workingsNode("span", "marks", marks.join(", ")));
  if (figures) open.append(" ", line);
  item.append(open);
  return item;
}

function rowOf({ words, rounds }) {
  const row = workingsNode("div", "attempt");
  const list = workingsNode("ol", "");
  list.setAttribute("aria-label", workingsSay(words));
  list.append(...rounds.map(chipOf));
  row.append(workingsNode("span", "which", workingsSay(words)), list);
  return row;
}

function sync() {
  const { rows = [] } = props.value || {};
  frame.hidden = !rows.length;
  draw(rows);
}
watch("value", sync);
sync();
