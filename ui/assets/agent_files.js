// `props.value` {files: [[name, size, origin]]} in, the files of a run out; `download` carries the name of one to take.
const [frame, list] = [".files", ".files ul"].map((each) => element.querySelector(each));
let shown = "";

function sync() {
  const { files = [] } = props.value || {};
  frame.hidden = !files.length;
  if (JSON.stringify(files) === shown) return;
  shown = JSON.stringify(files);
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  list.replaceChildren(
    ...files.map(([name, size, origin]) => {
      const item = workingsNode("li", "");
      const take = workingsNode("button", "action file", name);
      take.dataset.key = name;
      take.setAttribute("aria-label", workingsSay(`Download ${name}`));
      take.addEventListener("click", () => trigger("download", { name }));
      item.append(take, workingsNode("span", "size", size));
      if (origin) item.append(workingsNode("span", "origin", workingsSay(origin)));
      return item;
    }),
  );
  if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
watch("value", sync);
sync();
