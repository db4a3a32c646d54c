// `props.value` {rows, current, empty} in, the latest runs beside the chat out; `select` opens one, `click` wishes for all.
const list = element.querySelector(".runs");
const isOpen = () => document.documentElement.dataset.rail === "on";

function itemOf(row) {
  const item = workingsNode("li", "run");
  const open = workingsNode("button", "open", row.title);
  open.dataset.key = row.id;
  open.title = row.title;
  open.addEventListener("click", () => trigger("select", { run_id: row.id, is_turn: false }));
  item.append(open, workingsNode("span", "when", workingsSay(row.short)));
  item.dataset.run = row.id;
  return item;
}

// The run that is on the page; none on an empty page.
function mark() {
  const current = document.documentElement.dataset.phase === "empty" ? "" : (props.value || {}).current;
  for (const item of list.querySelectorAll(".run")) {
    if (current && item.dataset.run === current) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
  }
}

function sync() {
  const value = props.value || {};
  // Nothing is built for a rail that nobody sees.
  if (!isOpen()) {
    list.replaceChildren();
    return;
  }
  workingsGroups(list, value.rows || [], itemOf, value.rows ? value.empty : "The list is being read.");
  mark();
  workingsLookAgain(element, () => isOpen() && ((props.value || {}).rows || []).some((row) => row.is_live), ask);
}

function ask() {
  trigger("edit", { action: "look" });
}

element.querySelector(".everything").addEventListener("click", () => trigger("click"));
document.addEventListener("workings-rail", () => {
  sync();
  if (isOpen()) ask();
});
new MutationObserver(mark).observe(document.documentElement, { attributes: true, attributeFilter: ["data-phase"] });
watch("value", sync);
sync();
if (isOpen()) ask();
