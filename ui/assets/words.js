// A text of the interface in English in, the same in the reader's language out; `workingsChinese` comes from ui/words.py.
const workingsIsChinese = (navigator.language || "").toLowerCase().startsWith("zh");

function workingsSay(english) {
  if (!workingsIsChinese || !english) return english;
  const known = workingsChinese.words[english];
  if (known) return known;
  // Figures stand in parts with a middle dot between.
  if (english.includes(" · ")) return english.split(" · ").map(workingsSay).join(" · ");
  for (const [pattern, becomes] of workingsChinese.patterns) {
    const expression = new RegExp(pattern);
    if (expression.test(english)) return english.replace(expression, becomes);
  }
  return english;
}

// Heads and buttons that stand in fixed markup say which text they hold.
function workingsSayAll(root) {
  if (!workingsIsChinese) return;
  for (const node of root.querySelectorAll("[data-say]")) {
    node.textContent = workingsSay(node.dataset.say);
    delete node.dataset.say;
  }
}

if (workingsIsChinese) {
  document.documentElement.lang = "zh";
  new MutationObserver(() => workingsSayAll(document)).observe(document.documentElement, { childList: true, subtree: true });
}
