// Programs that come and what the user types in, the text of the Code tab's editor out: what was typed is never lost.
// `shown` is the program that the editor's text came out of; `other` {program, text} is kept beside it: the user's own
// changes of a program, or a program that came while the user was changing another.
const workingsEditor = { shown: {}, other: null };
const workingsIsSame = (one, two) => (one || "").trim() === (two || "").trim();

function workingsEditorTold() {
  setTimeout(() => document.dispatchEvent(new CustomEvent("workings-editor")));
}

function workingsHasChanges() {
  const { other } = workingsEditor;
  return Boolean(other) && !workingsIsSame(other.text, other.program.source);
}

// A program that has come and the editor's text in, the editor's text out.
function workingsProgram(told, current) {
  const [program, typed, before] = [told || {}, current || "", workingsEditor.shown];
  const hasTyped = typed.trim() !== "" && !workingsIsSame(typed, before.source) && !workingsIsSame(typed, program.source);
  // Of another task, or asked for: it goes in, and what was typed is kept. Else the user is not interrupted.
  const isWished = program.is_chosen || program.task !== before.task;
  workingsEditorTold();
  if (hasTyped && !isWished) {
    if (program.source) workingsEditor.other = { program, text: program.source };
    return typed;
  }
  if (hasTyped) workingsEditor.other = { program: before, text: typed };
  else if (!workingsHasChanges() || workingsIsSame(workingsEditor.other.text, program.source)) workingsEditor.other = null;
  workingsEditor.shown = program;
  return program.source || "";
}

// The text in the editor in, the one that is kept beside it out; they change places.
function workingsSwap(current) {
  const { shown, other } = workingsEditor;
  if (!other) return current;
  workingsEditor.other = { program: shown, text: current || "" };
  workingsEditor.shown = other.program;
  workingsEditorTold();
  return other.text;
}

// The editor's text in, that of an empty tab out; what was typed is kept here too.
function workingsEditorEmpty(current) {
  const [typed, before] = [current || "", workingsEditor.shown];
  workingsEditor.other = typed.trim() && !workingsIsSame(typed, before.source) ? { program: before, text: typed } : null;
  workingsEditor.shown = {};
  workingsEditorTold();
  return "";
}

// Ctrl+Enter: solve from the task and its tests, run the tests from the editor, run from the input.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.closest) return;
    const keys = { "#code-task, #code-tests, #code-hidden": "#code-solve", "#code-program": "#code-run-tests", "#code-stdin": "#code-run" };
    const found = Object.entries(keys).find(([place]) => event.target.closest(place));
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    workingsPress(found[1]);
  },
  true,
);
