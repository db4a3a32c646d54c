// `props.value` {steps: [[kind, word, title, start, tokens], ...], can_go_on} in, a list of steps out. Only what changed is
// drawn again. A step can be gone on from, in another run: that goes back as `select` with its `character`.
const list = element.querySelector(".steps");
const reached = element.querySelector(".reached");
let drawn = [];

function goTo(character) {
  const pane = document.querySelector("#thinking .log");
  if (pane) pane.dispatchEvent(new CustomEvent("workings-go-to", { detail: character }));
}

function itemOf([kind, word, title, start, tokens]) {
  const item = workingsNode("li", "");
  const button = workingsNode("button", `step ${kind}`);
  const [name, words] = [workingsNode("span", "kind", workingsSay(word)), workingsNode("span", "words", title)];
  button.append(name, words, workingsNode("span", "count", tokens.toLocaleString("en")));
  button.addEventListener("click", () => goTo(start));
  const fork = workingsNode("button", "action fork", workingsSay("Go on from here"));
  fork.setAttribute("aria-label", `${fork.textContent}: ${title}`);
  fork.title = workingsSay("Another run that keeps the thinking up to here and thinks on");
  fork.addEventListener("click", () => trigger("select", { character: start }));
  item.append(button, fork);
  return item;
}

function sync() {
  const steps = (props.value && props.value.steps) || [];
  const keys = steps.map((step) => step.join("\u0000"));
  let same = 0;
  while (same < drawn.length && same < keys.length && drawn[same] === keys[same]) same += 1;
  while (list.children.length > same) list.lastElementChild.remove();
  list.append(...steps.slice(same).map(itemOf));
  drawn = keys;
  const place = props.value && props.value.reached;
  reached.hidden = typeof place !== "number";
  reached.textContent = workingsSay((props.value && props.value.words) || "");
  element.classList.toggle("is-empty", steps.length < 2);
  list.classList.toggle("can-go-on", Boolean(props.value && props.value.can_go_on));
}
reached.addEventListener("click", () => goTo(props.value.reached));
watch("value", sync);
sync();
