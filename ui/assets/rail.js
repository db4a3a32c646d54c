// The button in the masthead: the latest runs beside the chat, or not; the browser keeps which. Narrow windows have no rail.
const workingsIsWide = matchMedia("(min-width: 1100px)");

function workingsRail(isWished) {
  const isShown = isWished && workingsIsWide.matches;
  const button = document.querySelector("#show-rail");
  if (button) button.setAttribute("aria-expanded", String(isShown));
  document.documentElement.dataset.rail = isShown ? "on" : "off";
  document.dispatchEvent(new CustomEvent("workings-rail"));
}

document.addEventListener("click", (event) => {
  if (!event.target.closest || !event.target.closest("#show-rail")) return;
  workingsRail(workingsKept("workings-rail", document.documentElement.dataset.rail !== "on"));
});

workingsIsWide.addEventListener("change", () => workingsRail(workingsKept("workings-rail")));

(function restoreRail(tries) {
  if (document.querySelector("#show-rail")) workingsRail(workingsKept("workings-rail"));
  else if (tries > 0) setTimeout(() => restoreRail(tries - 1), 200);
})(100);
