// `props.value` {state, run, words, data} in; a tint over the thinking's own text nodes, a curve and the doubtful places out.
// It hangs on the button #show-confidence; while that is off, nothing here listens to anything but that button.
const column = document.querySelector("#thinking-column");
const words = element.querySelector(".words");
const shape = element.querySelector(".shape");
const line = element.querySelector("polyline");
const area = element.querySelector("polygon");
const least = element.querySelector(".least");
const mark = element.querySelector(".mark");
const slider = element.querySelector("input");
const list = element.querySelector(".places");
const legend = element.querySelector(".legend");
const tip = element.querySelector(".tip");
const stop = element.querySelector(".stop");
// A token less likely than so many permille has the tint of that step; from the first one up it has none.
const STEPS = [900, 700, 500, 300, 100];
// What stands before a doubtful token in its line: little, so that the token is in sight on a phone.
const PLACE_CHARACTERS = 14;
const LIVE = ["waiting", "reading", "thinking", "answering"];
const canTint = typeof CSS !== "undefined" && Boolean(CSS.highlights) && typeof StaticRange !== "undefined";

let isOn = false;
let isTooEarly = false; // pressed in mid-run
let isAwaited = false; // the model reads, or is about to
let live = null; // how far the tint of a run that goes on has got
let shown = null; // what is drawn: {run, starts, permille, bits, others, nodes, nodeStarts}
let grown = null;
let isDue = false;

const log = () => document.querySelector("#thinking .log");
const button = () => document.querySelector("#show-confidence");
const runOnPage = () => new URL(window.location.href).searchParams.get("run") || "";
const isLive = () => LIVE.includes(document.documentElement.dataset.phase);

function percent(permille) {
  if (permille < 1) return workingsSay("under 0.1%");
  return permille < 100 || permille > 990 ? `${(permille / 10).toFixed(1)}%` : `${Math.round(permille / 10)}%`;
}

// Spaces and breaks can be all that a token is.
const visible = (text) => text.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/^ | $/g, "␣") || "␣";

function expectScores(isSo) {
  isAwaited = isSo;
  stop.hidden = !isSo;
}

function say(text) {
  words.textContent = workingsSay(text);
  shape.hidden = true;
}

function open() {
  isOn = true;
  column.dataset.confidence = "on";
  button().setAttribute("aria-pressed", "true");
  // The tint is on the plain text.
  if (column.dataset.maths === "on") workingsSetMaths(false);
  if (column.dataset.folded === "on") workingsFold(false);
  const pane = log();
  isTooEarly = isLive();
  if (!pane || (!pane.textContent && !isTooEarly)) say("There is no thinking to look at.");
  else if (!canTint) say("This browser cannot tint text without changing it (CSS Custom Highlight API). A newer one can.");
  else if (props.value && props.value.state === "ready" && props.value.run === runOnPage() && draw()) return;
  else {
    say(isTooEarly ? "" : "The model reads its text again …");
    expectScores(!isTooEarly);
    trigger("select", {});
  }
}

function close() {
  isOn = false;
  // Whoever tints or reads on the server stops.
  if (live || isAwaited) trigger("edit", {});
  expectScores(false);
  column.dataset.confidence = "off";
  if (button()) button().setAttribute("aria-pressed", "false");
  forget();
}

function forget() {
  if (grown) grown.disconnect();
  grown = null;
  if (canTint) {
    STEPS.forEach((_, step) => CSS.highlights.delete(`workings-doubt-${step + 1}`));
    CSS.highlights.delete("workings-token");
  }
  const pane = log();
  if (pane) {
    pane.removeEventListener("pointermove", onMove);
    pane.removeEventListener("click", onTap);
    pane.removeEventListener("pointerleave", hideTip);
    pane.removeEventListener("scroll", hideTip);
  }
  hideTip();
  shape.hidden = true;
  list.replaceChildren();
  shown = live = null;
  delete element.dataset.live;
}

// ---------------------------------------------------------------------- while the run goes on

