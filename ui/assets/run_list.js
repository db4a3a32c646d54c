// `props.value` {rows, current, has_more, state, empty, note, undo} in, a list of runs out; what the user does to it goes
// back as `select` (open one), `edit` (change some, look again) or `download` (take some along).
const find = (selector) => element.querySelector(selector);
const [list, undoBar, state, more] = [".runs", ".undo", ".state", ".more"].map(find);
const [selecting, picking, count, form, thinking] = [".selecting", ".picking", ".count", ".form", ".thinking"].map(find);
let isSelecting = false;
let picked = new Map();
// The last deletion can be undone until the page is left, whatever is searched meanwhile.
window.workingsUndo = window.workingsUndo || null;

function rows() {
  return (props.value || {}).rows || [];
}

function send(name, values) {
  const kept = { action: "", run_id: "", title: "", picked: [], shown: rows().length };
  trigger(name, { ...kept, form: form.value, with_thinking: thinking.checked, ...values });
}

function act(action, row, title) {
  send("edit", { action, run_id: row.id, title: title || row.title, picked: [pickOf(row)] });
}

function pickOf(row) {
  return { run_id: row.id, is_turn: Boolean(row.is_turn) };
}

function open(row) {
  send("select", { action: "open", run_id: row.id, is_turn: Boolean(row.is_turn) });
  if (row.place === "thinking") findInThinking(row.id, row.words, 300);
}

// As soon as the run is on the page: its thinking with the words of the search in its find field.
function findInThinking(runId, words, tries) {
  const isShown = new URL(window.location.href).searchParams.get("run") === runId;
  const log = document.querySelector("#thinking .log");
  const text = isShown && log ? log.textContent.toLowerCase() : "";
  if (words.some((each) => text.includes(each.toLowerCase()))) {
    if (typeof workingsFold === "function") workingsFold(false);
    if (typeof workingsSetMaths === "function") workingsSetMaths(false);
    log.dispatchEvent(new CustomEvent("workings-find", { bubbles: true, detail: { words } }));
  } else if (tries > 0) {
    setTimeout(() => findInThinking(runId, words, tries - 1), 100);
  }
}

// The store marks what a search found with two control characters.
function snippet(row) {
  const node = workingsNode("span", "snippet");
  for (const [number, part] of row.snippet.split(/[\x02\x03]/).entries()) {
    node.append(number % 2 ? workingsNode("mark", "", part) : part);
  }
  return node;
}

function rename(row, item) {
  const field = workingsNode("input", "rename");
  field.value = row.title;
  field.maxLength = 200;
  field.setAttribute("aria-label", workingsSay("New title"));
  let isDone = false;
  const end = (isKept) => {
    if (isDone) return;
    isDone = true;
    field.classList.remove("rename");
    if (isKept && field.value.trim() && field.value !== row.title) act("rename", row, field.value);
    else sync();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") end(true);
    if (event.key === "Escape") {
      event.stopPropagation();
      end(false);
    }
  });
  field.addEventListener("blur", () => end(true));
  item.querySelector(".open").replaceWith(field);
  field.focus();
  field.select();
}

function checkbox(row) {
  const box = workingsNode("input", "pick");
  box.type = "checkbox";
  box.checked = picked.has(row.id);
  box.dataset.key = `pick ${row.id}`;
  box.setAttribute("aria-label", `${workingsSay("Select")}: ${row.title}`);
  box.addEventListener("change", () => {
    if (box.checked) picked.set(row.id, pickOf(row));
    else picked.delete(row.id);
    countPicked();
  });
  return box;
}

function actionsOf(row, item) {
  const actions = workingsNode("div", "actions");
  const buttons = [
    [row.is_pinned ? "Unpin" : "Pin", () => act(row.is_pinned ? "unpin" : "pin", row)],
    ["Rename", () => rename(row, item)],
    ["Download", () => send("download", { picked: [pickOf(row)] })],
    ["Delete", () => act("delete", row)],
  ];
  for (const [name, run] of buttons) {
    const button = workingsNode("button", "action", workingsSay(name));
    button.dataset.key = `${name.replace("Unpin", "Pin")} ${row.id}`;
    button.setAttribute("aria-label", `${button.textContent}: ${row.title}`);
    button.addEventListener("click", run);
    actions.append(button);
  }
  return actions;
}

