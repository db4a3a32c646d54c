// Keys of the whole page: Esc stops the run that goes on.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const stop = document.querySelector("#stop");
  if (stop && stop.offsetParent !== null) stop.click();
});

// Text in, the clipboard filled out. Browsers give pages opened over plain http from elsewhere no clipboard of their own.
async function workingsCopy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    field.style.opacity = "0";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

// What the server handed out ({text, name, type} or {text}) in, a download or a filled clipboard out.
function workingsTake(handout) {
  if (!handout || handout.text === undefined) return;
  if (!handout.name) {
    workingsCopy(handout.text);
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([handout.text], { type: handout.type }));
  link.download = handout.name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
