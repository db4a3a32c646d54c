// `props.value` {standing, label, reason, facts, evidence} in, a verdict with its reason and its evidence out; all as text.
const find = (selector) => element.querySelector(selector);
const [card, label, reason, list, details, facts] = [".verdict", ".label", ".reason", ".evidence", "details", "dl"].map(find);

// Reasons are written to stand behind a colon.
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

function evidenceItem([kind, strength, words, isFor]) {
  const item = workingsNode("li", isFor ? "for" : "against");
  const head = workingsNode("span", "kind", workingsSay(kind));
  const how = workingsNode("span", `strength ${strength}`, workingsSay(isFor ? `${strength} evidence` : "speaks against it"));
  item.append(head, " ", how, workingsNode("p", "words", workingsSay(words)));
  return item;
}

function sync() {
  const value = props.value || {};
  card.hidden = !value.standing;
  card.dataset.standing = value.standing || "";
  label.textContent = workingsSay(value.label || "");
  reason.textContent = sentence(workingsSay(value.reason || ""));
  list.replaceChildren(...(value.evidence || []).map(evidenceItem));
  const rows = value.facts || [];
  details.hidden = !rows.length;
  facts.replaceChildren(
    ...rows.flatMap(([name, text]) => [workingsNode("dt", "", workingsSay(name)), workingsNode("dd", "", text)]),
  );
}
watch("value", sync);
sync();
