// `props.value` {rows} in, the problems that were solved with their verdicts out; `select` carries the run to open.
// A row is [run, problem, answer, standing, label, chains, Unix seconds].
const list = element.querySelector(".solved");
const none = element.querySelector(".none");
const counts = element.querySelector(".counts");

function itemOf([run, problem, answer, standing, label, chains, at]) {
  const item = workingsNode("li", "");
  const open = workingsNode("button", "open", problem);
  open.addEventListener("click", () => trigger("select", { run_id: run }));
  const when = new Date(1000 * at).toLocaleString(document.documentElement.lang || "en", {
    month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
  });
  const about = [answer || workingsSay("No answer."), chains ? workingsSay(chains) : "", when].filter(Boolean).join(" · ");
  item.append(workingsNode("span", `mark ${standing.replace(" ", "-")}`, workingsSay(label)), open, workingsNode("span", "when", about));
  return item;
}

function sync() {
  const rows = (props.value && props.value.rows) || [];
  none.hidden = rows.length > 0;
  const count = (standing) => rows.filter((row) => row[3] === standing).length;
  const kinds = (props.value && props.value.kinds) || ["correct", "wrong", "undecided"];
  const parts = kinds.map((each) => [count(each), each]).filter(([n]) => n);
  counts.textContent = parts.map(([n, each]) => workingsSay(`${n} ${each}`)).join(" · ");
  list.replaceChildren(...rows.map(itemOf));
}
watch("value", sync);
sync();
