// `props.value` {run, steps, offered, shown, is_following, is_replay, left} in, the steps of a run with a card for each call out; text as text.
// `select` carries the step whose thinking is wished for ("" for the newest), `edit` the user's word on a call
// {call, decision}, `download` the name of a file.
const list = element.querySelector(".agent-steps");
const offered = element.querySelector(".offered");
// Cards that were folded or unfolded by hand stay so; what of a call was fetched is kept.
const unfolded = new Map();
const fetched = new Map();
const states = {
  waiting: "waiting for your word",
  next: "comes after that",
  running: "running",
  ok: "ok",
  failed: "failed",
  refused: "refused",
  not_run: "not run",
};
const decisions = [
  ["allow", "Allow"],
  ["allow_always", "Always allow in this run"],
  ["refuse", "Refuse"],
];
// A turn before the one on the page has its thinking below.
const isEarlier = Boolean(element.closest(".turn"));
let drawn = [];
let run = "";
let thinkingShown = "";

function fetchWhole(call) {
  if (!fetched.has(call.id)) {
    const asked = server.whole({ run, call: call.id });
    // What could not be had is asked for again the next time.
    asked.catch(() => fetched.delete(call.id));
    fetched.set(call.id, asked);
  }
  return fetched.get(call.id);
}

function partsOf(name, value) {
  const term = workingsNode("dt", "", name);
  const text = workingsNode("dd", "");
  const pre = workingsNode("pre", "", value);
  pre.tabIndex = 0;
  pre.setAttribute("aria-label", name || workingsSay("Arguments"));
  text.append(pre);
  return name ? [term, text] : [text];
}

function fill(body, args, text, call) {
  const facts = workingsNode("dl", "given");
  facts.append(...args.flatMap(([name, value]) => partsOf(name, value)));
  body.replaceChildren(...(args.length ? [facts] : [workingsNode("p", "none-given", workingsSay("No arguments."))]));
  if (!text) return;
  const head = workingsNode("p", "came-head", workingsSay("Result"));
  if (call.is_outside) head.append(" ", workingsNode("span", "outside", workingsSay("from outside")));
  const pre = workingsNode("pre", "came-text", text);
  pre.tabIndex = 0;
  pre.setAttribute("aria-label", workingsSay("Result"));
  body.append(head, pre);
}

function wholeButton(body, call) {
  const more = workingsNode("button", "action whole", workingsSay("Show all"));
  more.dataset.key = `whole/${call.id}`;
  more.addEventListener("click", async () => {
    const whole = await fetchWhole(call);
    fill(body, whole.arguments, whole.text, call);
    body.querySelector("pre")?.focus();
  });
  return more;
}

function pictures(call) {
  const frame = workingsNode("div", "pictures");
  fetchWhole(call).then(
    (whole) => {
      frame.replaceChildren(
        ...whole.pictures.map((picture, at) => {
          const image = workingsNode("img", "");
          image.src = `data:image/png;base64,${picture}`;
          image.alt = workingsSay(`Picture ${at + 1}, made by ${call.name}`);
          return image;
        }),
      );
    },
    () => frame.replaceChildren(workingsNode("p", "none-given", workingsSay("The picture could not be fetched."))),
  );
  return frame;
}

function filesOf(call) {
  const files = workingsNode("ul", "call-files");
  files.append(
    ...call.files.map((name) => {
      const item = workingsNode("li", "");
      const take = workingsNode("button", "action file", name);
      take.dataset.key = `file/${call.id}/${name}`;
      take.setAttribute("aria-label", workingsSay(`Download ${name}`));
      take.addEventListener("click", () => trigger("download", { name }));
      item.append(take);
      return item;
    }),
  );
  return files;
}

function asking(call) {
  const group = workingsNode("div", "asking");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", workingsSay(`May ${call.name} run?`));
  const buttons = decisions.map(([decision, words]) => {
    const button = workingsNode("button", `word ${decision}`, workingsSay(words));
    button.dataset.key = `${decision}/${call.id}`;
    button.addEventListener("click", () => {
      for (const each of buttons) each.disabled = true;
      trigger("edit", { call: call.id, decision });
      // The word may have come too late, or got lost: then it can be given again.
      setTimeout(() => buttons.forEach((each) => (each.disabled = false)), 4000);
    });
    return button;
  });
  const left = workingsNode("span", "left");
  left.dataset.call = call.id;
  group.append(...buttons, left);
  return group;
}

