// Names of what a model's engine cannot do in, controls that say so and do nothing out. The controls stay where they are:
// tabs bring theirs when they are first opened, so nothing is looked for before a hand is laid on it.
{
  const REASONS = {
    "go-on": "This server cannot write on after a given text, so this is not to be had here.",
    budget: "This server keeps no thinking budget.",
    score: "A server is not asked for the probabilities of a text. Load the model here to see them.",
  };
  const steering = ["answer-now", "more", "pause", "continue", "think-again", "new-answer", "edit-thinking"];
  const everywhere = (names) =>
    names.flatMap((name) => ["", "math-", "code-", "agent-"].map((tab) => `#${tab}${name}`)).join(",");
  const SELECTORS = {
    "go-on": everywhere(steering),
    budget: everywhere(["budget-row .budget"]),
    score: "#show-confidence",
  };
  let off = [];

  const reasonFor = (target) => {
    const name = off.find((each) => target instanceof Element && target.closest(SELECTORS[each]));
    return name ? { control: target.closest(SELECTORS[name]), reason: workingsSay(REASONS[name]) } : null;
  };
  const explain = (event) => {
    const found = off.length ? reasonFor(event.target) : null;
    if (!found) return;
    found.control.title = found.reason;
    found.control.setAttribute("aria-disabled", "true");
    if (event.type === "click" || event.type === "change" || event.type === "input") {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  for (const type of ["pointerover", "focusin", "click", "change", "input"]) {
    document.addEventListener(type, explain, true);
  }
  window.workingsCannot = (names) => {
    const said = names.join(" ");
    if (document.documentElement.dataset.cannot === said) return;
    document.documentElement.dataset.cannot = said;
    for (const control of document.querySelectorAll("[aria-disabled='true'][title]")) {
      control.removeAttribute("aria-disabled");
      control.removeAttribute("title");
    }
    off = names;
    for (const name of names) {
      for (const control of document.querySelectorAll(SELECTORS[name])) {
        control.setAttribute("aria-disabled", "true");
        control.title = workingsSay(REASONS[name]);
      }
    }
  };
}
