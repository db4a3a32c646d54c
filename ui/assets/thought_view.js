// How the thinking is shown: folded to its figures once the answer begins (remembered), or with its maths set.
function workingsFold(isFolded) {
  const column = document.querySelector("#thinking-column");
  const button = document.querySelector("#fold");
  if (!column || !button) return;
  column.dataset.folded = isFolded ? "on" : "off";
  button.setAttribute("aria-expanded", String(!isFolded));
  button.textContent = workingsSay(isFolded ? "Unfold" : "Fold");
}

function workingsSetMaths(isSet, column = document.querySelector("#thinking-column")) {
  const button = column && column.querySelector(".show-maths");
  if (!button) return;
  column.dataset.maths = isSet ? "on" : "off";
  button.setAttribute("aria-pressed", String(isSet));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("#fold, .show-maths");
  if (!button) return;
  if (button.id === "fold") {
    const isFolded = button.getAttribute("aria-expanded") === "true";
    workingsFold(isFolded);
    // Whoever folds a thinking wants the next one folded too, as soon as it is over.
    workingsKept("workings-fold", isFolded);
    return;
  }
  const isSet = button.getAttribute("aria-pressed") !== "true";
  const column = button.closest(".column");
  workingsSetMaths(isSet, column);
  if (isSet) column.querySelector("[id$='set-maths']").click();
});

// Something in the plain text is to be looked at.
document.addEventListener("workings-reveal", (event) => {
  const column = event.target.closest("#thinking-column, #agent-thinking-column");
  if (!column) return;
  if (column.id === "thinking-column") workingsFold(false);
  workingsSetMaths(false, column);
});

new MutationObserver(() => {
  const phase = document.documentElement.dataset.phase;
  if (["waiting", "reading", "thinking"].includes(phase)) {
    workingsFold(false);
    workingsSetMaths(false);
  } else if (phase === "answering" || phase === "done") {
    if (workingsKept("workings-fold")) workingsFold(true);
  } else if (phase === "empty") {
    workingsFold(false);
    workingsSetMaths(false);
  }
}).observe(document.documentElement, { attributes: true, attributeFilter: ["data-phase"] });
