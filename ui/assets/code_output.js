// `props.value` {ended, is_bad, stdout, stderr, figures} in, what a program printed and drew out; text as text.
const find = (selector) => element.querySelector(selector);
const [frame, ended, figures] = [".output", ".ended", ".figures"].map(find);
const [printed, stdout, complained, stderr] = [".printed", ".stdout", ".complained", ".stderr"].map(find);

function pictureOf(address, at) {
  const picture = workingsNode("img", "");
  // Only pictures that came along: nothing is fetched.
  if (address.startsWith("data:image/png;base64,")) picture.src = address;
  picture.alt = workingsSay(`Chart ${at + 1}, drawn by the program`);
  return picture;
}

function sync() {
  const value = props.value || {};
  frame.hidden = !value.ended;
  ended.classList.toggle("bad", Boolean(value.is_bad));
  workingsSet(ended, workingsSay(value.ended || ""));
  printed.hidden = !value.stdout;
  workingsSet(stdout, value.stdout || "");
  complained.hidden = !value.stderr;
  workingsSet(stderr, value.stderr || "");
  figures.replaceChildren(...(value.figures || []).map(pictureOf));
}
watch("value", sync);
sync();
