// One problem of a result in, what was asked, thought, answered and judged out. All of it is text.
// `ask` asks the server; `list` says which problems stand beside this one.
function benchProblem(view, ask, onClose) {
  const [which, question, thinking, noAnswer] = [".which", ".question", ".thinking", ".no-answer"].map((each) => view.querySelector(each));
  const [before, next] = [view.querySelector(".before"), view.querySelector(".next")];
  const askedHead = view.querySelector(".asked-head");
  let [name, problems, rows, at, number] = ["", [], [], -1, 0];
  let neighbours = () => undefined;
  // The letter of the sample as it was shown last: a sample that is done meanwhile is asked for again.
  let known = "";

  async function show(newAt, newNumber, isRenewal = false) {
    [at, number] = [newAt, newNumber];
    known = rows[at].letters[number];
    view.hidden = false;
    workingsSet(which, problems[at][1] || problems[at][0]);
    which.title = problems[at][0];
    before.disabled = neighbours(at, -1) === undefined;
    next.disabled = neighbours(at, 1) === undefined;
    samples();
    if (!isRenewal) {
      which.focus({ preventScroll: true });
      view.parentElement.scrollIntoView({ block: "start" });
    }
    const asked = `${name} ${at} ${number}`;
    const isStill = () => `${name} ${at} ${number}` === asked;
    const named = { name, problem: problems[at][0], number };
    const told = await ask({ do: "open", ...named });
    if (!told || !isStill()) return;
    fill(told);
    // Its maths is set by a component of its own, which is there now, whenever it came.
    const answer = document.getElementById("benchmark-answer");
    if (answer && !view.contains(answer)) view.querySelector(".answer-set").append(answer);
    trigger("edit", named);
    if (!isRenewal) thinking.scrollTop = 0;
    const of = await ask({ do: "asked", ...named });
    if (of && isStill()) fillAsked(of);
  }

  const terms = (rows) => rows.flatMap(([what, value]) => [workingsNode("dt", "", workingsSay(what)), workingsNode("dd", "", value)]);

  function fillAsked({ question: words, compared }) {
    askedHead.hidden = question.hidden = !words;
    workingsSet(question, words);
    view.querySelector(".compared").append(...terms(compared));
  }

  function samples() {
    const { letters } = rows[at];
    const row = view.querySelector(".samples-row");
    row.hidden = letters.length < 2;
    row.replaceChildren(
      ...[...letters].map((letter, each) => {
        const button = workingsNode("button", `pill ${BENCH_CLASSES[letter]}`, String(each + 1));
        button.setAttribute("aria-pressed", String(each === number));
        button.setAttribute("aria-label", workingsSay(`Sample ${each + 1}`) + ", " + workingsSay(BENCH_OUTCOMES[letter]));
        button.addEventListener("click", () => show(at, each));
        return button;
      }),
    );
  }

  function fill(told) {
    const verdict = view.querySelector(".verdict");
    verdict.dataset.standing = told.standing || "";
    workingsSet(verdict.querySelector(".label"), workingsSay(told.label || ""));
    workingsSet(verdict.querySelector(".reason"), told.reason ? workingsSay(told.reason) : "");
    verdict.querySelector(".compared").replaceChildren(...terms(told.compared));
    workingsSet(view.querySelector(".sample-figures"), workingsSay(told.figures || ""));
    askedHead.hidden = question.hidden = true;
    workingsSet(thinking, told.thinking || "");
    thinking.dataset.empty = workingsSay(told.no_thinking || "");
    noAnswer.hidden = !told.no_answer;
    noAnswer.dataset.empty = workingsSay(told.no_answer || "");
    view.querySelector(".answer-set").hidden = Boolean(told.no_answer);
  }

  function turn(step) {
    const there = neighbours(at, step);
    if (there !== undefined) show(there, 0);
  }

  function close() {
    view.hidden = true;
    const left = at;
    at = -1;
    if (left >= 0) onClose(left);
  }

  before.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  view.querySelector(".back").addEventListener("click", close);
  view.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.target.closest(".text") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });

  return {
    open(result, newProblems, newRows, newNeighbours, place) {
      [name, problems, rows, neighbours] = [result, newProblems, newRows, newNeighbours];
      show(place, 0);
    },
    // Something of the result is new.
    renew(newRows) {
      rows = newRows;
      if (at < 0) return;
      if (rows[at].letters[number] !== known) show(at, number, true);
      else samples();
    },
    close,
    get isOpen() {
      return at >= 0;
    },
  };
}
