// A browser that has never been here in, one line about the two panes out, until it is put away.
function workingsFirstVisit(tries) {
  const line = document.querySelector("#first-visit");
  if (!line) {
    if (tries > 0) setTimeout(() => workingsFirstVisit(tries - 1), 200);
    return;
  }
  let isKnown = true;
  try {
    isKnown = localStorage.getItem("workings-known") === "yes";
  } catch {
    // A browser that keeps nothing would show the line for ever.
  }
  line.dataset.shown = isKnown ? "no" : "yes";
}

document.addEventListener("click", (event) => {
  if (!event.target.closest || !event.target.closest("#first-visit button")) return;
  document.querySelector("#first-visit").dataset.shown = "no";
  try {
    localStorage.setItem("workings-known", "yes");
  } catch {
    // As above.
  }
});

workingsFirstVisit(100);
