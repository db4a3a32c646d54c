// `props.value` {kind, about, is_bad} in, how the tests are read out.
const [line, kind, about] = [".form-line", ".kind", ".about"].map((each) => element.querySelector(each));

function sync() {
  const value = props.value || {};
  line.classList.toggle("bad", Boolean(value.is_bad));
  workingsSet(kind, value.kind ? workingsSay(value.kind) : "");
  workingsSet(about, workingsSay(value.about || ""));
}
watch("value", sync);
sync();
