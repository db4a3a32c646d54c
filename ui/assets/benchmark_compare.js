// Two results in, their difference with its interval and the problems on which they differ out.
function benchCompare(view, ask, onClose) {
  view.querySelector(".close").addEventListener("click", () => {
    view.hidden = true;
    onClose();
  });

  return async (names) => {
    const told = await ask({ do: "compare", names });
    if (!told) return;
    view.hidden = false;
    workingsSet(view.querySelector(".said"), workingsSay(told.words || ""));
    benchBars(view.querySelector(".bars"), told.bars || []);
    workingsSet(view.querySelector(".protocols"), workingsSay(told.protocols || ""));
    const differ = told.differ || [];
    view.querySelector(".differ-head").hidden = !differ.length;
    const heads = workingsNode("li", "heads");
    const columns = workingsNode("span", "marks");
    columns.append(workingsNode("span", "", workingsSay("First")), workingsNode("span", "", workingsSay("Second")));
    heads.append(workingsNode("span", "what", workingsSay("Problem")), columns);
    view.querySelector(".differ-list").replaceChildren(
      ...(differ.length ? [heads] : []),
      ...differ.map(([title, first, second]) => {
        const item = workingsNode("li", "");
        const marks = workingsNode("span", "marks");
        for (const letters of [first, second]) {
          const [standing, words] = benchOutcome(letters);
          marks.append(workingsNode("span", `mark ${standing}`, words));
        }
        item.append(workingsNode("span", "what", title), marks);
        return item;
      }),
    );
    view.querySelector(".compared-title").focus({ preventScroll: true });
    view.scrollIntoView({ block: "start" });
  };
}
