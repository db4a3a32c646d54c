// `props.value` {run, phase, shows, text, detail, tone, notices, thinking, answer, round} in; the Code tab's status line,
// its panes' figures, the buttons there are and the address out. As math_status.js, for the Code tab.
const say = workingsStatusLine(element);

function sync() {
  const value = props.value || {};
  if (!say(value)) return;
  const tab = document.getElementById("code");
  if (tab) {
    if (tab.dataset.phase !== value.phase) tab.dataset.phase = value.phase || "empty";
    if (tab.dataset.shows !== value.shows) tab.dataset.shows = value.shows || "";
  }
  workingsSet(document.getElementById("code-thinking-figures"), workingsSay(value.thinking || ""));
  workingsSet(document.getElementById("code-answer-figures"), workingsSay(value.answer || ""));
  workingsSet(document.getElementById("code-round"), workingsSay(value.round || ""));
  if (typeof value.run === "string") workingsSetAddress(value.run);
}
watch("value", sync);
sync();
