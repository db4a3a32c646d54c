// The Benchmarks tab: asks the server once a second what is new while it is in sight, nothing else; what it shows comes
// from there alone, so that a page that is opened anew, or on another device, shows the same. The result that is open is
// in the address.
const bench = element.querySelector(".bench");
const part = (name) => bench.querySelector(name);
const refusal = part(".refusal");
const [GOING_MILLISECONDS, QUIET_MILLISECONDS] = [1000, 4000];
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "";

let [results, stamp] = [[], ""];
// The result that is open, and how much of it is known.
let [open, since, problems, rows, isGoing] = ["", 0, [], [], false];
// The one that went on when it was last looked: it is opened by itself once, not again and again.
let live = "";

async function ask(asked) {
  try {
    const told = await server.benchmarks(asked);
    if (told.error) refuse(told.error);
    return told.error ? null : told;
  } catch {
    // Of a look, whoever watches the connection says so.
    if (!["look", "watch"].includes(asked.do)) refuse("The app did not answer. Look whether it still runs, then try again.");
    return null;
  }
}

// A refusal stays until something else is wished for.
function refuse(words) {
  workingsSet(refusal, workingsSay(words));
  refusal.hidden = !words;
}

const waiting = benchWaiting(part(".loading"), ask);
const list = benchList(part(".rows"), (at) => {
  problemView.open(open, problems, rows, list.beside, at);
  bench.dataset.view = "problem";
});
const problemView = benchProblem(part(".one-problem"), ask, (at) => {
  bench.dataset.view = "ready";
  list.update(problems, rows);
  list.focus(at);
});
const compareTwo = benchCompare(part(".comparison"), ask, () => part(".compare-two").focus());
const form = benchForm(bench, async (asked) => {
  const begun = await waiting.ask(asked, "Reading the problems…");
  if (begun) openResult(begun.name);
  wake();
});
const allResults = benchResults(part(".results"), ask, {
  open(name) {
    openResult(name);
    part(".result-title").focus({ preventScroll: true });
    bench.scrollIntoView({ block: "start" });
  },
  compare: compareTwo,
  deleted(name) {
    results = results.filter((each) => each.name !== name);
    if (name === open) openResult("");
    else showResults();
    wake();
  },
});
bench.addEventListener("click", (event) => event.target.closest("button") && refuse(""), { capture: true });
bench.addEventListener("input", () => refuse(""));

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
const isSeen = () => !document.hidden && bench.checkVisibility();

async function keepLooking() {
  while (element.isConnected) {
    if (isSeen()) await look();
    await pause(isGoing ? GOING_MILLISECONDS : QUIET_MILLISECONDS);
  }
}
new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && wake()).observe(bench);
document.addEventListener("visibilitychange", () => wake());

async function look() {
  const [asked, known] = [open, since];
  const told = await ask({ do: "look", name: asked, since: known, stamp, zone: ZONE });
  if (!told) return;
  if (told.benchmarks) form.show(told);
  if (told.stamp !== stamp) {
    stamp = told.stamp;
    results = told.results;
    showResults();
  }
  if (bench.dataset.view === "loading") bench.dataset.view = "ready";
  waiting.looked();
  if (asked !== open || known !== since) return;
  if (told.missing) {
    refuse(told.missing);
    openResult("");
    return;
  }
  if (told.result) showResult(told.result);
  else if (!open && told.live && told.live !== live) openResult(told.live);
  live = told.live;
  nothing();
}

function nothing() {
  const words = part(".nothing");
  words.hidden = Boolean(results.length) || Boolean(open);
  workingsSet(words, workingsSay("Nothing has been measured here yet. Start with a few problems: what is done is kept, and goes on from there after a stop."));
}

// ---------------------------------------------------------------------- one result

function openResult(name) {
  if (problemView.isOpen) problemView.close();
  [open, since, problems, rows, isGoing, running] = [name, 0, [], [], false, []];
  list.clear();
  part(".open-result").hidden = !name;
  // On a phone the form would fill the screen.
  part(".new").open = !name || !matchMedia("(max-width: 640px)").matches;
  part(".open-result").dataset.loading = name ? "yes" : "";
  setAddress(name);
  showResults();
  nothing();
  wake();
}

function setAddress(name) {
  const url = new URL(window.location.href);
  if ((url.searchParams.get("benchmark") || "") === name) return;
  if (name) {
    workingsSetAddress("");
    for (const other of ["run", "training"]) url.searchParams.delete(other);
    url.searchParams.set("benchmark", name);
  } else {
    url.searchParams.delete("benchmark");
  }
  window.history.replaceState(window.history.state, "", url);
}
// A run of another tab stands in the address instead.
document.addEventListener("workings-run", (event) => {
  if (!event.detail) return;
  const url = new URL(window.location.href);
  url.searchParams.delete("benchmark");
  window.history.replaceState(window.history.state, "", url);
});

