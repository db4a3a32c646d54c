// `props.value` {head, words, is_bad} in, how programs are run here out.
const [line, head, words] = [".isolation", "b", "span"].map((each) => element.querySelector(each));

function sync() {
  const value = props.value || {};
  line.hidden = !value.head;
  line.classList.toggle("bad", Boolean(value.is_bad));
  workingsSet(head, workingsSay(value.head || ""));
  workingsSet(words, workingsSay(value.words || ""));
}
watch("value", sync);
sync();
