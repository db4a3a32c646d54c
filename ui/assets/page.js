// A tag, a class and a text in, an element that shows the text out; never markup.
function workingsNode(tag, className, words) {
  const node = document.createElement(tag);
  node.className = className;
  if (words !== undefined) node.textContent = words;
  if (tag === "button") node.type = "button";
  return node;
}

// Ranges in, tinted as the style sheet says of `::highlight(name)` out, in place of those that `owner` had under the name.
// A page has one highlight of a name for all of its panes.
const workingsRanges = new WeakMap();
function workingsMark(owner, name, ranges, priority = 0) {
  if (typeof CSS === "undefined" || !CSS.highlights) return;
  if (!workingsRanges.has(owner)) workingsRanges.set(owner, new Map());
  const own = workingsRanges.get(owner);
  const highlight = CSS.highlights.get(name) || Object.assign(new Highlight(), { priority });
  const wanted = new Set(ranges);
  for (const range of own.get(name) || []) if (!wanted.has(range)) highlight.delete(range);
  for (const range of wanted) if (!highlight.has(range)) highlight.add(range);
  own.set(name, ranges);
  if (!highlight.size) CSS.highlights.delete(name);
  else if (!CSS.highlights.has(name)) CSS.highlights.set(name, highlight);
}

// What a browser keeps of an on or off under a name: `chosen` is kept, without it the last choice comes back.
function workingsKept(name, chosen) {
  try {
    if (chosen !== undefined) localStorage.setItem(name, chosen ? "on" : "off");
    return localStorage.getItem(name) === "on";
  } catch {
    // A browser that keeps nothing asks again next time.
    return Boolean(chosen);
  }
}

// An address and a file's name in, a download out.
function workingsDownload(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

// A file that the server wrote ({url, orig_name}) in, a download out.
function workingsSave(file) {
  if (file && file.url) workingsDownload(file.url, file.orig_name || "");
}

// Text in, the clipboard filled out. Browsers give pages opened over plain http from elsewhere no clipboard of their own.
async function workingsCopy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    field.style.opacity = "0";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

// What the server handed out ({text, name, type} or {text}) in, a download or a filled clipboard out.
function workingsTake(handout) {
  if (!handout || handout.text === undefined) return;
  if (!handout.name) {
    workingsCopy(handout.text);
    return;
  }
  const address = URL.createObjectURL(new Blob([handout.text], { type: handout.type }));
  workingsDownload(address, handout.name);
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// The buttons at the head of a thinking: the outline beside it (remembered), and the field to find something in it.
document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest(".show-outline, .show-find");
  if (!button) return;
  if (button.matches(".show-outline")) {
    workingsOutline(button.getAttribute("aria-pressed") !== "true");
    return;
  }
  const log = button.closest(".column").querySelector(".log");
  if (log) log.dispatchEvent(new CustomEvent("workings-find", { bubbles: true }));
});

// Whether outlines are shown, in every tab; without it as it was the last time.
function workingsOutline(chosen) {
  const isShown = workingsKept("workings-outline", chosen);
  for (const button of document.querySelectorAll(".show-outline")) {
    button.setAttribute("aria-pressed", String(isShown));
    button.closest(".column").dataset.outline = isShown ? "on" : "off";
  }
}

// The id of an editor that has just opened in, its text field in sight and ready to type out.
function workingsShow(id) {
  const editor = document.getElementById(id);
  if (!editor) return;
  editor.scrollIntoView({ block: "center" });
  const field = editor.querySelector("textarea");
  if (field) field.focus();
}

// The run that the page is at in, its address out, so that a reload comes back to it.
function workingsSetAddress(run) {
  const url = new URL(window.location.href);
  if ((url.searchParams.get("run") || "") === run) return;
  if (run) url.searchParams.set("run", run);
  else url.searchParams.delete("run");
  window.history.replaceState(window.history.state, "", url);
  document.dispatchEvent(new CustomEvent("workings-run", { detail: run }));
}

// A problem as it is typed in, Markdown whose maths KaTeX finds out; nothing where there is no maths. Only between the
// marks of maths is anything read: the rest is text, whatever Markdown would make of it.
function workingsPreview(typed) {
  const maths = /\$\$[^$]+\$\$|\$(?! )[^$\n]*[^ $\n]\$(?!\d)|\\\([\s\S]+?\\\)|\\\[[\s\S]+?\\\]/g;
  const formulas = [...(typed || "").matchAll(maths)];
  if (!formulas.length) return "";
  const plain = (text) => text.replace(/[\\`*_{}[\]<>#|~$!+-]/g, "\\$&").replace(/\n/g, "  \n");
  const set = (found) => (/^\$(?!\$)/.test(found) ? `\\(${found.slice(1, -1)}\\)` : found);
  let [out, at] = ["", 0];
  for (const found of formulas) {
    out += plain(typed.slice(at, found.index)) + set(found[0]);
    at = found.index + found[0].length;
  }
  return out + plain(typed.slice(at));
}

// Text into an element; the page is only touched where it is new.
function workingsSet(node, words) {
  if (node && node.textContent !== words) node.textContent = words;
}

// A status line in; what says a value's words in it out. It is false for a refusal: the run on the page is as it was. A run
// that goes on says how it stands several times a second, so a refusal is left to be read for a while.
const WORKINGS_REFUSAL_MILLISECONDS = 8000;
function workingsStatusLine(element) {
  const [text, detail, notices] = [".text", ".detail", ".notices"].map((each) => element.querySelector(each));
  let [noticesShown, refusedAt, said, last] = ["", -Infinity, "", null];

  function write(value) {
    element.dataset.tone = value.tone || "";
    workingsSet(text, workingsSay(value.text || ""));
    workingsSet(detail, workingsSay(value.detail || ""));
  }

  // Whoever types on has read it.
  element.closest("[role=tabpanel]")?.addEventListener("input", () => {
    if (last && refusedAt > -Infinity) write(last);
    refusedAt = -Infinity;
  });

  return (value) => {
    if (value.is_refusal) {
      write({ tone: "error", text: value.text });
      refusedAt = performance.now();
      return false;
    }
    last = value;
    const isLeft = performance.now() - refusedAt < WORKINGS_REFUSAL_MILLISECONDS && said === (value.text || "");
    said = value.text || "";
    if (!isLeft) write(value);
    const list = value.notices || [];
    if (JSON.stringify(list) !== noticesShown) {
      noticesShown = JSON.stringify(list);
      notices.replaceChildren(...list.map((words) => workingsNode("li", "", workingsSay(words))));
    }
    return true;
  };
}

// The rows of a table in, what draws values as rows out: only those that have changed, and a focused one keeps the focus.
function workingsRows(body, rowOf) {
  const drawn = [];
  return (rows) => {
    rows.forEach((row, at) => {
      const key = JSON.stringify(row);
      if (drawn[at] === key) return;
      drawn[at] = key;
      const before = body.children[at];
      const isFocused = Boolean(before && before.contains(document.activeElement));
      const node = rowOf(row);
      if (before) before.replaceWith(node);
      else body.append(node);
      if (isFocused) node.querySelector("button")?.focus();
    });
    while (body.children.length > rows.length) body.lastElementChild.remove();
    drawn.length = rows.length;
  };
}