function showResult(result) {
  if (result.problems) problems = result.problems;
  if (!since) rows = problems.map(() => ({ known: result.waiting, letters: result.waiting, answer: "", tokens: 0 }));
  for (const [at, letters, answer, tokens, isReason] of result.rows) rows[at] = { known: letters, letters, answer: isReason ? workingsSay(answer) : answer, tokens };
  showRunning(result.running);
  since = result.since;
  isGoing = result.is_going || result.is_measuring;
  part(".open-result").dataset.loading = "";
  part(".open-result").dataset.tone = result.tone;
  workingsSet(part(".result-title"), result.title);
  workingsSet(part(".result-about"), [result.about, result.data].filter(Boolean).map(workingsSay).join(" · "));
  workingsSet(part(".progress-line .text"), workingsSay(result.text));
  workingsSet(part(".progress-line .detail"), workingsSay(result.detail));
  const bar = part(".progress-line progress");
  [bar.max, bar.value] = [result.total || 1, result.done];
  part(".stop").hidden = !result.may_stop || !form.mayStart;
  part(".resume").hidden = !result.may_resume || !form.mayStart;
  showScore(result);
  showCurve(result.curve);
  list.update(problems, rows);
  counts();
  problemView.renew(rows);
}

// What is being written stands in no file yet.
let running = [];
function showRunning(now) {
  for (const [at] of running) if (rows[at]) rows[at].letters = rows[at].known;
  running = now;
  for (const [at, number, tokens] of now) {
    const { letters } = rows[at];
    if (letters[number] !== ".") continue;
    rows[at].letters = `${letters.slice(0, number)}r${letters.slice(number + 1)}`;
    if (letters.length === 1) rows[at].tokens = tokens;
  }
}

function showScore({ score, figures, bars, others }) {
  part(".score").hidden = !score;
  if (score) {
    workingsSet(part(".score .figure b"), score.share === null ? "–" : benchPercent(score.share));
    workingsSet(part(".score .interval"), workingsSay(score.interval));
    benchFigures(part(".figures-list"), figures);
  }
  const isThere = bars.length > 1;
  part(".against").hidden = !isThere;
  if (isThere) benchBars(part(".against > .bars"), bars);
  part(".others").hidden = !others.length;
  benchBars(part(".others .bars"), others);
}

function showCurve(curve) {
  part(".budget-curve").hidden = !curve;
  if (!curve) return;
  workingsSet(part(".curve-words"), workingsSay(curve.words));
  benchCurve(part(".plot"), curve);
  for (const name of ["measure", "stop-curve", "use-budget", "forget-budget"]) part(`.${name}`).hidden = !curve.shows.includes(name) || !form.mayStart;
  part(".use-budget").dataset.budget = curve.best ?? "";
}

function counts() {
  for (const pill of bench.querySelectorAll(".problems .pills-row .pill")) {
    const n = rows.filter((row) => benchIs(row.letters, pill.dataset.outcome)).length;
    workingsSet(pill.querySelector(".n"), n.toLocaleString("en"));
    pill.hidden = !n && Boolean(pill.dataset.outcome) && pill.getAttribute("aria-pressed") !== "true";
  }
  part(".no-rows").hidden = !rows.length || Boolean(list.length);
}

function filter() {
  const pressed = part(".pills-row .pill[aria-pressed=true]");
  list.only(pressed ? pressed.dataset.outcome : "", part(".seek").value);
  counts();
}
for (const pill of bench.querySelectorAll(".problems .pills-row .pill")) {
  pill.addEventListener("click", () => {
    for (const each of bench.querySelectorAll(".problems .pills-row .pill")) each.setAttribute("aria-pressed", String(each === pill));
    filter();
  });
}
part(".seek").addEventListener("input", filter);

async function act(asked) {
  await ask({ name: open, ...asked });
  wake();
}
async function begin(asked, meanwhile) {
  await waiting.ask({ name: open, ...asked }, meanwhile);
  wake();
}
part(".stop").addEventListener("click", () => act({ do: "stop" }));
part(".resume").addEventListener("click", () => begin({ do: "resume" }, "Reading the problems…"));
part(".measure").addEventListener("click", () => begin({ do: "measure_curve" }, "Reading the problems…"));
part(".stop-curve").addEventListener("click", () => act({ do: "stop_curve" }));
part(".to-list").addEventListener("click", () => {
  openResult("");
  part(".results").scrollIntoView({ block: "start" });
});
part(".use-budget").addEventListener("click", () => useBudget(Number(part(".use-budget").dataset.budget)));
part(".forget-budget").addEventListener("click", () => useBudget(0));

function useBudget(budget) {
  trigger("select", { budget, result: open });
  setTimeout(() => wake(), 300);
}

part(".download").addEventListener("click", async () => {
  const parts = [];
  const name = open;
  for (let offset = 0; offset !== null; ) {
    const piece = await ask({ do: "file", name, offset });
    if (!piece) return;
    parts.push(piece.text);
    offset = piece.next;
  }
  const address = URL.createObjectURL(new Blob(parts, { type: "application/jsonl" }));
  workingsDownload(address, `${name}.jsonl`);
  setTimeout(() => URL.revokeObjectURL(address), 10000);
});

function showResults() {
  allResults.show(results, open, form.mayStart);
}

openResult(new URL(window.location.href).searchParams.get("benchmark") || "");
keepLooking();
