// `props.value` {key, groups, holds, slips, unchecked} in; marks over the pane's own text, counts and a list of slips out.
// A group is the JSON of some marks [offset, length], those that do not hold with their text and what would be right.
const frame = element.querySelector(".sums");
const counts = element.querySelector(".counts");
const details = element.querySelector(".details");
const panel = element.querySelector(".slips");
const list = panel.querySelector("ol");
const tip = element.querySelector(".tip");
const said = element.querySelector(".said");

// The browser looks at every range again at every frame in which anything on the page is new, so there are only as many
// as can be seen, and so many screens more before and behind.
const SCREENS = 0.3;

let key = "";
// What was read of the value: the texts of the groups with their numbers of marks, the marks, and those that do not hold.
let groups = [];
let marks = [];
let slips = [];
// What is drawn: which marks, under which names, in which text of the pane.
let drawn = { from: 0, to: 0, text: "" };
let drawnSlips = [];
let ranges = new Map();
// The mark that was gone to last, and the slip whose tip is open.
let here = -1;
let told = null;
let isStale = false;
let isDrawDue = false;

const paneLog = () => document.querySelector(`#${frame.dataset.pane} .log`);
const pane = () => (paneLog() || {}).workingsPane;

// ---------------------------------------------------------------------- reading the value

function sync() {
  const value = props.value || {};
  if (value.key !== key) forget(value.key);
  read([...(value.groups || [])]);
  say(value);
  listen();
  drawSoon();
}

function forget(newKey) {
  [key, groups, marks, slips, here] = [newKey, [], [], [], -1];
  said.textContent = "";
  hideTip();
}

function read(wanted) {
  let kept = 0;
  while (kept < groups.length && groups[kept].text === wanted[kept]) kept += 1;
  if (kept === groups.length && kept === wanted.length) return;
  groups = groups.slice(0, kept);
  marks.length = groups.reduce((total, group) => total + group.marks, 0);
  for (const text of wanted.slice(kept)) {
    const rows = JSON.parse(text);
    groups.push({ text, marks: rows.length });
    marks.push(...rows);
  }
  slips = marks.filter((each) => each.length > 2);
  // The last group may have lost a mark, or have another in its place.
  isStale = true;
}

// The page is only touched where something is new: whatever is written makes the browser look at all of its styles.
let saidLast = "";
function say(value) {
  const { holds = "", slips: slipWords = "", unchecked = "" } = value;
  if (saidLast === `${holds}|${slipWords}|${unchecked}`) return;
  saidLast = `${holds}|${slipWords}|${unchecked}`;
  write(".hold", workingsSay(holds));
  write(".and", holds && slipWords ? " · " : "");
  write(".slip", workingsSay(slipWords));
  const title = workingsSay(slipWords ? "Go to the next slip" : "Go to the next sum that was checked");
  if (counts.title !== title) counts.title = title;
  frame.hidden = !(holds || slipWords);
  if (frame.hidden) open(false);
  else if (!panel.hidden) fill();
}

// No node comes or goes while the counts count up.
function write(selector, words) {
  const node = counts.querySelector(selector);
  if (!node.firstChild) node.textContent = words;
  else if (node.firstChild.data !== words) node.firstChild.data = words;
}

// ---------------------------------------------------------------------- marks in the pane

let listened = null;
function listen() {
  const log = paneLog();
  if (!log || log === listened) return;
  listened = log;
  log.addEventListener("workings-grown", drawSoon);
  log.addEventListener("scroll", drawSoon, { passive: true });
  log.addEventListener("pointermove", onMove);
  log.addEventListener("click", (event) => point(event.clientX, event.clientY));
  log.addEventListener("pointerleave", hideTip);
}

// Often enough: what is drawn reaches further than what can be seen.
function drawSoon() {
  if (isDrawDue) return;
  isDrawDue = true;
  setTimeout(() => {
    isDrawDue = false;
    if (element.isConnected) draw();
  }, 120);
}

// The first mark from a place of the text on.
function markFrom(place) {
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (marks[middle][0] >= place) high = middle;
    else low = middle + 1;
  }
  return low;
}

function draw() {
  const found = pane();
  const state = found ? found.state() : {};
  const isOwnText = found && (state.key || "") === (key || "") && marks.length > 0;
  const within = (screens) => {
    const [start, end] = isOwnText ? found.seen(screens) : [0, 0];
    let [from, to] = isOwnText ? [markFrom(start), markFrom(end)] : [0, 0];
    // Marks may come before their text.
    while (to > from && marks[to - 1][0] + marks[to - 1][1] > state.length) to -= 1;
    return [from, to];
  };
  const text = isOwnText ? `${key} ${state.renewals}` : "";
  const [first, end] = within(0);
  if (drawn.text !== text) ranges = new Map();
  if (drawn.text !== text || isStale || drawn.from > first || drawn.to < end) {
    const [from, to] = within(SCREENS);
    drawn = { from, to, text };
    isStale = false;
    drawMarks(found, marks.slice(from, to));
  }
  if (told) placeTip();
}

