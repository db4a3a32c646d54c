// `props.value` {text, state, done, total, cannot} in, one line and a progress bar out. What the model's engine cannot do is
// switched off on the whole page: see abilities.js.
const words = element.querySelector(".words");
const bar = element.querySelector("progress");
function sync() {
  const value = props.value || {};
  const said = workingsSay(value.text || "");
  if (words.textContent !== said) words.textContent = said;
  element.dataset.state = value.state || "";
  workingsCannot(value.cannot || []);
  bar.hidden = value.state !== "loading";
  if (value.total > 0) {
    bar.max = value.total;
    bar.value = Math.min(value.done, value.total);
  } else {
    bar.removeAttribute("value");
  }
}
watch("value", sync);
sync();