function itemOf(row) {
  const item = workingsNode("li", "run");
  if (row.id === (props.value || {}).current) item.setAttribute("aria-current", "true");
  const title = workingsNode("button", "open", row.title);
  title.dataset.key = `open ${row.id}`;
  title.title = row.title;
  const box = isSelecting ? checkbox(row) : null;
  title.addEventListener("click", () => (box ? box.click() : open(row)));
  const words = workingsNode("div", "words");
  words.append(title, workingsNode("span", "when", workingsSay(row.detail)));
  if (row.snippet) {
    const found = workingsNode("span", "found", `${workingsSay(row.found)}: `);
    found.append(snippet(row));
    words.append(found);
  }
  if (box) item.append(box);
  item.append(words);
  if (!isSelecting) item.append(actionsOf(row, item));
  item.classList.toggle("is-pinned", row.is_pinned);
  return item;
}

function countPicked() {
  count.textContent = workingsSay(`${picked.size} selected`);
  find(".take").disabled = find(".drop").disabled = picked.size === 0;
}

function select(isOn) {
  isSelecting = isOn;
  picked = new Map();
  selecting.setAttribute("aria-pressed", String(isOn));
  selecting.textContent = workingsSay(isOn ? "Done" : "Select");
  picking.hidden = !isOn;
  sync();
}

function showUndo(value) {
  if (value.undo) window.workingsUndo = JSON.parse(JSON.stringify(value.undo));
  if (value.is_restored) window.workingsUndo = null;
  const undo = window.workingsUndo;
  undoBar.replaceChildren();
  undoBar.hidden = !undo && !value.note;
  if (undo) undoBar.append(workingsNode("span", "", `${workingsSay(undo.words)} `));
  if (undo) {
    const button = workingsNode("button", "action", workingsSay("Undo"));
    button.addEventListener("click", () => send("edit", { action: "restore", picked: undo.picked }));
    undoBar.append(button);
  }
  if (value.note) undoBar.append(workingsNode("span", "", ` ${workingsSay(value.note)}`));
}

function say(words) {
  clearTimeout(state.saying);
  state.textContent = workingsSay(words);
  state.hidden = !words;
}

function sync() {
  // A title that is being typed stays until it is done.
  if (find(".rename")) return;
  const value = props.value || {};
  picked = new Map([...picked].filter(([id]) => rows().some((row) => row.id === id)));
  countPicked();
  workingsGroups(list, rows(), itemOf, value.rows ? value.empty || "" : "The list is being read.");
  showUndo(value);
  say(value.state || "");
  more.hidden = !value.has_more;
  workingsLookAgain(element, () => rows().some((row) => row.is_live), () => {
    if (!find(".rename")) send("edit", { action: "look" });
  });
}

selecting.addEventListener("click", () => select(!isSelecting));
element.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !isSelecting) return;
  event.stopPropagation();
  select(false);
  selecting.focus();
});
find(".all").addEventListener("click", () => {
  picked = new Map(rows().map((row) => [row.id, pickOf(row)]));
  sync();
});
find(".take").addEventListener("click", () => send("download", { picked: [...picked.values()] }));
find(".drop").addEventListener("click", () => {
  send("edit", { action: "delete", picked: [...picked.values()] });
  select(false);
  selecting.focus();
});
more.addEventListener("click", () => send("edit", { action: "more", shown: rows().length + 100 }));
document.addEventListener("input", (event) => {
  if (!event.target.closest || !event.target.closest("#search")) return;
  // Only a search that takes its time is spoken of.
  clearTimeout(state.saying);
  state.saying = setTimeout(() => say("Searching…"), 400);
});

function keepForm() {
  try {
    localStorage.setItem("workings-files", JSON.stringify([form.value, thinking.checked]));
  } catch {
    // A browser that keeps nothing begins with Markdown next time.
  }
}
form.addEventListener("change", keepForm);
thinking.addEventListener("change", keepForm);
try {
  const kept = JSON.parse(localStorage.getItem("workings-files") || "null");
  if (kept) [form.value, thinking.checked] = kept;
} catch {
  // As above.
}
watch("value", sync);
sync();
