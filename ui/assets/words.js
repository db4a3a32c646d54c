// A text of the interface in English in, the same in the reader's language out; `workingsChinese` comes from ui/words.py.
const workingsIsChinese = (navigator.language || "").toLowerCase().startsWith("zh");
const workingsPatterns = workingsChinese.patterns.map(([pattern, becomes]) => [new RegExp(pattern, "s"), becomes]);
const workingsSaid = new Map();

function workingsSay(english) {
  if (!workingsIsChinese || !english) return english;
  if (!workingsSaid.has(english)) {
    if (workingsSaid.size > 5000) workingsSaid.clear();
    workingsSaid.set(english, workingsInChinese(english));
  }
  return workingsSaid.get(english);
}

function workingsInChinese(english) {
  if (Object.hasOwn(workingsChinese.words, english)) return workingsChinese.words[english];
  for (const [pattern, becomes] of workingsPatterns) {
    const parts = english.match(pattern);
    // $1 is a part as it stands, @1 a part that is said in Chinese too.
    if (parts) return becomes.replace(/([$@])(\d)/g, (_, sign, at) => (sign === "@" ? workingsSay(parts[at] || "") : parts[at] || ""));
  }
  // Figures stand in parts with a middle dot between, notices one sentence behind the other.
  if (english.includes(" · ")) return english.split(" · ").map(workingsSay).join(" · ");
  const sentences = english.split(/(?<=[.?!…]) /);
  if (sentences.length === 1) return english;
  return sentences.map((each) => (workingsSay(each) === each ? `${each} ` : workingsSay(each))).join("").trimEnd();
}

// All fixed text below an element, and what its labels say.
function workingsSayAll(root) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.data.trim();
    const said = workingsSay(words);
    if (said !== words) texts.currentNode.data = texts.currentNode.data.replace(words, () => said);
  }
  for (const name of ["aria-label", "placeholder", "title", "data-empty"]) {
    for (const node of root.querySelectorAll(`[${name}]`)) {
      const words = node.getAttribute(name);
      if (workingsSay(words) !== words) node.setAttribute(name, workingsSay(words));
    }
  }
}

// Fixed markup says of itself that it is ours (`data-say`), and so do components whose words come from the server (`says`).
function workingsSayPage() {
  for (const node of document.querySelectorAll("[data-say]")) {
    workingsSayAll(node);
    delete node.dataset.say;
  }
  document.querySelectorAll(".says, .thought > .label-wrap").forEach(workingsSayAll);
}

if (workingsIsChinese) {
  document.documentElement.lang = "zh";
  const changes = { childList: true, characterData: true, subtree: true };
  new MutationObserver(workingsSayPage).observe(document.documentElement, changes);
}
