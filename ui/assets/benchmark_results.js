// All results in, their list out: one is opened, two are compared, one is deleted and had back.
// `on` has `open(name)`, `compare(names)` and `deleted(name)`; `ask` asks the server.
function benchResults(view, ask, on) {
  const [undo, compareTwo] = [view.querySelector(".undo"), view.querySelector(".compare-two")];
  let [results, open, mayDelete, picked] = [[], "", false, []];

  function show(newResults, newOpen, newMayDelete) {
    [results, open, mayDelete] = [newResults, newOpen, newMayDelete];
    picked = picked.filter((name) => results.some((each) => each.name === name));
    view.hidden = !results.length && undo.hidden;
    draw(results.map((each) => [each, each.name === open, picked.includes(each.name), mayDelete && !each.is_going]));
    compareTwo.hidden = results.length < 2;
    compareTwo.disabled = picked.length !== 2;
  }
  const again = () => show(results, open, mayDelete);

  const draw = workingsRows(view.querySelector(".results-list"), ([each, isOpen, isPicked, hasDelete]) => {
    const item = workingsNode("li", "one-result");
    if (isOpen) item.setAttribute("aria-current", "true");
    const pick = workingsNode("input", "pick");
    [pick.type, pick.checked] = ["checkbox", isPicked];
    pick.setAttribute("aria-label", `${workingsSay("To compare")}: ${each.title}`);
    pick.addEventListener("change", () => {
      picked = pick.checked ? [...picked, each.name].slice(-2) : picked.filter((name) => name !== each.name);
      const at = [...view.querySelectorAll(".pick")].indexOf(pick);
      again();
      view.querySelectorAll(".pick")[at]?.focus();
    });
    const words = workingsNode("div", "words");
    const title = workingsNode("button", "open", each.title);
    title.addEventListener("click", () => on.open(each.name));
    words.append(title, workingsNode("span", "when", workingsSay(each.about)));
    const score = workingsNode("span", "share", each.share === null ? "–" : benchPercent(each.share));
    const state = workingsNode("span", "state", workingsSay(each.state));
    const drop = workingsNode("button", "action drop", workingsSay("Delete"));
    drop.setAttribute("aria-label", `${workingsSay("Delete")}: ${each.title}, ${workingsSay(each.about)}`);
    // Its place is kept, so that the scores stand in one line.
    drop.style.visibility = hasDelete ? "" : "hidden";
    drop.addEventListener("click", () => remove(each));
    item.append(pick, words, state, score, ...(mayDelete ? [drop] : []));
    return item;
  });

  async function remove({ name, title }) {
    if (!(await ask({ do: "delete", name }))) return;
    undo.hidden = false;
    const back = workingsNode("button", "action", workingsSay("Undo"));
    back.addEventListener("click", () => restore(name));
    undo.replaceChildren(workingsNode("span", "", `${workingsSay(`Deleted “${title}”.`)} `), back);
    results = results.filter((each) => each.name !== name);
    again();
    on.deleted(name);
    back.focus({ preventScroll: true });
  }

  async function restore(name) {
    const isBack = await ask({ do: "restore", name });
    undo.hidden = true;
    undo.replaceChildren();
    if (isBack) on.open(name);
    else again();
  }

  compareTwo.addEventListener("click", () => on.compare(picked));
  return { show };
}