function cardOf(call, at) {
  const card = workingsNode("article", `call ${call.state}`);
  card.setAttribute("aria-label", workingsSay(`Call of ${call.name}`));
  const head = workingsNode("button", "call-head");
  head.dataset.key = `call/${call.id}`;
  const state = workingsNode("span", "call-state", workingsSay(states[call.state]));
  const first = workingsNode("span", "call-first");
  first.append(workingsNode("b", "call-name", call.name), " ", state);
  if (call.seconds) first.append(" ", workingsNode("span", "call-seconds", call.seconds));
  if (call.is_outside) first.append(" ", workingsNode("span", "outside", workingsSay("from outside")));
  head.append(first, workingsNode("span", "call-line", call.line));
  if (call.came) head.append(workingsNode("span", "call-came", call.came));
  const body = workingsNode("div", "call-body");
  const texts = workingsNode("div", "call-texts");
  fill(texts, call.arguments, call.text, call);
  body.append(texts);
  if (call.is_cut) body.append(wholeButton(texts, call));
  const unfold = (isOpen) => {
    body.hidden = !isOpen;
    head.setAttribute("aria-expanded", String(isOpen));
  };
  head.addEventListener("click", () => {
    unfolded.set(call.id, body.hidden);
    unfold(body.hidden);
    if (!isEarlier) trigger("select", { step: at });
  });
  // What may be allowed is to be seen; all else is one click away.
  unfold(call.state === "waiting" || (unfolded.get(call.id) ?? false));
  card.append(head, body);
  // In a replay it was answered long ago.
  if (call.state === "waiting" && !(props.value || {}).is_replay) card.append(asking(call));
  if (call.n_pictures) card.append(pictures(call));
  if (call.files.length) card.append(filesOf(call));
  return card;
}

function stepOf(step, at) {
  const item = workingsNode("li", "agent-step");
  const line = workingsNode(isEarlier ? "p" : "button", "step-line", workingsSay(step.words));
  item.append(line);
  line.dataset.key = `step/${at}`;
  line.addEventListener("click", () => {
    if (isEarlier) return;
    trigger("select", { step: at });
    // On a narrow page the thinking stands above.
    const pane = document.querySelector("#agent-thinking-column");
    if (pane && pane.getBoundingClientRect().bottom < 80) pane.scrollIntoView({ block: "start" });
  });
  if (step.said) item.append(workingsNode("p", "step-said", step.said));
  item.append(...step.calls.map((call) => cardOf(call, at)));
  if (step.told) item.append(workingsNode("p", "step-told", workingsSay(step.told)));
  return item;
}

// Where the sight ends: the composer covers the end of the window.
function sightEnd() {
  const composer = document.querySelector("#agent-composer");
  return Math.min(window.innerHeight, composer ? composer.getBoundingClientRect().top : Infinity);
}

// Whoever looks at the newest step goes on looking at it; a question is brought into sight wherever the reader is.
function follow(wasInSight, asked) {
  const waiting = list.querySelector(".call.waiting");
  const isNew = waiting && waiting.querySelector(".left") && waiting.querySelector(".left").dataset.call !== asked;
  const target = isNew ? waiting : wasInSight ? list.lastElementChild : null;
  if (!target || element.offsetParent === null) return;
  const hidden = target.getBoundingClientRect().bottom + 12 - sightEnd();
  if (hidden > 0) window.scrollBy(0, Math.min(hidden, target.getBoundingClientRect().top - 12));
}

function sync() {
  const value = props.value || {};
  const steps = value.steps || [];
  const asked = list.querySelector(".call.waiting .left")?.dataset.call;
  const wasInSight = list.lastElementChild !== null && list.lastElementChild.getBoundingClientRect().bottom < sightEnd() + 40;
  if (run !== (value.run || "")) {
    [run, drawn] = [value.run || "", []];
    list.replaceChildren();
    unfolded.clear();
    fetched.clear();
  }
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  let hasNew = false;
  steps.forEach((text, at) => {
    if (drawn[at] === text) return;
    hasNew = true;
    drawn[at] = text;
    const node = stepOf(JSON.parse(text), at);
    if (list.children[at]) list.children[at].replaceWith(node);
    else list.append(node);
  });
  offered.hidden = !value.offered;
  workingsSet(offered.querySelector(".names"), value.offered || "");
  while (list.children.length > steps.length) list.lastElementChild.remove();
  drawn.length = steps.length;
  // A button that has gone with the question it answered leaves the keyboard at its card.
  if (focused && !list.contains(document.activeElement)) {
    const again = [focused, `call/${focused.split("/")[1]}`].map((key) => list.querySelector(`[data-key="${CSS.escape(key)}"]`));
    again.find(Boolean)?.focus({ preventScroll: true });
  }
  [...list.children].forEach((item, at) => {
    item.classList.toggle("is-shown", at === value.shown);
    if (!isEarlier) item.querySelector(".step-line").setAttribute("aria-pressed", String(at === value.shown));
  });
  for (const left of list.querySelectorAll(".left")) {
    const time = (value.left || {})[left.dataset.call];
    if (time) workingsSet(left, workingsSay(`${time} left, then it counts as refused`));
  }
  // The status line below the steps is not laid out yet.
  if (!isEarlier && hasNew) requestAnimationFrame(() => requestAnimationFrame(() => follow(wasInSight, asked)));
  const shownNow = `${run}/${value.shown}/${steps.length}`;
  // Maths that were set are those of the thinking that was there.
  if (!isEarlier && thinkingShown !== shownNow) workingsSetMaths(false, document.querySelector("#agent-thinking-column"));
  thinkingShown = shownNow;
  const live = document.getElementById("agent-live");
  if (live && !isEarlier) live.setAttribute("aria-pressed", String(value.is_following !== false));
}

// The button in the head of the thinking: back to the newest step.
if (!isEarlier) {
  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest("#agent-live")) trigger("select", { step: "" });
  });
}
watch("value", sync);
sync();
