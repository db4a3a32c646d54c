// `props.value` {rows, words} in, the changed lines of a program out. A row is [sign, old number, new number, text].
const frame = element.querySelector(".diff");
const [words, body] = ["summary", "tbody"].map((each) => element.querySelector(each));
const kinds = { "+": ["new", "new"], "-": ["gone", "gone"], " ": ["same", "as before"], "@": ["gap", "further down"] };
let shown = "";

function rowOf([sign, before, after, text]) {
  const [name, said] = kinds[sign];
  const row = workingsNode("tr", name);
  const mark = workingsNode("td", "sign", sign === "-" ? "−" : sign === "@" ? "⋯" : sign);
  // A sign alone is nothing to a screen reader.
  mark.append(workingsNode("span", "unseen", ` ${workingsSay(said)}`));
  row.append(
    workingsNode("td", "number", before ? String(before) : ""),
    workingsNode("td", "number", after ? String(after) : ""),
    mark,
    workingsNode("td", "line", text),
  );
  return row;
}

function sync() {
  const { rows = [], words: said = "" } = props.value || {};
  frame.hidden = !rows.length;
  workingsSet(words, workingsSay(said));
  const key = JSON.stringify(rows);
  if (key === shown) return;
  shown = key;
  body.replaceChildren(...rows.map(rowOf));
}
watch("value", sync);
sync();
