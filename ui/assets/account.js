// `props.value` {name, is_admin} in; the name of whoever is logged in, and the way out, out.
const name = element.querySelector(".name");
const leave = element.querySelector("form");
const show = () => {
  const value = props.value || {};
  name.textContent = value.name || "";
  name.title = value.is_admin ? workingsSay("admin") : "";
  leave.hidden = !value.name;
};
leave.addEventListener("submit", () => {
  // What this browser keeps of its pages is its user's.
  try {
    sessionStorage.clear();
  } catch {
    // A browser that keeps nothing has nothing to clear.
  }
});
watch("value", show);
show();
