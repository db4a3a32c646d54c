// `props.value` {run, phase, shows, text, detail, thinking, answer, notices, step, steps} in; status line,
// figures, buttons, address out.
const say = workingsStatusLine(element);
// The Chat tab's ids have no prefix.
const { prefix } = element.querySelector(".status").dataset;
const find = (id) => document.getElementById(prefix + id);

function sync() {
  const value = props.value || {};
  if (!say(value)) return;
  const phase = value.phase || "empty";
  // The style sheet's rules for a phase hang on the tabs; scripts and tests look at the document.
  if (!prefix) document.documentElement.dataset.phase = phase;
  const tab = document.getElementById(prefix ? prefix.replace("-", "") : "tabs");
  if (tab && tab.dataset.phase !== phase) tab.dataset.phase = phase;
  if (tab && tab.dataset.shows !== value.shows) tab.dataset.shows = value.shows || "";
  workingsSet(find("thinking-figures"), workingsSay(value.thinking || ""));
  workingsSet(find("answer-figures"), workingsSay(value.answer || ""));
  workingsSet(find("step"), workingsSay(value.step || ""));
  workingsSet(find("steps-figures"), workingsSay(value.steps || ""));
  workingsSet(find("branch-place"), workingsSay(value.branch || ""));
  // A page that has only just opened must not lose the run that it was opened for.
  if (typeof value.run === "string") workingsSetAddress(value.run);
}
watch("value", sync);
sync();
