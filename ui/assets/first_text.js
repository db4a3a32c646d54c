// The text that came with the document in; it is taken away when a pane of the page shows its own, or when none has for long.
{
  const MOST_MILLISECONDS = 15000;
  const isShown = () => [...document.querySelectorAll(".log:not(.is-empty)")].some((log) => log.firstChild && log.offsetParent);
  const look = setInterval(() => {
    if (!isShown() && performance.now() < MOST_MILLISECONDS) return;
    clearInterval(look);
    document.getElementById("first-text").remove();
  }, 50);
}
