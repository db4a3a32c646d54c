// `props.value` {rows, current, undo, empty} in, a list of runs out; what the user does to one goes back as `select` (open) or `edit`.
const list = element.querySelector(".runs");
const undoBar = element.querySelector(".undo");

function make(tag, className, words) {
  const node = document.createElement(tag);
  node.className = className;
  if (words !== undefined) node.textContent = words;
  if (tag === "button") node.type = "button";
  return node;
}

function act(action, row, title) {
  trigger(action === "open" ? "select" : "edit", {
    action,
    run_id: row.id,
    title: title || row.title,
    is_turn: Boolean(row.is_turn),
  });
}

// The store marks what a search found with two control characters.
function snippet(words) {
  const node = make("span", "snippet");
  for (const [number, part] of words.split(/[\x02\x03]/).entries()) {
    node.append(number % 2 ? make("mark", "", part) : part);
  }
  return node;
}

function rename(row, item) {
  const field = make("input", "rename");
  field.value = row.title;
  field.maxLength = 200;
  field.setAttribute("aria-label", "New title");
  let isDone = false;
  const end = (isKept) => {
    if (isDone) return;
    isDone = true;
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

function itemOf(row, current) {
  const item = make("li", "run");
  if (row.id === current) item.setAttribute("aria-current", "true");
  const open = make("button", "open", row.title);
  open.addEventListener("click", () => act("open", row));
  const words = make("div", "words");
  words.append(open, make("span", "when", row.detail));
  if (row.snippet) words.append(snippet(row.snippet));
  const actions = make("div", "actions");
  const buttons = [
    [row.is_pinned ? "Unpin" : "Pin", () => act(row.is_pinned ? "unpin" : "pin", row)],
    ["Rename", () => rename(row, item)],
    ["Delete", () => act("delete", row)],
  ];
  for (const [name, run] of buttons) {
    const button = make("button", "action", name);
    button.setAttribute("aria-label", `${name}: ${row.title}`);
    button.addEventListener("click", run);
    actions.append(button);
  }
  item.append(words, actions);
  item.classList.toggle("is-pinned", row.is_pinned);
  return item;
}

function sync() {
  const value = props.value || {};
  const rows = value.rows || [];
  list.replaceChildren(...rows.map((row) => itemOf(row, value.current)));
  if (!rows.length) list.append(make("li", "none", value.empty || ""));
  undoBar.replaceChildren();
  undoBar.hidden = !value.undo && !value.note;
  if (value.note) undoBar.append(make("span", "", value.note));
  if (value.undo) {
    const button = make("button", "action", "Undo");
    button.addEventListener("click", () => act("restore", value.undo));
    undoBar.append(button);
  }
}
watch("value", sync);
sync();
