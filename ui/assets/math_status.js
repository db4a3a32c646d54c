// `props.value` {run, phase, shows, text, detail, tone, notices, thinking, answer, chain} in; the Math tab's status line,
// its panes' figures, the buttons there are and the address out. As status_line.js, for the Math tab.
const text = element.querySelector(".text");
const detail = element.querySelector(".detail");
const notices = element.querySelector(".notices");
const REFUSAL_MILLISECONDS = 8000;
let refusedAt = -Infinity;
let said = "";

function setText(node, words) {
  if (node && node.textContent !== words) node.textContent = words;
}

function sync() {
  const value = props.value || {};
  if (value.is_refusal) {
    element.dataset.tone = "error";
    setText(text, workingsSay(value.text));
    setText(detail, "");
    refusedAt = performance.now();
    return;
  }
  const tab = document.getElementById("math");
  if (tab) {
    if (tab.dataset.phase !== value.phase) tab.dataset.phase = value.phase || "empty";
    if (tab.dataset.shows !== value.shows) tab.dataset.shows = value.shows || "";
  }
  const isRefusalLeft = performance.now() - refusedAt < REFUSAL_MILLISECONDS && said === (value.text || "");
  said = value.text || "";
  if (!isRefusalLeft) {
    element.dataset.tone = value.tone || "";
    setText(text, workingsSay(value.text || ""));
    setText(detail, workingsSay(value.detail || ""));
  }
  setText(document.getElementById("math-thinking-figures"), workingsSay(value.thinking || ""));
  setText(document.getElementById("math-answer-figures"), workingsSay(value.answer || ""));
  setText(document.getElementById("math-chain"), workingsSay(value.chain || ""));
  notices.replaceChildren(...(value.notices || []).map((words) => workingsNode("li", "", workingsSay(words))));
  if (typeof value.run === "string") workingsSetAddress(value.run);
}
watch("value", sync);
sync();
