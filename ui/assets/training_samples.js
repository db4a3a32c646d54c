// The last completions of a run in, a table of them out, and one of them with all that was written and how it was scored.
// `ask` asks the server; the value it returns is told which run is open and what its file of completions is like.
function trainingSamples(view, ask) {
  const find = (selector) => view.querySelector(selector);
  const [one, list, earlier, none] = [".one-problem", ".list-part", ".earlier", ".no-rows"].map(find);
  const pills = [...view.querySelectorAll(".pill")];
  let [name, stamp, outcome, rows, before] = ["", "", "", [], null];
  // How often it was looked further back: a list that somebody reads down is not taken away from under them.
  let nLooks = 0;
  let opener = null;

  const draw = workingsRows(find("tbody"), ([place, step, source, question, standing, label, reward, tokens]) => {
    const row = workingsNode("tr", "");
    const open = workingsNode("button", "open", question || "–");
    open.addEventListener("click", () => openOne(place));
    open.dataset.place = String(place);
    const what = workingsNode("td", "what");
    what.append(open);
    const cell = (className, words) => workingsNode("td", className, words);
    const judged = cell("outcome", "");
    judged.append(workingsNode("span", `mark ${standing}`, workingsSay(label)));
    row.append(cell("figure", step.toLocaleString("en")), what, cell("source", source), judged, cell("figure", reward), cell("figure tokens", tokens.toLocaleString("en")));
    return row;
  });

  async function look(isFurther = false) {
    const asked = [name, outcome].join(" ");
    const told = await ask({ do: "samples", name, outcome, before: isFurther ? before : null });
    if (!told || asked !== [name, outcome].join(" ")) return;
    rows = isFurther ? [...rows, ...told.rows] : told.rows;
    before = told.before;
    nLooks = isFurther ? nLooks + 1 : 0;
    draw(rows);
    earlier.hidden = before === null;
    find(".table-part").hidden = !rows.length;
    none.hidden = Boolean(rows.length);
    workingsSet(none, workingsSay(before === null ? "No completion is like that." : "None of the last ones is like that."));
  }

  async function openOne(place) {
    opener = place;
    const told = await ask({ do: "open", name, place });
    if (!told) return;
    workingsSet(find(".which"), workingsSay(told.title));
    const verdict = find(".verdict");
    verdict.dataset.standing = told.outcome;
    workingsSet(verdict.querySelector(".label"), workingsSay(told.label));
    workingsSet(verdict.querySelector(".reason"), workingsSay(told.reason));
    workingsSet(find(".sample-figures"), workingsSay(told.figures));
    find(".faults").replaceChildren(...told.faults.map((fault) => workingsNode("li", "", workingsSay(fault))));
    find(".faults").hidden = !told.faults.length;
    benchFigures(find(".parts-list"), told.parts);
    for (const text of ["question", "thinking", "answer"]) workingsSet(find(`.${text}:is(.plain, .text)`), told[text]);
    one.hidden = false;
    list.hidden = true;
    find(".which").focus({ preventScroll: true });
    view.scrollIntoView({ block: "start" });
  }

  function close() {
    if (one.hidden) return;
    one.hidden = true;
    list.hidden = false;
    (view.querySelector(`[data-place="${opener}"]`) || pills[0]).focus();
  }

  pills.forEach((pill) =>
    pill.addEventListener("click", () => {
      outcome = pill.dataset.outcome;
      for (const each of pills) each.setAttribute("aria-pressed", String(each === pill));
      look();
    }),
  );
  earlier.addEventListener("click", () => look(true));
  find(".back").addEventListener("click", close);
  one.addEventListener("keydown", (event) => event.key === "Escape" && close());

  return {
    // The run that is open, and what its file of completions is like now ("0 0": it is not there).
    update(newName, newStamp) {
      view.hidden = newStamp === "0 0";
      if (newName !== name) {
        one.hidden = true;
        list.hidden = false;
        [rows, before, nLooks] = [[], null, 0];
        draw(rows);
      } else if (newStamp === stamp || nLooks) return;
      [name, stamp] = [newName, newStamp];
      if (!view.hidden) look();
    },
    clear() {
      [name, stamp] = ["", ""];
      view.hidden = true;
    },
  };
}
