// Rows of a list of runs in, the list on the page out: a heading for each day (`row.group`), the rows below it.
// Fills `list` anew and puts the keyboard back on the control that had it: each control names itself in `data-key`.
function workingsGroups(list, rows, itemOf, empty) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  const groups = [];
  let inner = null;
  let heading = null;
  for (const row of rows) {
    if (!inner || row.group !== heading) {
      heading = row.group;
      const group = workingsNode("li", "group");
      if (heading) group.append(workingsNode("h2", "day", workingsSay(heading)));
      inner = workingsNode("ul", "group-runs");
      group.append(inner);
      groups.push(group);
    }
    inner.append(itemOf(row));
  }
  if (!rows.length) groups.push(workingsNode("li", "none", workingsSay(empty)));
  list.replaceChildren(...groups);
  if (!focused) return;
  const again = list.querySelector(`[data-key="${CSS.escape(focused)}"]`);
  if (again) again.focus({ preventScroll: true });
}

// Asks for a list again while a run in it goes on and the list is in sight; `ask` does the asking.
function workingsLookAgain(element, hasLive, ask) {
  clearTimeout(element.lookAgain);
  if (!hasLive()) return;
  element.lookAgain = setTimeout(() => {
    if (element.offsetParent !== null && document.visibilityState === "visible") ask();
    workingsLookAgain(element, hasLive, ask);
  }, 4000);
}
