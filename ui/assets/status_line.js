// `props.value` {run, phase, shows, text, detail, thinking, answer, notices} in; status line, figures, buttons, address out.
const say = workingsStatusLine(element);

function sync() {
  const value = props.value || {};
  if (!say(value)) return;
  const phase = value.phase || "empty";
  // The style sheet's rules for a phase hang on the tabs; scripts and tests look at the document.
  document.documentElement.dataset.phase = phase;
  const tabs = document.getElementById("tabs");
  if (tabs && tabs.dataset.phase !== phase) tabs.dataset.phase = phase;
  if (tabs && tabs.dataset.shows !== value.shows) tabs.dataset.shows = value.shows || "";
  workingsSet(document.getElementById("thinking-figures"), workingsSay(value.thinking || ""));
  workingsSet(document.getElementById("answer-figures"), workingsSay(value.answer || ""));
  workingsSet(document.getElementById("branch-place"), workingsSay(value.branch || ""));
  // A page that has only just opened must not lose the run that it was opened for.
  if (typeof value.run === "string") workingsSetAddress(value.run);
}
watch("value", sync);
sync();
