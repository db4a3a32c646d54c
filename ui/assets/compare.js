// `props.value` {runs, left, right, thinking, answer} in, two runs side by side out; texts are set as text, never as markup.
// A row is [kind, text], or of a changed paragraph [kind, common, left word, left rest, right word, right rest].
const view = element.querySelector(".compare");
const scroller = element.querySelector(".pairs-frame");
const toFirst = element.querySelector(".to-first");
const choosers = { left: element.querySelector(".choose.left"), right: element.querySelector(".choose.right") };
let first = null;
let opener = null;

function cellOf(side, parts) {
  const cell = workingsNode("div", `cell ${side}`);
  const [common, word, rest] = parts;
  if (common) cell.append(common);
  if (word) cell.append(workingsNode("mark", "", word));
  if (rest) cell.append(rest);
  if (!common && !word && !rest) cell.classList.add("is-empty");
  return cell;
}

function rowOf(row, isBefore) {
  const [kind, ...parts] = row;
  const node = workingsNode("div", `pair ${kind}${isBefore ? " before" : ""}`);
  const [left, right] = {
    same: () => [[parts[0]], [parts[0]]],
    changed: () => [parts.slice(0, 3), [parts[0], parts[3], parts[4]]],
    only_left: () => [[parts[0]], []],
    only_right: () => [[], [parts[0]]],
  }[kind]();
  node.append(cellOf("left", left), cellOf("right", right));
  return node;
}

function setSection(name, section) {
  element.querySelector(`.${name}-words`).textContent = workingsSay(section.words);
  const pairs = element.querySelector(`.${name}-pairs`);
  const parting = section.rows.findIndex((row) => row[0] !== "same");
  const nodes = section.rows.map((row, number) => rowOf(row, parting > 0 && number < parting));
  pairs.replaceChildren(...nodes);
  const node = parting < 0 ? null : nodes[parting];
  if (node) node.classList.add("first");
  return node;
}

function goToFirst() {
  if (!first) return;
  scroller.scrollTop += first.getBoundingClientRect().top - scroller.getBoundingClientRect().top - scroller.clientHeight / 4;
}

function isOpen() {
  return element.isConnected && !view.hidden;
}

function show(isShown) {
  view.hidden = !isShown;
  // The style sheet's rules hang on the tab; the Chat tab's on all of them.
  const tab = element.closest("#agent, #tabs");
  if (tab) tab.dataset.compare = isShown ? "on" : "off";
}

function close() {
  if (!isOpen()) return;
  show(false);
  if (opener && opener.offsetParent !== null) opener.focus();
}

function sync() {
  const value = props.value || {};
  if (!value.runs) return;
  for (const side of ["left", "right"]) {
    const options = value.runs.map(([id, words]) => {
      const option = workingsNode("option", "", workingsSay(words));
      option.value = id;
      return option;
    });
    choosers[side].replaceChildren(...options);
    choosers[side].value = value[side];
  }
  const wasOpen = isOpen();
  show(true);
  first = setSection("thinking", value.thinking);
  setSection("answer", value.answer);
  toFirst.hidden = !first;
  scroller.scrollTop = 0;
  goToFirst();
  if (!wasOpen) {
    opener = document.activeElement;
    view.scrollIntoView({ block: "nearest" });
    element.querySelector(".close").focus({ preventScroll: true });
  }
}

for (const chooser of Object.values(choosers)) {
  chooser.addEventListener("change", () => {
    trigger("select", { left: choosers.left.value, right: choosers.right.value });
  });
}
for (const side of ["left", "right"]) {
  element.querySelector(`.take.${side}`).addEventListener("click", () => {
    close();
    trigger("edit", { run_id: choosers[side].value });
  });
}
toFirst.addEventListener("click", goToFirst);
element.querySelector(".close").addEventListener("click", close);
// Caught on its way down: else the page's own Esc would stop the run that goes on.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || !isOpen() || view.offsetParent === null || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    close();
  },
  true,
);
// Another run on the page, asked for or switched to: the view is about the one before.
document.addEventListener("workings-run", close);
watch("value", sync);
