// `props.value` {steps: [[kind, word, title, start, tokens], ...]} in, a list of steps out. Only what changed is drawn again.
const list = element.querySelector(".steps");
const reached = element.querySelector(".reached");
let drawn = [];

function goTo(character) {
  const pane = document.querySelector("#thinking .log");
  if (pane) pane.dispatchEvent(new CustomEvent("workings-go-to", { detail: character }));
}

function itemOf([kind, word, title, start, tokens]) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = `step ${kind}`;
  const name = document.createElement("span");
  name.className = "kind";
  name.textContent = word;
  const words = document.createElement("span");
  words.className = "words";
  words.textContent = title;
  const count = document.createElement("span");
  count.className = "count";
  count.textContent = tokens.toLocaleString("en");
  button.append(name, words, count);
  button.addEventListener("click", () => goTo(start));
  item.append(button);
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
  reached.textContent = (props.value && props.value.words) || "";
  element.classList.toggle("is-empty", steps.length < 2);
}
reached.addEventListener("click", () => goTo(props.value.reached));
watch("value", sync);
sync();
