// `props.value` {run, phase, shows, text, detail, thinking, answer, notices} in; status line, figures, buttons, address out.
const text = element.querySelector(".text");
const detail = element.querySelector(".detail");
const notices = element.querySelector(".notices");
let noticesShown = "";
// A run that goes on says how it stands several times a second: a refusal is left to be read.
const REFUSAL_MILLISECONDS = 8000;
let refusedAt = -Infinity;
let said = "";

function setText(node, words) {
  if (node && node.textContent !== words) node.textContent = words;
}

function showNotices(list) {
  const key = JSON.stringify(list);
  if (key === noticesShown) return;
  noticesShown = key;
  notices.replaceChildren(
    ...list.map((words) => workingsNode("li", "", workingsSay(words))),
  );
}

function sync() {
  const value = props.value || {};
  if (value.is_refusal) {
    // Only words: the run on the page is as it was.
    element.dataset.tone = "error";
    setText(text, workingsSay(value.text));
    setText(detail, "");
    refusedAt = performance.now();
    return;
  }
  const phase = value.phase || "empty";
  const isRefusalLeft = performance.now() - refusedAt < REFUSAL_MILLISECONDS && said === (value.text || "");
  said = value.text || "";
  // The style sheet's rules for a phase hang on the tabs; scripts and tests look at the document.
  document.documentElement.dataset.phase = phase;
  const tabs = document.getElementById("tabs");
  if (tabs && tabs.dataset.phase !== phase) tabs.dataset.phase = phase;
  if (tabs && tabs.dataset.shows !== value.shows) tabs.dataset.shows = value.shows || "";
  if (!isRefusalLeft) {
    element.dataset.tone = value.tone || "";
    setText(text, workingsSay(value.text || ""));
    setText(detail, workingsSay(value.detail || ""));
  }
  setText(document.getElementById("thinking-figures"), workingsSay(value.thinking || ""));
  setText(document.getElementById("answer-figures"), workingsSay(value.answer || ""));
  setText(document.getElementById("branch-place"), workingsSay(value.branch || ""));
  showNotices(value.notices || []);
  // A page that has only just opened must not lose the run that it was opened for.
  if (typeof value.run === "string") workingsSetAddress(value.run);
}
watch("value", sync);
sync();
