// `props.value` {key, run, source, whose, name, is_chosen} in: a program that shall stand in the editor. `select` says that
// one has come, `edit` that the other text shall be put in; code_editor.js says which text comes of it. Out: whose program
// the editor holds, and what is kept beside it.
const [whose, kept] = [".whose", ".kept"].map((each) => element.querySelector(each));
const [words, swap] = [".words", "button"].map((each) => kept.querySelector(each));
let seen = "";

function say() {
  const { shown, other } = workingsEditor;
  workingsSet(whose, workingsSay(shown.whose || "Type or paste a program here to run it without a model."));
  kept.hidden = !other;
  if (!other) return;
  const isChange = workingsHasChanges();
  workingsSet(words, workingsSay(isChange ? "Your changes are kept." : "Your changes stay in the editor."));
  workingsSet(swap, workingsSay(isChange ? "Back to my changes" : `Show the program of ${other.program.name}`));
}

swap.addEventListener("click", () => trigger("edit"));
document.addEventListener("workings-editor", say);

function sync() {
  const value = props.value || {};
  if (value.key === undefined || value.key === seen) return;
  seen = value.key;
  trigger("select");
}
watch("value", sync);
say();
sync();