function drawMarks(found, near) {
  const wrong = near.filter((each) => each.length > 2);
  const held = heldParts(near);
  const known = ranges;
  ranges = new Map();
  for (const stretches of [wrong, held]) {
    const fresh = stretches.filter((each) => !known.has(placeOf(each)));
    const made = found ? found.rangesOf(fresh) : [];
    fresh.forEach((each, at) => made[at] && known.set(placeOf(each), made[at]));
    stretches.forEach((each) => known.has(placeOf(each)) && ranges.set(placeOf(each), known.get(placeOf(each))));
  }
  const rangesOf = (stretches) => stretches.map((each) => ranges.get(placeOf(each))).filter(Boolean);
  drawnSlips = wrong.map((slip) => ({ slip, range: ranges.get(placeOf(slip)) })).filter((each) => each.range);
  workingsMark(element, "workings-slip", rangesOf(wrong));
  workingsMark(element, "workings-holds", rangesOf(held));
}

const placeOf = ([offset, length]) => `${offset} ${length}`;

// What holds, without what it shares with a slip: `a = b = c` are two claims about b.
function heldParts(near) {
  const parts = [];
  near.forEach((each, at) => {
    if (each.length > 2) return;
    const [before, after] = [near[at - 1], near[at + 1]];
    const from = before && before.length > 2 ? Math.max(each[0], before[0] + before[1]) : each[0];
    const to = after && after.length > 2 ? Math.min(each[0] + each[1], after[0]) : each[0] + each[1];
    if (to > from) parts.push([from, to - from]);
  });
  return parts;
}

// ---------------------------------------------------------------------- going there

function goTo(mark) {
  const found = pane();
  if (!found) return;
  here = mark[0];
  found.goTo(mark[0], mark[1]);
  said.textContent = mark.length > 2 ? `${mark[2]}: ${workingsSay(mark[3])}` : "";
  for (const [at, item] of [...list.children].entries()) item.classList.toggle("is-here", slips[at][0] === mark[0]);
  told = mark.length > 2 ? mark : null;
  if (told) setTip(told);
  else hideTip();
  // The text scrolls, and what comes into sight is drawn, before it is known where the mark stands.
  requestAnimationFrame(() => requestAnimationFrame(drawSoon));
}

function toNext() {
  const among = slips.length ? slips : marks;
  const next = among.find((each) => each[0] > here) || among[0];
  if (next) goTo(next);
}

// ---------------------------------------------------------------------- the list

function open(isOpen) {
  panel.hidden = !isOpen;
  details.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) fill();
}

function fill() {
  panel.querySelector(".no-slip").hidden = slips.length > 0;
  panel.querySelector(".unchecked").textContent = workingsSay((props.value || {}).unchecked || "");
  const wanted = slips.map((each) => each.slice(2).join("\n"));
  while (list.children.length > wanted.length) list.lastElementChild.remove();
  wanted.forEach((words, at) => {
    const item = list.children[at];
    if (item && item.dataset.slip === `${slips[at][0]} ${words}`) return;
    if (item) item.replaceWith(itemOf(slips[at], words));
    else list.append(itemOf(slips[at], words));
  });
}

function itemOf(slip, words) {
  const item = workingsNode("li", slip[0] === here ? "is-here" : "");
  item.dataset.slip = `${slip[0]} ${words}`;
  const place = workingsNode("button", "step");
  place.append(workingsNode("span", "words", slip[2]), workingsNode("span", "right", workingsSay(slip[3])));
  place.addEventListener("click", () => goTo(slip));
  item.append(place);
  return item;
}

// ---------------------------------------------------------------------- what would be right, at its place

function setTip(slip) {
  const words = workingsSay(slip[3]);
  if (tip.textContent !== words) tip.textContent = words;
}

function boxesOf({ range }) {
  const live = document.createRange();
  live.setStart(range.startContainer, range.startOffset);
  live.setEnd(range.endContainer, range.endOffset);
  return [...live.getClientRects()];
}

function placeTip() {
  const found = drawnSlips.find((each) => each.slip[0] === told[0]);
  const frame = listened && listened.getBoundingClientRect();
  const box = found && boxesOf(found).find((each) => each.top >= frame.top - 4 && each.bottom <= frame.bottom + 4);
  tip.hidden = !box;
  if (!box) return;
  const left = Math.max(8, Math.min(box.left, window.innerWidth - tip.offsetWidth - 8));
  const above = box.top - tip.offsetHeight - 4;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 4 ? above : box.bottom + 4}px`;
}

function hideTip() {
  told = null;
  tip.hidden = true;
}

function point(x, y) {
  const isIn = (box) => x >= box.left && x <= box.right && y >= box.top - 2 && y <= box.bottom + 2;
  const found = drawnSlips.find((each) => boxesOf(each).some(isIn));
  if (!found) return hideTip();
  told = found.slip;
  setTip(told);
  placeTip();
}

let isPointDue = false;
function onMove(event) {
  if (isPointDue || event.pointerType === "touch" || !(drawnSlips.length || told)) return;
  isPointDue = true;
  const { clientX, clientY } = event;
  requestAnimationFrame(() => {
    isPointDue = false;
    point(clientX, clientY);
  });
}

// ---------------------------------------------------------------------- wiring

counts.addEventListener("click", toNext);
details.addEventListener("click", () => open(panel.hidden));
element.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || panel.hidden) return;
  // Escape would stop the run.
  event.preventDefault();
  open(false);
  details.focus();
});
counts.addEventListener("blur", hideTip);
list.addEventListener("focusout", hideTip);
window.addEventListener("scroll", () => told && element.isConnected && placeTip(), { passive: true });
watch("value", sync);
sync();
