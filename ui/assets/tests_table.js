// `props.value` {rows, words, hidden} in, a table of tests out, each of whose rows unfolds to all that is known of it.
// A row is [kind, name, outcome, time, given, expected, got, message]; `hidden` says how many others there are.
const frame = element.querySelector(".tests");
const [words, body, others] = [".tally", "tbody", ".others"].map((each) => element.querySelector(each));
const opened = new Set();
let [shown, known] = ["", ""];

const marks = { passed: "✓", wrong: "✗", error: "✗", timeout: "✗", memory: "✗", not_run: "–", testing: "…", waiting: "·" };
const states = {
  passed: "passed",
  wrong: "wrong",
  error: "error",
  timeout: "too slow",
  memory: "too much memory",
  not_run: "not run",
  testing: "running",
  waiting: "waiting",
};
const kinds = { given: "", hidden: "hidden", model: "model-written" };
const line = (text) => (text || "").split("\n").find((each) => each.trim()) || "";

function cell(className, words) {
  return workingsNode("td", className, words);
}

function factsOf([, , , , given, expected, got, message]) {
  const list = workingsNode("dl", "");
  const facts = [["Given", given], ["Expected", expected], ["Got", got], ["Message", message]];
  for (const [name, text] of facts) {
    if (text === null || text === "") continue;
    const value = workingsNode("dd", "");
    value.append(workingsNode("pre", "", text));
    list.append(workingsNode("dt", "", workingsSay(name)), value);
  }
  return list;
}

function rowsOf(row) {
  const [kind, name, outcome, time, given, expected, got, message] = row;
  const key = `${kind}/${name}`;
  const main = workingsNode("tr", `test ${outcome}`);
  const first = workingsNode("th", "name");
  first.scope = "row";
  const isBare = !given && expected === null && got === null && !message;
  const title = /^\d+$/.test(name) ? line(given) || workingsSay(`Test ${name}`) : name;
  const label = workingsNode(isBare ? "span" : "button", "open", title);
  first.append(label);
  if (kinds[kind]) first.append(" ", workingsNode("span", "kind", workingsSay(kinds[kind])));
  const state = cell(`state ${outcome}`, `${marks[outcome]} ${workingsSay(states[outcome])}`);
  const isCompared = outcome === "passed" || outcome === "wrong";
  const gotSaid = isCompared && got !== null ? line(got) || workingsSay("nothing") : line(message.trim().split("\n").pop());
  main.append(first, state, cell("expected", line(expected)), cell("got", ["not_run", "testing", "waiting"].includes(outcome) ? "" : gotSaid), cell("time", time));
  if (isBare) return [main];
  const more = workingsNode("tr", "more");
  const whole = cell("", undefined);
  whole.colSpan = 5;
  more.append(whole);
  const unfold = (isOpen) => {
    label.setAttribute("aria-expanded", String(isOpen));
    more.hidden = !isOpen;
    if (isOpen && !whole.firstChild) whole.append(factsOf(row));
    if (isOpen) opened.add(key);
    else opened.delete(key);
  };
  label.addEventListener("click", () => unfold(more.hidden));
  unfold(opened.has(key));
  return [main, more];
}

function sync() {
  const { rows = [], words: said = [], hidden = 0 } = props.value || {};
  frame.hidden = !rows.length;
  workingsSet(words, said.map((each) => workingsSay(each)).join("\n"));
  others.hidden = !hidden;
  workingsSet(others, workingsSay(`${hidden} more are not shown here. The download has all of them.`));
  const key = JSON.stringify(rows);
  if (key === shown) return;
  shown = key;
  const names = JSON.stringify(rows.map(([kind, name, , , given]) => [kind, name, given]));
  if (names !== known) opened.clear();
  known = names;
  const focused = [...body.querySelectorAll(".open")].indexOf(document.activeElement);
  body.replaceChildren(...rows.flatMap(rowsOf));
  if (focused >= 0) body.querySelectorAll(".open")[focused]?.focus();
}
watch("value", sync);
sync();
