// What can be measured in, what is to be started out. `start` begins it, and is told what the form says.
function benchForm(bench, start) {
  const part = (name) => bench.querySelector(name);
  const form = part(".bench-form");
  const field = (name) => form.querySelector(name);
  let [benchmarks, mayStart] = [[], false];

  function show(told) {
    [benchmarks, mayStart] = [told.benchmarks, told.may_start];
    const chosen = field(".benchmark").value;
    field(".benchmark").replaceChildren(...benchmarks.map((each) => new Option(each.title, each.name)));
    // At first one that can be tried at once.
    const first = benchmarks.find((each) => each.sources[0][0] === "sample") || benchmarks[0];
    field(".benchmark").value = benchmarks.some((each) => each.name === chosen) ? chosen : first.name;
    field(".start").disabled = !mayStart;
    part(".may-not").hidden = !told.may_not;
    workingsSet(part(".may-not"), workingsSay(told.may_not || ""));
    showChosen();
  }

  function showChosen() {
    const chosen = benchmarks.find((each) => each.name === field(".benchmark").value);
    if (!chosen) return;
    const kept = field(".source").value;
    field(".source").replaceChildren(...chosen.sources.map(([value, words]) => new Option(workingsSay(words), value)));
    if (chosen.sources.some(([value]) => value === kept)) field(".source").value = kept;
    const isPublished = field(".profile").value === "published";
    field(".samples").placeholder = String(isPublished ? chosen.samples : 1);
    field(".for-quick").hidden = isPublished;
    field(".folder").hidden = field(".source").value !== "folder";
    field(".budget-tokens").hidden = field(".budget-name").value !== "custom";
    const about = [chosen.about, chosen.judged_by].map(workingsSay).join(" ");
    const more = `${workingsSay("Source")}: ${chosen.source} · ${workingsSay("Licence")}: ${chosen.licence}`;
    const profile = workingsSay(isPublished ? publishedWords(chosen) : "Quick: the thinking is cut at the budget, and the answer always fits.");
    part(".about-benchmark").replaceChildren(workingsNode("span", "", `${about} ${profile} `), workingsNode("span", "of", more));
  }

  const publishedWords = (chosen) => `As published: no cut, up to 32,768 tokens, ${chosen.samples} samples of each problem unless you give fewer.`;

  form.addEventListener("change", showChosen);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (field(".start").disabled) return;
    field(".start").disabled = true;
    const budget = field(".budget-name").value;
    await start({
      do: "start",
      benchmark: field(".benchmark").value,
      limit: Number(field(".limit").value) || 0,
      samples: Number(field(".samples").value) || 0,
      profile: field(".profile").value,
      budget: budget === "custom" ? field(".budget-tokens").value : budget,
      source: field(".source").value === "folder" ? field(".folder").value : field(".source").value,
    });
    field(".start").disabled = !mayStart;
  });

  return {
    show,
    get mayStart() {
      return mayStart;
    },
  };
}
