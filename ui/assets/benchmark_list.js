// Problems with what came of each in, a list of which only the rows in sight are in the page out: thousands cost as little
// as thirty. A row is {letters, answer, tokens}; a letter for each sample: c, w, u, e (failed), j (being judged), r (being
// written), a dot (waiting).
const BENCH_OUTCOMES = { c: "Correct", w: "Wrong", u: "Undecided", e: "Failed", j: "Being judged", r: "Being written", ".": "Waiting" };
const BENCH_CLASSES = { c: "correct", w: "wrong", u: "undecided", e: "failed", j: "going", r: "going", ".": "waiting" };
const BENCH_ROW_PIXELS = 36;

// What stands for the samples of a problem: one outcome, or how many of them are correct.
function benchOutcome(letters) {
  if (letters.length === 1) return [BENCH_CLASSES[letters], workingsSay(BENCH_OUTCOMES[letters])];
  const judged = [...letters].filter((letter) => "cwue".includes(letter)).length;
  const correct = [...letters].filter((letter) => letter === "c").length;
  if (!judged) return letters.includes("r") || letters.includes("j") ? ["going", workingsSay(BENCH_OUTCOMES.r)] : ["waiting", workingsSay(BENCH_OUTCOMES["."])];
  const standing = judged < letters.length ? "going" : correct * 2 > judged ? "correct" : correct ? "undecided" : "wrong";
  return [standing, workingsSay(`${correct} of ${judged} correct`)];
}

function benchIs(letters, outcome) {
  if (!outcome) return true;
  return outcome === "-" ? /[jr.]/.test(letters) : letters.includes(outcome);
}

// The list below `frame`; `onOpen` is told the place of a problem. The value it returns is asked to draw when something is new.
function benchList(frame, onOpen) {
  const all = frame.querySelector(".rows-all");
  const nodes = new Map();
  let [problems, rows, shown, active] = [[], [], [], 0];
  let [outcome, sought] = ["", ""];

  function choose() {
    shown = [];
    problems.forEach(([id, title], at) => {
      if (!benchIs(rows[at].letters, outcome)) return;
      if (sought && !`${at + 1} ${id} ${title} ${rows[at].answer}`.toLowerCase().includes(sought)) return;
      shown.push(at);
    });
    all.style.height = `${shown.length * BENCH_ROW_PIXELS}px`;
    active = Math.min(active, Math.max(0, shown.length - 1));
  }

  function draw() {
    const first = Math.max(0, Math.floor(frame.scrollTop / BENCH_ROW_PIXELS) - 6);
    const last = Math.min(shown.length, Math.ceil((frame.scrollTop + frame.clientHeight) / BENCH_ROW_PIXELS) + 6);
    for (const [place, node] of nodes) {
      if (place < first || place >= last) {
        node.remove();
        nodes.delete(place);
      }
    }
    for (let place = first; place < last; place += 1) drawRow(place);
  }

  function drawRow(place) {
    const at = shown[place];
    const row = rows[at];
    const key = `${at} ${row.letters} ${row.tokens} ${row.answer} ${shown.length}`;
    let node = nodes.get(place);
    if (node && node.dataset.key === key) return;
    const isNew = !node;
    if (isNew) node = newRow(place);
    node.dataset.key = key;
    const [standing, words] = benchOutcome(row.letters);
    const [number, what, answer, outcomeCell, tokens] = node.children;
    node.setAttribute("aria-setsize", String(shown.length));
    node.setAttribute("aria-posinset", String(place + 1));
    workingsSet(number, String(at + 1));
    workingsSet(what, problems[at][1] || problems[at][0]);
    workingsSet(answer, row.answer);
    outcomeCell.className = `outcome mark ${standing}`;
    workingsSet(outcomeCell, words);
    workingsSet(tokens, row.tokens ? row.tokens.toLocaleString("en") : "");
    if (isNew) all.append(node);
  }

  function newRow(place) {
    const node = workingsNode("div", "row");
    node.setAttribute("role", "listitem");
    node.style.top = `${place * BENCH_ROW_PIXELS}px`;
    const open = workingsNode("button", "what open");
    open.tabIndex = place === active ? 0 : -1;
    open.addEventListener("click", () => {
      active = place;
      onOpen(shown[place]);
    });
    node.append(workingsNode("span", "number"), open, workingsNode("span", "answer"), workingsNode("span", "outcome"), workingsNode("span", "tokens"));
    nodes.set(place, node);
    return node;
  }

  function focusOn(place) {
    active = Math.max(0, Math.min(shown.length - 1, place));
    const top = active * BENCH_ROW_PIXELS;
    if (top < frame.scrollTop) frame.scrollTop = top;
    if (top + BENCH_ROW_PIXELS > frame.scrollTop + frame.clientHeight) frame.scrollTop = top + BENCH_ROW_PIXELS - frame.clientHeight;
    draw();
    for (const [at, node] of nodes) node.querySelector(".open").tabIndex = at === active ? 0 : -1;
    nodes.get(active)?.querySelector(".open").focus({ preventScroll: true });
  }

  frame.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(frame);
  frame.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(frame.clientHeight / BENCH_ROW_PIXELS) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -shown.length, End: shown.length };
    if (!(event.key in steps)) return;
    event.preventDefault();
    focusOn(active + steps[event.key]);
  });

  return {
    // Another result, or something new of this one.
    update(newProblems, newRows) {
      [problems, rows] = [newProblems, newRows];
      choose();
      draw();
    },
    only(newOutcome, newSought) {
      [outcome, sought] = [newOutcome, newSought.trim().toLowerCase()];
      frame.scrollTop = 0;
      active = 0;
      for (const node of nodes.values()) node.remove();
      nodes.clear();
      choose();
      draw();
    },
    clear() {
      for (const node of nodes.values()) node.remove();
      nodes.clear();
      [active, frame.scrollTop] = [0, 0];
    },
    // The problem that is `step` further in what is shown; undefined where there is none.
    beside(at, step) {
      return shown[shown.indexOf(at) + step];
    },
    focus(at) {
      focusOn(Math.max(0, shown.indexOf(at)));
    },
    get length() {
      return shown.length;
    },
  };
}
