// One problem of a result in, what was asked, thought, answered and judged out. All of it is text.
// `ask` asks the server; `list` says which problems stand beside this one.
function benchProblem(view, ask, onClose) {
  const find = (selector) => view.querySelector(selector);
  const [which, question, thinking, noAnswer, answerSet] = [".which", ".question", ".thinking", ".no-answer", ".answer-set"].map(find);
  const [thought, answered] = [benchText(thinking), benchText(find(".live-answer"))];
  const [before, next] = [find(".before"), find(".next")];
  const askedHead = find(".asked-head");
  let [name, problems, rows, at, number] = ["", [], [], -1, 0];
  let neighbours = () => undefined;
  // The letter of the sample as it was shown last: a sample that is done meanwhile is asked for again.
  let known = "";
  // Of a sample that is being written: which try at it, and how much of its texts is shown.
  let live = { began: 0, known: [0, 0] };
  let isGrowing = false;

  async function show(newAt, newNumber, isRenewal = false) {
    [at, number] = [newAt, newNumber];
    known = rows[at].letters[number];
    if (!isRenewal) live = { began: 0, known: [0, 0] };
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
    const isStill = stillThis();
    const told = await ask({ do: "open", ...named() });
    if (!told || !isStill()) return;
    fill(told, isRenewal);
    grow();
    // Its maths is set by a component of its own, which is there now, whenever it came.
    const answer = document.getElementById("benchmark-answer");
    if (answer && !view.contains(answer)) answerSet.append(answer);
    trigger("edit", named());
    if (!isRenewal) thinking.scrollTop = 0;
    const of = await ask({ do: "asked", ...named() });
    if (of && isStill()) fillAsked(of);
  }

  const named = () => ({ name, problem: problems[at][0], number });

  function stillThis() {
    const key = () => `${name} ${at} ${number}`;
    const asked = key();
    return () => key() === asked;
  }

  // What is new of the sample, if it is being written.
  async function grow() {
    if (known !== "r" || isGrowing) return;
    isGrowing = true;
    const isStill = stillThis();
    const told = await ask({ do: "watch", ...named(), ...live });
    isGrowing = false;
    if (!isStill()) {
      grow();
      return;
    }
    if (!told || !told.began || known !== "r") return;
    if (told.is_new) [thought, answered].forEach((each) => each.set(""));
    live = { began: told.began, known: told.known };
    benchFollowing(thinking, () => thought.add(told.thinking));
    benchFollowing(find(".live-answer"), () => answered.add(told.answer));
    find(".live-answer").hidden = answered.isEmpty;
    noAnswer.hidden = !answered.isEmpty;
    workingsSet(find(".sample-figures"), workingsSay(told.figures));
  }

  const terms = (rows) => rows.flatMap(([what, value]) => [workingsNode("dt", "", workingsSay(what)), workingsNode("dd", "", value)]);

  function fillAsked({ question: words, compared }) {
    askedHead.hidden = question.hidden = !words;
    workingsSet(question, words);
    find(".compared").append(...terms(compared));
  }

  function samples() {
    const { letters } = rows[at];
    const row = find(".samples-row");
    row.hidden = letters.length < 2;
    if (!benchIsNew(row, [letters, number])) return;
    const isFocused = row.contains(document.activeElement);
    row.replaceChildren(
      ...[...letters].map((letter, each) => {
        const button = workingsNode("button", `pill ${BENCH_CLASSES[letter]}`, String(each + 1));
        button.setAttribute("aria-pressed", String(each === number));
        button.setAttribute("aria-label", workingsSay(`Sample ${each + 1}`) + ", " + workingsSay(BENCH_OUTCOMES[letter]));
        button.addEventListener("click", () => show(at, each));
        return button;
      }),
    );
    if (isFocused) row.children[number].focus({ preventScroll: true });
  }

  function fill(told, isRenewal) {
    const verdict = find(".verdict");
    const isLive = known === "r";
    verdict.dataset.standing = isLive ? "going" : told.standing || "";
    workingsSet(verdict.querySelector(".label"), workingsSay(isLive ? BENCH_OUTCOMES.r : told.label || ""));
    workingsSet(verdict.querySelector(".reason"), told.reason && !isLive ? workingsSay(told.reason) : "");
    verdict.querySelector(".compared").replaceChildren(...terms(told.compared));
    workingsSet(find(".sample-figures"), workingsSay(told.figures || ""));
    if (!isRenewal) askedHead.hidden = question.hidden = true;
    // What was seen of a sample that was stopped stays until another one is opened.
    const staysSeen = isRenewal && !told.is_written && !thought.isEmpty;
    if (!staysSeen) thought.set(told.thinking);
    if (!staysSeen || told.answer) answered.set("");
    thinking.dataset.empty = workingsSay(isLive ? "Nothing is thought yet." : told.no_thinking);
    find(".live-answer").hidden = answered.isEmpty;
    noAnswer.hidden = told.is_written ? !told.no_answer : !answered.isEmpty;
    noAnswer.dataset.empty = workingsSay(isLive ? "There is no answer yet." : told.no_answer);
    answerSet.hidden = !told.is_written || Boolean(told.no_answer);
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
  find(".back").addEventListener("click", close);
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
      else {
        samples();
        grow();
      }
    },
    close,
    get isOpen() {
      return at >= 0;
    },
  };
}
