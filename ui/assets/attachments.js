// `props.value` {files: [{name, size}]} in, a chip for each out; `select` carries the place of the one to take away.
const list = element.querySelector(".chips");

function sync() {
  const files = (props.value && props.value.files) || [];
  list.replaceChildren(
    ...files.map((file, at) => {
      const chip = workingsNode("li", "chip");
      const remove = workingsNode("button", "remove", "×");
      remove.setAttribute("aria-label", workingsSay(`Remove ${file.name}`));
      remove.addEventListener("click", () => trigger("select", { at }));
      chip.append(workingsNode("span", "name", file.name), workingsNode("span", "size", workingsSay(file.size)), remove);
      return chip;
    }),
  );
}

// Files dropped anywhere on the composer are attached, as if they had been chosen.
const composer = element.closest(".composer");
if (composer && !composer.dataset.takesFiles) {
  composer.dataset.takesFiles = "yes";
  const hasFiles = (event) => [...((event.dataTransfer && event.dataTransfer.types) || [])].includes("Files");
  composer.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    composer.classList.add("takes-drop");
  });
  composer.addEventListener("dragleave", () => composer.classList.remove("takes-drop"));
  composer.addEventListener("drop", (event) => {
    composer.classList.remove("takes-drop");
    const field = composer.querySelector("input[type=file]");
    if (!hasFiles(event) || !field) return;
    event.preventDefault();
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

watch("value", sync);
sync();