// How far the pieces "length,permille;" of `props.value` are tinted: their end in the pane's text and in its nodes.
function beginLive() {
  forget();
  const walker = document.createTreeWalker(log(), NodeFilter.SHOW_TEXT);
  live = { run: props.value.run, read: 0, offset: 0, walker, nodeStart: 0 };
  element.dataset.live = "on";
}

// The node and place of a character, at or behind the last one asked for; null where the pane has not got there yet.
function liveAt(offset, isEnd) {
  const { walker } = live;
  if (walker.currentNode === walker.root && !walker.nextNode()) return null;
  while (isEnd ? offset > live.nodeStart + walker.currentNode.length : offset >= live.nodeStart + walker.currentNode.length) {
    const { length } = walker.currentNode;
    if (!walker.nextNode()) return null;
    live.nodeStart += length;
  }
  return [walker.currentNode, offset - live.nodeStart];
}

function tintLive() {
  if (!live || live.run !== props.value.run || !live.walker.currentNode.isConnected) beginLive();
  const { pieces } = props.value;
  while (live.read < pieces.length) {
    const end = pieces.indexOf(";", live.read);
    const [length, permille] = pieces.slice(live.read, end).split(",").map(Number);
    const [nodeBefore, startBefore] = [live.walker.currentNode, live.nodeStart];
    const start = liveAt(live.offset, false);
    const stop = start && liveAt(live.offset + length, true);
    if (!stop) {
      // The text comes by another way than the pieces, perhaps a little later.
      [live.walker.currentNode, live.nodeStart] = [nodeBefore, startBefore];
      setTimeout(() => isOn && live && tintLive(), 300);
      break;
    }
    const step = stepOf(permille);
    if (step) {
      const name = `workings-doubt-${step}`;
      if (!CSS.highlights.has(name)) CSS.highlights.set(name, Object.assign(new Highlight(), { priority: -1 }));
      const [[startContainer, startOffset], [endContainer, endOffset]] = [start, stop];
      CSS.highlights.get(name).add(new StaticRange({ startContainer, startOffset, endContainer, endOffset }));
    }
    live.offset += length;
    live.read = end + 1;
  }
  words.textContent = workingsSay(props.value.words);
  shape.hidden = false;
}

// ---------------------------------------------------------------------- drawing

function draw() {
  const pane = log();
  const data = JSON.parse(props.value.data);
  const starts = new Uint32Array(data.lengths.length + 1);
  data.lengths.forEach((length, at) => {
    starts[at + 1] = starts[at] + length;
  });
  const nodes = [];
  const nodeStarts = [];
  let passed = 0;
  const walker = document.createTreeWalker(pane, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    nodes.push(walker.currentNode);
    nodeStarts.push(passed);
    passed += walker.currentNode.length;
  }
  if (passed !== starts[data.lengths.length]) return false;
  forget();
  const others = new Map(data.alternatives.map(([at, ...rest]) => [at, rest]));
  shown = { starts, permille: data.permille, bits: data.bits, others, nodes, nodeStarts };
  words.textContent = workingsSay(props.value.words);
  tint();
  drawCurve(data.curve);
  list.replaceChildren(...data.places.map(placeOf));
  shape.hidden = false;
  pane.addEventListener("pointermove", onMove);
  pane.addEventListener("click", onTap);
  pane.addEventListener("pointerleave", hideTip);
  pane.addEventListener("scroll", hideTip, { passive: true });
  // Another run, or this one taken further: its text is not the one that was scored.
  grown = new MutationObserver((changes) => {
    if (isLive() || changes.some((change) => change.type !== "attributes")) close();
  });
  grown.observe(pane, { childList: true, subtree: true, characterData: true });
  grown.observe(document.documentElement, { attributes: true, attributeFilter: ["data-phase"] });
  return true;
}

function stepOf(permille) {
  if (permille < 0) return 0;
  let step = 0;
  while (step < STEPS.length && permille < STEPS[step]) step += 1;
  return step;
}

