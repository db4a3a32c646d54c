// Keys of the whole page in, what they do out; `?` lists them. Letters only work while no field is being typed in.
const workingsKeys = [
  ["Enter", "Ask", null],
  ["Shift+Enter", "A new line in the question", null],
  ["Ctrl+Enter", "Solve, in the Code tab; run the tests, in its editor", null],
  ["Esc", "Stop the run", null],
  ["/", "To the question", () => ["#question textarea", "#math-problem textarea", "#code-task textarea", "#agent-question textarea"].some((each) => workingsPress(each, "focus"))],
  ["a", "Answer now", () => ["#answer-now", "#math-answer-now", "#code-answer-now", "#agent-answer-now"].some((each) => workingsPress(each))],
  ["p", "Pause, or go on", () => ["pause", "unpause", "replay-pause", "replay-go-on"].some((each) => workingsPress(`#${each}`) || workingsPress(`#agent-${each}`))],
  ["c", "Continue", () => ["#continue", "#math-continue", "#code-continue", "#agent-continue"].some((each) => workingsPress(each))],
  ["w", "To the call that waits for your word", () => workingsPress(".asking .allow", "focus")],
  ["l", "The thinking of the newest step", () => workingsPress("#agent-live")],
  ["o", "Outline", () => workingsPress("#show-outline") || workingsPress("#agent .show-outline")],
  ["f", "Find in the thinking", () => workingsPress("#show-find") || workingsPress("#agent .show-find")],
  ["t", "Fold or unfold the thinking", () => workingsPress("#fold")],
  ["m", "Set the maths of the thinking", () => workingsPress("#show-maths") || workingsPress("#agent .show-maths")],
  ["u", "How sure the model was", () => workingsPress("#show-confidence")],
  ["s", "To the next slip in the sums", () => ["#arithmetic .counts", "#math-arithmetic .counts", "#agent-arithmetic .counts"].some((each) => workingsPress(each))],
  ["d", "Compare two runs", () => workingsPress("#compare-runs") || workingsPress("#agent-compare-runs")],
  ["[", "The branch before", () => workingsPress("#branch-before") || workingsPress("#agent-branch-before")],
  ["]", "The next branch", () => workingsPress("#branch-after") || workingsPress("#agent-branch-after")],
  ["n", "New chat", () => workingsPress("#new-chat") || workingsPress("#agent-new-chat")],
  ["r", "Past runs beside the chat", () => workingsPress("#show-rail")],
  ["?", "This list", () => workingsShowKeys()],
];

// Press what a selector names, if it is on the page and to be seen.
function workingsPress(selector, action = "click") {
  const target = document.querySelector(selector);
  if (!target || target.offsetParent === null || target.disabled) return false;
  target[action]();
  return true;
}

function workingsShowKeys() {
  let dialog = document.querySelector("#keys");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.id = "keys";
    dialog.setAttribute("aria-labelledby", "keys-title");
    const title = workingsNode("h2", "", workingsSay("Keys"));
    title.id = "keys-title";
    const list = workingsNode("dl", "");
    for (const [key, words] of workingsKeys) {
      const term = workingsNode("dt", "");
      term.append(workingsNode("kbd", "", key));
      list.append(term, workingsNode("dd", "", workingsSay(words)));
    }
    const close = workingsNode("button", "action", workingsSay("Close"));
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.append(title, list, close);
    (document.querySelector(".gradio-container") || document.body).append(dialog);
  }
  if (!dialog.open) dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  const dialog = document.querySelector("#keys");
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || (dialog && dialog.open)) return;
  if (event.key === "Escape") {
    ["#stop", "#replay-stop", "#math-stop", "#batch-stop", "#code-stop", "#agent-stop", "#agent-replay-stop"].some((each) => workingsPress(each));
    return;
  }
  const target = event.target;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
  const found = workingsKeys.find(([key, , act]) => act && key === event.key);
  if (found) {
    event.preventDefault();
    found[2]();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest && event.target.closest("#show-keys")) workingsShowKeys();
});
