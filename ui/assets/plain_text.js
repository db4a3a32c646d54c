// `props.value` (a text that a user wrote) in, the same as text out; never markup.
const target = element.querySelector(".plain");
function sync() {
  target.textContent = props.value || "";
}
watch("value", sync);
sync();