// Neighbours of one step share a range. Static ranges cost nothing when the text changes.
function tint() {
  const { starts, permille, nodes, nodeStarts } = shown;
  const ranges = STEPS.map(() => []);
  let node = 0;
  const pointAt = (offset, isEnd) => {
    while (node + 1 < nodes.length && (isEnd ? nodeStarts[node + 1] < offset : nodeStarts[node + 1] <= offset)) node += 1;
    return [nodes[node], offset - nodeStarts[node]];
  };
  for (let at = 0; at < permille.length; ) {
    const step = stepOf(permille[at]);
    let end = at + 1;
    while (end < permille.length && stepOf(permille[end]) === step) end += 1;
    if (step) {
      const [startContainer, startOffset] = pointAt(starts[at], false);
      const [endContainer, endOffset] = pointAt(starts[end], true);
      ranges[step - 1].push(new StaticRange({ startContainer, startOffset, endContainer, endOffset }));
    }
    at = end;
  }
  ranges.forEach((found, step) => {
    const highlight = new Highlight(...found.slice(0, 1));
    found.slice(1).forEach((range) => highlight.add(range));
    highlight.priority = -1;
    CSS.highlights.set(`workings-doubt-${step + 1}`, highlight);
  });
}

function drawCurve(curve) {
  const lowest = Math.max(0, Math.floor((Math.min(1000, ...curve) - 30) / 100) * 100);
  const last = Math.max(1, curve.length - 1);
  const points = curve.map((value, at) => `${((200 * at) / last).toFixed(1)},${(40 - (40 * (value - lowest)) / (1000 - lowest)).toFixed(1)}`);
  line.setAttribute("points", points.join(" "));
  area.setAttribute("points", `0,40 ${points.join(" ")} 200,40`);
  least.textContent = `${lowest / 10}%`;
  slider.max = String(Math.max(0, shown.permille.length - 1));
  slider.value = "0";
  setMark(0, "");
}

function placeOf([at, before, text, after]) {
  const item = workingsNode("li", "");
  const place = workingsNode("button", "step");
  const likely = workingsNode("span", "kind", percent(shown.permille[at]));
  const context = workingsNode("span", "words");
  const own = workingsNode("mark", "", visible(text));
  context.append(before.slice(-PLACE_CHARACTERS).replace(/\s+/g, " "), own, after.replace(/\s+/g, " "));
  const count = workingsNode("span", "count", workingsSay(`token ${(at + 1).toLocaleString("en")}`));
  place.append(likely, context, count);
  place.addEventListener("click", () => goTo(at));
  item.append(place);
  return item;
}

// ---------------------------------------------------------------------- one token

