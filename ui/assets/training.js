// The Training tab: asks the server every few seconds what is new while it is in sight, and draws only that. The run that is
// open is in the address, so that a reload comes back to it.
const view = element.querySelector(".training");
const part = (name) => view.querySelector(name);
const refusal = part(".refusal");
const [GOING_MILLISECONDS, QUIET_MILLISECONDS] = [2000, 5000];

let [runs, stamp, folder] = [[], "", ""];
// The run that is open, and what its log was like when it was drawn.
let [open, log, isGoing] = ["", "", false];

async function ask(asked) {
  try {
    const told = await server.training(asked);
    if (told.error) refuse(told.error);
    return told.error ? null : told;
  } catch {
    // Of a look, whoever watches the connection says so.
    if (asked.do !== "look") refuse("The app did not answer. Look whether it still runs, then try again.");
    return null;
  }
}

// A refusal stays until something else is wished for.
function refuse(words) {
  workingsSet(refusal, workingsSay(words));
  refusal.hidden = !words;
}
view.addEventListener("click", (event) => event.target.closest("button") && refuse(""), { capture: true });

workingsSet(part(".commands"), "python -m train.grpo --config embedded-cpu\npython -m train.sft --tokens 1_000_000");

const slider = part(".at-step input");
const charts = trainingCharts(part(".charts"), (steps, at) => {
  [slider.max, slider.value] = [String(Math.max(0, steps.length - 1)), String(at)];
  const words = steps.length ? steps[at].toLocaleString("en") : "";
  slider.setAttribute("aria-valuetext", words);
  workingsSet(part(".at-step output"), words);
});
slider.addEventListener("input", () => charts.goTo(Number(slider.value)));
const samples = trainingSamples(part(".completions"), ask);

// ---------------------------------------------------------------------- looking

let wake = () => {};
const pause = (milliseconds) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
const isSeen = () => !document.hidden && view.checkVisibility();

async function keepLooking() {
  while (element.isConnected) {
    if (isSeen()) await look();
    await pause(isGoing ? GOING_MILLISECONDS : QUIET_MILLISECONDS);
  }
}
new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && wake()).observe(view);
document.addEventListener("visibilitychange", () => wake());

async function look() {
  const asked = open;
  const told = await ask({ do: "look", name: asked, log, stamp });
  if (!told) return;
  if (told.stamp !== stamp) [stamp, runs, folder] = [told.stamp, told.runs, told.folder];
  if (view.dataset.view === "loading") view.dataset.view = "ready";
  part(".loading").hidden = true;
  if (asked === open && told.missing) {
    refuse(told.missing);
    openRun("");
  }
  showRuns();
  if (asked === open && told.run) showRun(told.run);
}

function showRuns() {
  part(".nothing").hidden = Boolean(runs.length);
  workingsSet(part(".nothing .folder"), folder);
  part(".results").hidden = !runs.length;
  drawRuns(runs.map((each) => [each, each.name === open]));
}

const drawRuns = workingsRows(part(".results-list"), ([each, isOpen]) => {
  const item = workingsNode("li", "one-result");
  if (isOpen) item.setAttribute("aria-current", "true");
  const words = workingsNode("div", "words");
  const title = workingsNode("button", "open", each.name);
  title.addEventListener("click", () => {
    openRun(each.name);
    part(".result-title").focus({ preventScroll: true });
    part(".open-result").scrollIntoView({ block: "start" });
  });
  words.append(title, workingsNode("span", "when", workingsSay(each.about)));
  const state = workingsNode("span", `state ${each.tone}`, [each.status, each.steps].map(workingsSay).join(" · "));
  item.append(words, state);
  return item;
});

// ---------------------------------------------------------------------- one run

function openRun(name) {
  [open, log, isGoing] = [name, "", false];
  part(".open-result").hidden = !name;
  part(".open-result").dataset.loading = name ? "yes" : "";
  workingsSet(part(".result-title"), name);
  samples.clear();
  setAddress(name);
  showRuns();
  wake();
}

function setAddress(name) {
  const url = new URL(window.location.href);
  if ((url.searchParams.get("training") || "") === name) return;
  if (name) {
    workingsSetAddress("");
    for (const other of ["run", "benchmark"]) url.searchParams.delete(other);
    url.searchParams.set("training", name);
  } else {
    url.searchParams.delete("training");
  }
  window.history.replaceState(window.history.state, "", url);
}
// A run of another tab stands in the address instead.
document.addEventListener("workings-run", (event) => {
  if (!event.detail) return;
  const url = new URL(window.location.href);
  url.searchParams.delete("training");
  window.history.replaceState(window.history.state, "", url);
});

function showRun(run) {
  isGoing = run.is_going;
  part(".open-result").dataset.loading = "";
  part(".open-result").dataset.tone = run.tone;
  workingsSet(part(".result-about"), workingsSay(run.about));
  workingsSet(part(".progress-line .text"), workingsSay(run.text));
  workingsSet(part(".progress-line .detail"), workingsSay(run.detail));
  workingsSet(part(".hint"), workingsSay(run.hint));
  part(".hint").hidden = !run.hint;
  const bar = part(".progress-line progress");
  [bar.max, bar.value] = [run.total || 1, run.done];
  part(".take-report").hidden = !run.has_report;
  part(".take-log").hidden = run.log === "0 0";
  if (run.charts) showLog(run);
  log = run.log;
  samples.update(open, run.samples);
}

function showLog({ charts: drawn, figures, plan }) {
  part(".charts-part").hidden = !drawn.length;
  part(".no-charts").hidden = Boolean(drawn.length);
  charts.show(drawn);
  benchFigures(part(".figures-list"), figures);
  part(".plan").hidden = !plan.length;
  benchFigures(part(".plan-list"), plan);
}

part(".to-list").addEventListener("click", () => {
  openRun("");
  part(".results").scrollIntoView({ block: "start" });
  part(".results-list .open")?.focus({ preventScroll: true });
});

async function take(file, type) {
  const [name, parts] = [open, []];
  for (let offset = 0; offset !== null; ) {
    const piece = await ask({ do: "file", name, file, offset });
    if (!piece) return;
    parts.push(piece.text);
    offset = piece.next;
  }
  const address = URL.createObjectURL(new Blob(parts, { type }));
  workingsDownload(address, `${name}-${file}`);
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
part(".take-log").addEventListener("click", () => take("log.jsonl", "application/jsonl"));
part(".take-report").addEventListener("click", () => take("report.html", "text/html"));

openRun(new URL(window.location.href).searchParams.get("training") || "");
keepLooking();
