// `props.value` {rows, words} in, a table of the chains of a problem out; `select` carries the run to show in the panes.
// A row is [run, number, answer, class, tokens, seconds, state, outcome, is shown, has won].
const frame = element.querySelector(".chains");
const words = element.querySelector(".tally");
const body = element.querySelector("tbody");
let drawn = [];

function cell(tag, className, text) {
  return workingsNode(tag, className, text);
}

function rowOf([run, number, answer, letter, tokens, seconds, state, outcome, isShown, hasWon]) {
  const row = workingsNode("tr", `${isShown ? "shown" : ""} ${hasWon ? "won" : ""}`.trim());
  const open = workingsNode("button", "action open", workingsSay(`Chain ${number}`));
  open.setAttribute("aria-pressed", String(isShown));
  open.addEventListener("click", () => trigger("select", { run_id: run }));
  const first = cell("th", "", undefined);
  first.scope = "row";
  first.append(open);
  const said = cell("td", "answer", answer || "");
  if (outcome) said.append(" ", workingsNode("span", `mark ${outcome}`, workingsSay(outcome)));
  row.append(
    first,
    said,
    cell("td", "class", letter),
    cell("td", "number", tokens ? tokens.toLocaleString("en") : ""),
    cell("td", "number", seconds ? `${seconds.toFixed(1)} s` : ""),
    cell("td", "state", workingsSay(state)),
  );
  return row;
}

function sync() {
  const { rows = [], words: said = "" } = props.value || {};
  frame.hidden = !rows.length;
  words.textContent = workingsSay(said);
  // Only rows that have changed are drawn again, so that a focused button stays focused.
  rows.forEach((row, at) => {
    const key = JSON.stringify(row);
    if (drawn[at] === key) return;
    drawn[at] = key;
    const had = body.children[at] && body.children[at].contains(document.activeElement);
    if (body.children[at]) body.children[at].replaceWith(rowOf(row));
    else body.append(rowOf(row));
    if (had) body.children[at].querySelector("button").focus();
  });
  while (body.children.length > rows.length) body.lastElementChild.remove();
  drawn.length = rows.length;
}
watch("value", sync);
sync();
