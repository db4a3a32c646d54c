// `props.value` {run, phase, shows, text, detail, tone, notices, thinking, answer, chain} in; the Math tab's status line,
// its panes' figures, the buttons there are and the address out. As status_line.js, for the Math tab.
const say = workingsStatusLine(element);

function sync() {
  const value = props.value || {};
  if (!say(value)) return;
  const tab = document.getElementById("math");
  if (tab) {
    if (tab.dataset.phase !== value.phase) tab.dataset.phase = value.phase || "empty";
    if (tab.dataset.shows !== value.shows) tab.dataset.shows = value.shows || "";
  }
  workingsSet(document.getElementById("math-thinking-figures"), workingsSay(value.thinking || ""));
  workingsSet(document.getElementById("math-answer-figures"), workingsSay(value.answer || ""));
  workingsSet(document.getElementById("math-chain"), workingsSay(value.chain || ""));
  if (typeof value.run === "string") workingsSetAddress(value.run);
}
watch("value", sync);
sync();
