// `props.value` {standing, label, reason, more, about} in, what the tests say of a program out; all as text.
// One of `more` is [standing, words, reason].
const find = (selector) => element.querySelector(selector);
const [card, label, reason, list] = [".result", ".label", ".reason", ".more"].map(find);

function itemOf([standing, words, why]) {
  const item = workingsNode("li", standing);
  item.append(workingsNode("b", "", workingsSay(words)));
  if (why) item.append(" ", workingsNode("span", "", workingsSay(why)));
  return item;
}

function sync() {
  const value = props.value || {};
  card.hidden = !value.standing;
  card.dataset.standing = value.standing || "";
  workingsSet(label, workingsSay(value.label || ""));
  workingsSet(reason, workingsSay(value.reason || ""));
  const about = value.about ? [workingsNode("li", "about", workingsSay(value.about))] : [];
  list.replaceChildren(...(value.more || []).map(itemOf), ...about);
}
watch("value", sync);
sync();
