// `props.value` {steps: groups, can_go_on} in, a list of steps out; a group is the JSON of some steps, each
// [kind, word, title, start, tokens]. Only what changed is drawn again. A step can be gone on from, in another run: that
// goes back as `select` with its `character`.
const list = element.querySelector(".steps");
const reached = element.querySelector(".reached");
// What stands in the list: the texts of the groups with their numbers of steps, and the steps without their tokens.
let groups = [];
let drawn = [];

function goTo(character) {
  const pane = element.closest(".column").querySelector(".log");
  if (pane) pane.dispatchEvent(new CustomEvent("workings-go-to", { detail: character }));
}

const keyOf = ([kind, , title, start]) => `${kind} ${start} ${title}`;
const countOf = (step) => step[4].toLocaleString("en");

function itemOf(step) {
  const [kind, word, title, start] = step;
  const item = workingsNode("li", "");
  const button = workingsNode("button", `step ${kind}`);
  const [name, words] = [workingsNode("span", "kind", workingsSay(word)), workingsNode("span", "words", title)];
  button.append(name, words, workingsNode("span", "count", countOf(step)));
  button.addEventListener("click", () => goTo(start));
  const fork = workingsNode("button", "action fork", workingsSay("Go on from here"));
  fork.setAttribute("aria-label", `${fork.textContent}: ${title}`);
  fork.title = workingsSay("Another run that keeps the thinking up to here and thinks on");
  fork.addEventListener("click", () => trigger("select", { character: start }));
  item.append(button, fork);
  return item;
}

function draw(wanted) {
  let kept = 0;
  while (kept < groups.length && groups[kept].text === wanted[kept]) kept += 1;
  let at = groups.slice(0, kept).reduce((total, group) => total + group.steps, 0);
  const rest = wanted.slice(kept).map((text) => ({ text, steps: JSON.parse(text) }));
  groups = [...groups.slice(0, kept), ...rest.map((group) => ({ text: group.text, steps: group.steps.length }))];
  for (const step of rest.flatMap((group) => group.steps)) {
    // The step that the thinking is at counts up: only its number changes.
    if (drawn[at] === keyOf(step)) list.children[at].querySelector(".count").textContent = countOf(step);
    else if (at < drawn.length) list.children[at].replaceWith(itemOf(step));
    else list.append(itemOf(step));
    drawn[at] = keyOf(step);
    at += 1;
  }
  while (list.children.length > at) list.lastElementChild.remove();
  drawn.length = at;
}

function sync() {
  draw([...((props.value && props.value.steps) || [])]);
  const place = props.value && props.value.reached;
  reached.hidden = typeof place !== "number";
  reached.textContent = workingsSay((props.value && props.value.words) || "");
  element.classList.toggle("is-empty", drawn.length < 2);
  list.classList.toggle("can-go-on", Boolean(props.value && props.value.can_go_on));
}
reached.addEventListener("click", () => goTo(props.value.reached));
watch("value", sync);
sync();
// A tab is built when it is first looked at, its buttons perhaps a moment after this.
workingsOutline();
setTimeout(workingsOutline);
