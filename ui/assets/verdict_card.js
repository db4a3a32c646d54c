// `props.value` {standing, label, reason, facts, evidence} in, a verdict with its reason and its evidence out; all as text.
const find = (selector) => element.querySelector(selector);
const [card, label, reason, list, details, facts] = [".verdict", ".label", ".reason", ".evidence", "details", "dl"].map(find);

// Reasons are written to stand behind a colon.
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

// A program that was run, with what it printed: the model's own text.
function programNode(program, output, limits) {
  const unfolds = workingsNode("details", "program");
  unfolds.append(
    workingsNode("summary", "", workingsSay("Program and output")),
    workingsNode("pre", "source", program),
    workingsNode("p", "limits", workingsSay(limits)),
    workingsNode("pre", "output", output || workingsSay("It printed nothing.")),
  );
  return unfolds;
}

function evidenceItem([kind, strength, words, isFor, program, output, limits]) {
  const item = workingsNode("li", isFor ? "for" : "against");
  const head = workingsNode("span", "kind", workingsSay(kind));
  const how = workingsNode("span", `strength ${strength}`, workingsSay(isFor ? `${strength} evidence` : "speaks against it"));
  item.append(head, " ", how, workingsNode("p", "words", workingsSay(words)));
  if (program) item.append(programNode(program, output, limits));
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
