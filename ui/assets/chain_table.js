// `props.value` {rows, words} in, a table of the chains of a problem out; `select` carries the run to show in the panes.
// Number 0 is the run that writes a check program.
// A row is [run, number, answer, class, tokens, seconds, state, outcome, is shown, has won].
const frame = element.querySelector(".chains");
const words = element.querySelector(".tally");
const body = element.querySelector("tbody");
const draw = workingsRows(body, rowOf);

function rowOf([run, number, answer, letter, tokens, seconds, state, outcome, isShown, hasWon]) {
  const row = workingsNode("tr", `${isShown ? "shown" : ""} ${hasWon ? "won" : ""}`.trim());
  const open = workingsNode("button", "action open", number ? workingsSay(`Chain ${number}`) : workingsSay("Check program"));
  open.setAttribute("aria-pressed", String(isShown));
  open.addEventListener("click", () => trigger("select", { run_id: run }));
  const first = workingsNode("th", "", undefined);
  first.scope = "row";
  first.append(open);
  const said = workingsNode("td", "answer", answer || "");
  if (outcome) said.append(" ", workingsNode("span", `mark ${outcome}`, workingsSay(outcome)));
  row.append(
    first,
    said,
    workingsNode("td", "class", letter),
    workingsNode("td", "number", tokens ? tokens.toLocaleString("en") : ""),
    workingsNode("td", "number", seconds ? `${seconds.toFixed(1)} s` : ""),
    workingsNode("td", "state", workingsSay(state)),
  );
  return row;
}

function sync() {
  const { rows = [], words: said = "" } = props.value || {};
  frame.hidden = !rows.length;
  words.textContent = workingsSay(said);
  draw(rows);
}
watch("value", sync);
sync();
