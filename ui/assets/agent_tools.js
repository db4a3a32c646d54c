// `props.value` {tools, servers, note, is_hosted} in, each tool with its policy and each MCP server out. A tool is [name,
// about, policy, the host's policy, origin]; a server [name, state, words, is on, number of tools, whether the page's next
// runs are told of them]. `edit` carries what the user did: {action: "policy", name, policy}, {action: "offer", name, is_on},
// {action: "switch", name, is_on} or {action: "restart", name}.
const find = (selector) => element.querySelector(selector);
const [tools, servers, note, serversFrame] = [".tools", ".servers", ".note", ".servers-frame"].map(find);
const policies = ["free", "ask", "off"];
const serverStates = { ready: "ready", starting: "starting", stopped: "off", failed: "failed" };
let shown = "";

function choiceOf(name, policy, host, isHosted) {
  const choice = workingsNode("div", "policy");
  choice.setAttribute("role", "radiogroup");
  choice.setAttribute("aria-label", workingsSay(`Policy of ${name}`));
  choice.append(
    ...policies.map((each) => {
      const label = workingsNode("label", each === policy ? "selected" : "");
      const radio = workingsNode("input", "");
      radio.type = "radio";
      radio.name = `policy-${name}`;
      radio.checked = each === policy;
      radio.dataset.key = `${name}/${each}`;
      // A visitor may only tighten what the host allows.
      radio.disabled = isHosted && policies.indexOf(each) < policies.indexOf(host);
      radio.addEventListener("change", () => trigger("edit", { action: "policy", name, policy: each }));
      label.append(radio, workingsNode("span", "", workingsSay(each)));
      return label;
    }),
  );
  return choice;
}

function toolOf([name, about, policy, host, origin], isHosted) {
  const item = workingsNode("li", "");
  const words = workingsNode("div", "tool-words");
  const first = workingsNode("p", "tool-name");
  first.append(workingsNode("b", "", name));
  if (origin) first.append(" ", workingsNode("span", "origin", origin));
  words.append(first, workingsNode("p", "tool-about", workingsSay(about)));
  item.append(words, choiceOf(name, policy, host, isHosted));
  return item;
}

function tick(key, words, spoken, isOn, change) {
  const label = workingsNode("label", "");
  const box = workingsNode("input", "");
  box.type = "checkbox";
  box.checked = isOn;
  box.dataset.key = key;
  box.setAttribute("aria-label", workingsSay(spoken));
  box.addEventListener("change", () => change(box.checked));
  label.append(box, workingsNode("span", "", workingsSay(words)));
  return label;
}

function serverOf([name, state, words, isOn, nTools, isOffered], isHosted) {
  const item = workingsNode("li", `server ${state}`);
  const said = workingsNode("div", "tool-words");
  const first = workingsNode("p", "tool-name");
  first.append(workingsNode("b", "", name), " ", workingsNode("span", "server-state", workingsSay(serverStates[state] || state)));
  if (nTools) first.append(" ", workingsNode("span", "origin", workingsSay(`${nTools} tools`)));
  said.append(first);
  if (words) said.append(workingsNode("p", "tool-about", workingsSay(words)));
  const acts = workingsNode("div", "server-acts");
  const tell = (action) => (is_on) => trigger("edit", { action, name, is_on });
  const label = tick(`on/${name}`, "on", `Use ${name}`, isOn, tell("switch"));
  // Which servers a shared app has is its host's to say.
  label.querySelector("input").disabled = isHosted;
  const offer = tick(`offer/${name}`, "in my runs", `Tell the model of the tools of ${name}`, isOffered, tell("offer"));
  offer.querySelector("input").disabled = !isOn;
  const again = workingsNode("button", "action", workingsSay("Restart"));
  again.dataset.key = `restart/${name}`;
  again.setAttribute("aria-label", workingsSay(`Restart ${name}`));
  again.disabled = !isOn || isHosted;
  again.addEventListener("click", () => trigger("edit", { action: "restart", name }));
  acts.append(label, offer, again);
  item.append(said, acts);
  return item;
}

function sync() {
  const value = props.value || {};
  const isStarting = (value.servers || []).some(([, state]) => state === "starting");
  // A server that starts is looked at again until it stands somewhere.
  clearTimeout(element.lookAgain);
  if (isStarting) element.lookAgain = setTimeout(() => trigger("edit", { action: "look" }), 1500);
  if (JSON.stringify(value) === shown) return;
  shown = JSON.stringify(value);
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  tools.replaceChildren(...(value.tools || []).map((each) => toolOf(each, value.is_hosted)));
  servers.replaceChildren(...(value.servers || []).map((each) => serverOf(each, value.is_hosted)));
  serversFrame.hidden = !(value.servers || []).length;
  workingsSet(note, workingsSay(value.note || ""));
  note.hidden = !value.note;
  if (focused) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
watch("value", sync);
sync();