function rangeOf(at) {
  const { starts, nodes, nodeStarts } = shown;
  const point = (offset, isEnd) => {
    let low = 0;
    let high = nodes.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (isEnd ? nodeStarts[middle] < offset : nodeStarts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return [nodes[low], offset - nodeStarts[low]];
  };
  const range = document.createRange();
  range.setStart(...point(starts[at], false));
  range.setEnd(...point(starts[at + 1], true));
  return range;
}

function textOf(at) {
  return rangeOf(at).toString();
}

function setMark(at, spoken) {
  mark.style.left = `${(100 * at) / Math.max(1, shown.permille.length - 1)}%`;
  slider.setAttribute("aria-valuetext", spoken);
}

function goTo(at) {
  const pane = log();
  const range = rangeOf(at);
  const box = range.getBoundingClientRect();
  pane.scrollTop += box.top - pane.getBoundingClientRect().top - pane.clientHeight / 3;
  // The question box covers the end of the window.
  const composer = document.querySelector("#composer");
  const free = composer ? composer.getBoundingClientRect().top : window.innerHeight;
  const hidden = range.getBoundingClientRect().bottom + 24 - free;
  if (hidden > 0) window.scrollBy(0, hidden);
  const highlight = new Highlight(range);
  CSS.highlights.set("workings-token", highlight);
  slider.value = String(at);
  const likely = shown.permille[at] < 0 ? workingsSay("not drawn by the model") : percent(shown.permille[at]);
  setMark(at, `${workingsSay(`token ${at + 1}`)}, “${textOf(at)}”, ${likely}`);
  // Its own scrolling would hide the tip again.
  requestAnimationFrame(() => requestAnimationFrame(() => shown && showTip(at)));
}

function row(text, permille, isOwn) {
  const item = workingsNode(isOwn ? "strong" : "span", "");
  item.append(workingsNode("span", "", visible(text)), workingsNode("span", "", percent(permille)));
  return item;
}

function showTip(at) {
  const { permille, bits, others } = shown;
  const rows = [];
  if (permille[at] < 0) {
    rows.push(workingsNode("span", "", workingsSay("Not drawn by the model: written by you or by the app.")));
  } else {
    rows.push(row(textOf(at), permille[at], true));
    const found = others.get(at) || [];
    for (let index = 0; index < found.length; index += 2) rows.push(row(found[index], found[index + 1], false));
    rows.push(workingsNode("em", "", workingsSay(`entropy ${(bits[at] / 100).toFixed(2)} bits`)));
  }
  tip.replaceChildren(...rows);
  tip.hidden = false;
  const box = rangeOf(at).getClientRects()[0] || log().getBoundingClientRect();
  const left = Math.max(8, Math.min(box.left, window.innerWidth - tip.offsetWidth - 8));
  const below = box.bottom + 6;
  const top = below + tip.offsetHeight > window.innerHeight ? box.top - tip.offsetHeight - 6 : below;
  tip.style.left = `${left}px`;
  tip.style.top = `${Math.max(8, top)}px`;
}

function hideTip() {
  tip.hidden = true;
}

function tokenAt(x, y) {
  let node = null;
  let offset = 0;
  if (document.caretPositionFromPoint) {
    const caret = document.caretPositionFromPoint(x, y);
    if (caret) [node, offset] = [caret.offsetNode, caret.offset];
  } else if (document.caretRangeFromPoint) {
    const range = document.caretRangeFromPoint(x, y);
    if (range) [node, offset] = [range.startContainer, range.startOffset];
  }
  const at = shown.nodes.indexOf(node);
  if (at < 0) return -1;
  const place = shown.nodeStarts[at] + offset;
  // The caret stands between two characters: the token is the one whose box the pointer is in.
  for (const character of [place, place - 1]) {
    if (character < 0 || character >= shown.starts[shown.permille.length]) continue;
    const token = tokenOf(character);
    const boxes = [...rangeOf(token).getClientRects()];
    if (boxes.some((box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom)) return token;
  }
  return -1;
}

function tokenOf(character) {
  const { starts } = shown;
  let low = 0;
  let high = shown.permille.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= character) low = middle;
    else high = middle - 1;
  }
  return low;
}

function point(x, y) {
  const at = shown ? tokenAt(x, y) : -1;
  if (at < 0) hideTip();
  else showTip(at);
}

function onMove(event) {
  if (isDue || event.pointerType === "touch") return;
  isDue = true;
  const { clientX, clientY } = event;
  requestAnimationFrame(() => {
    isDue = false;
    point(clientX, clientY);
  });
}

function onTap(event) {
  point(event.clientX, event.clientY);
}

// ---------------------------------------------------------------------- wiring

slider.addEventListener("input", () => shown && goTo(Number(slider.value)));
// A click where it stands already is no input.
slider.addEventListener("click", () => shown && goTo(Number(slider.value)));
slider.addEventListener("blur", hideTip);
list.addEventListener("focusout", hideTip);

document.addEventListener("click", (event) => {
  if (!element.isConnected || !event.target.closest || !event.target.closest("#show-confidence")) return;
  // What was said while the run went on is no reason to press twice once it has ended.
  if (isOn && !(isTooEarly && !isLive())) close();
  else open();
});

stop.addEventListener("click", () => {
  close();
  button().focus();
});
// Another run is on the page.
document.addEventListener("workings-run", () => element.isConnected && isAwaited && close());

watch("value", () => {
  const value = props.value || {};
  if (!isOn || value.run !== runOnPage()) return;
  if (value.state === "live") return tintLive();
  if (isLive()) return;
  if (value.state !== "computing") expectScores(false);
  if (value.state !== "ready") say(value.words || "");
  else if (!draw()) say("The thinking on the page is not the one that was scored. Press Confidence again.");
});
legend.hidden = !canTint;
