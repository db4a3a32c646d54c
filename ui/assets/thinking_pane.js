// `props.value` {key, before, text, grows} in, text appended to the pane out: `text` is the thinking so far from its UTF-16 unit
// `before` on, and what is before it came earlier under the same key. Between two values the pane asks for what has come
// since in the run `grows` (its `step`, if one is named), if that is there. Text only: nothing here reads markup. `select` asks for all of it. Parts that mark something in the text find `workingsPane` on the log, and hear of new text by
// `workings-grown`.
const log = element.querySelector(".log");
const jump = element.querySelector(".jump");
// One block of about this many characters is laid out again for each piece; the blocks before it are left alone.
const BLOCK_CHARACTERS = 600;
let shown = "";
let block = null;
let blockLength = 0;
// Where each block begins: asking the blocks for their text would copy all of it.
let blockStarts = [];
let isFollowing = true;
// The reader was brought to a place, and has not scrolled since.
let isHeld = false;
let scrolledTo = 0;
// How often all of the text was put there anew: ranges in what was there before are void.
let renewals = 0;

function append(text) {
  while (text) {
    if (!block || blockLength >= BLOCK_CHARACTERS) {
      // A block may only begin after a line break, or the break would show twice or a line would be torn.
      const cut = block ? text.indexOf("\n") + 1 : 0;
      if (block && cut === 0) {
        block.append(text);
        blockLength += text.length;
        return;
      }
      if (block && cut > 0) block.append(text.slice(0, cut));
      if (block) settleSoon(block);
      blockStarts.push(block ? blockStarts.at(-1) + blockLength + cut : 0);
      block = document.createElement("div");
      log.append(block);
      blockLength = 0;
      text = text.slice(cut);
      if (!text) return;
    }
    const room = BLOCK_CHARACTERS - blockLength;
    const piece = text.length > room ? text.slice(0, room) : text;
    block.append(piece);
    blockLength += piece.length;
    text = text.slice(piece.length);
  }
}

// A block that is full and was laid out once is drawn only where it can be seen; its size is remembered (page.css).
function settleSoon(full) {
  requestAnimationFrame(() => requestAnimationFrame(() => full.classList.add("settled")));
}

function toLatest() {
  log.scrollTop = log.scrollHeight;
  scrolledTo = log.scrollTop;
}

function lookAtReader() {
  // Growing text does not move scrollTop, so a smaller one is always the reader's own doing.
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (Math.abs(log.scrollTop - scrolledTo) > 2) isHeld = false;
  if (log.scrollTop < scrolledTo - 2 && !isAtEnd) isFollowing = false;
  if (isAtEnd && !isHeld) isFollowing = true;
  scrolledTo = log.scrollTop;
}

// What was handed over last. Comparing with it instead of with all that is shown spares a copy of the whole text.
let key = "";
let last = { before: 0, text: "" };
let missedAt = -Infinity;

function askForAll() {
  if (performance.now() - missedAt < 3000) return;
  missedAt = performance.now();
  trigger("select", {});
}

function sync() {
  // Scroll events come late: without a look first, new text would pull back a reader who has just scrolled up.
  if (isFollowing) lookAtReader();
  const { before = 0, text = "", ...value } = props.value || {};
  if (before && (value.key !== key || shown.length < before)) {
    askForAll();
    return;
  }
  const isSame = key === (value.key || "");
  [key, grows, step] = [value.key || "", value.grows || "", value.step];
  if (isSame && isAhead(before, text)) {
    keepGrowing();
    return;
  }
  const known = before < last.before ? shown.slice(before) : last.text.slice(before - last.before);
  if (shown && text.startsWith(known)) {
    const grown = text.slice(known.length);
    append(grown);
    shown += grown;
  } else if (shown || text) {
    replace(shown.slice(0, before) + text);
  }
  last = { before, text };
  afterGrowth();
  keepGrowing();
}

function afterGrowth() {
  log.classList.toggle("is-empty", !shown);
  if (isFollowing) toLatest();
  jump.hidden = isFollowing;
  log.dispatchEvent(new CustomEvent("workings-grown"));
}

// ---------------------------------------------------------------------- asking for more

// The run whose thinking is shown while it goes on.
let grows = "";
// Which of its steps, where a run has several: the pane holds the thinking of one.
let step;
let isAsking = false;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// How often text is put there: nobody reads a long thought that fast, and laying it out costs the same each time.
function stepMilliseconds() {
  if (document.hidden) return 1000;
  return shown.length < 6000 ? 85 : shown.length < 24000 ? 150 : 250;
}

// A value tells of a time before what was asked for since: there is nothing new in it.
function isAhead(before, text) {
  return Boolean(grows) && shown.length >= before + text.length && shown.startsWith(text, before);
}

async function keepGrowing() {
  if (isAsking || typeof server === "undefined") return;
  isAsking = true;
  while (grows && element.isConnected) {
    const [asked, units] = [key, shown.length];
    let told = null;
    try {
      told = await server.grown({ run: grows, units, step });
    } catch {
      // Whoever watches the connection says so.
    }
    if (told && told.is_over && key === asked) break;
    if (told && told.text && key === asked && shown.length === units) {
      if (isFollowing) lookAtReader();
      append(told.text);
      shown += told.text;
      last = { before: shown.length, text: "" };
      afterGrowth();
      searchSoon();
    }
    await pause(told ? stepMilliseconds() : 1000);
  }
  isAsking = false;
}

function replace(text) {
  log.textContent = "";
  block = null;
  blockStarts = [];
  searchedFor = null;
  renewals += 1;
  append(text);
  // Of a long text only what can be seen is laid out.
  for (const full of [...log.children].slice(0, -1)) full.classList.add("settled");
  requestAnimationFrame(() => isFollowing && toLatest());
  shown = text;
  isFollowing = true;
  isHeld = false;
  mark("workings-here", []);
  if (isFindFromList) closeFind();
}

log.addEventListener("scroll", () => {
  lookAtReader();
  jump.hidden = isFollowing;
});
jump.addEventListener("click", () => {
  isFollowing = true;
  isHeld = false;
  jump.hidden = true;
  toLatest();
});

// Where a character of the thinking stands: a range of `length` characters from `offset` on.
function rangeAt(offset, length) {
  let at = blockStarts.length - 1;
  while (at > 0 && blockStarts[at] > offset) at -= 1;
  if (at < 0) return null;
  const range = document.createRange();
  const walker = document.createTreeWalker(log, NodeFilter.SHOW_TEXT);
  walker.currentNode = log.children[at];
  let passed = blockStarts[at];
  let hasStart = false;
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const end = passed + node.length;
    if (!hasStart && offset < end) {
      range.setStart(node, offset - passed);
      hasStart = true;
    }
    if (hasStart) {
      range.setEnd(node, Math.min(node.length, offset + length - passed));
      if (offset + length <= end) return range;
    }
    passed = end;
  }
  return hasStart ? range : null;
}

// The same for many stretches [offset, length] in the order of their offsets, in one walk. Static ranges cost nothing
// while the text grows.
function rangesOf(stretches) {
  if (!stretches.length || typeof StaticRange === "undefined") return [];
  let block = blockStarts.length - 1;
  while (block > 0 && blockStarts[block] > stretches[0][0]) block -= 1;
  const end = Math.max(...stretches.map(([offset, length]) => offset + length));
  const walker = document.createTreeWalker(log, NodeFilter.SHOW_TEXT);
  walker.currentNode = log.children[block];
  const nodes = [];
  const starts = [blockStarts[block]];
  while (starts.at(-1) < end && walker.nextNode()) {
    nodes.push(walker.currentNode);
    starts.push(starts.at(-1) + walker.currentNode.length);
  }
  let at = 0;
  return stretches.map(([offset, length]) => {
    while (at + 1 < nodes.length && starts[at + 1] <= offset) at += 1;
    let last = at;
    while (last + 1 < nodes.length && starts[last + 1] < offset + length) last += 1;
    const ends = { endContainer: nodes[last], endOffset: Math.min(nodes[last].length, offset + length - starts[last]) };
    return new StaticRange({ startContainer: nodes[at], startOffset: offset - starts[at], ...ends });
  });
}

// From which character to which the text can be seen, and so many screens before and behind.
function seen(screens = 1) {
  const blocks = log.children;
  const firstThat = (isSo) => {
    let [low, high] = [0, blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isSo(blocks[middle])) high = middle;
      else low = middle + 1;
    }
    return low < blocks.length ? blockStarts[low] : Infinity;
  };
  const from = firstThat((each) => each.offsetTop + each.offsetHeight > log.scrollTop - screens * log.clientHeight);
  return [from, firstThat((each) => each.offsetTop > log.scrollTop + (1 + screens) * log.clientHeight)];
}

function mark(name, ranges, priority) {
  workingsMark(log, name, ranges, priority);
}

function goTo(offset, length) {
  const range = rangeAt(offset, length);
  if (!range) return;
  // Something else may be shown in its place.
  log.dispatchEvent(new CustomEvent("workings-reveal", { bubbles: true }));
  isFollowing = false;
  isHeld = true;
  jump.hidden = false;
  mark("workings-here", [range], 1);
  bringIntoSight(range, 3);
}

function bringIntoSight(range, tries) {
  const frame = log.getBoundingClientRect();
  log.scrollTop += range.getBoundingClientRect().top - frame.top - log.clientHeight / 4;
  scrolledTo = log.scrollTop;
  // The question box, and what stands above it, cover the end of the window.
  const covers = [...document.querySelectorAll("#composer, .covers")].filter((each) => each.offsetParent !== null);
  const free = Math.min(window.innerHeight, ...covers.map((each) => each.getBoundingClientRect().top));
  const place = range.getBoundingClientRect();
  if (place.bottom + 24 > free) window.scrollBy(0, place.bottom + 24 - free);
  else if (place.top < 24) window.scrollBy(0, place.top - 24);
  // What had not been drawn has another height than was thought.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const [now, edge] = [range.getBoundingClientRect(), log.getBoundingClientRect()];
    if (isHeld && tries > 0 && (now.top < edge.top || now.bottom > edge.bottom)) bringIntoSight(range, tries - 1);
  }));
}

log.workingsPane = {
  rangesOf,
  seen,
  goTo,
  // What the text is of: the key that it came under, how often it was put there anew, its UTF-16 units.
  state: () => ({ key, renewals, length: shown.length }),
};

// Places come in characters; a browser's texts have two units for those beyond the basic plane (emoji, some letters).
function unitsOf(characters) {
  let units = 0;
  for (let left = characters; left > 0 && units < shown.length; left -= 1) units += shown.codePointAt(units) > 0xffff ? 2 : 1;
  return units;
}

log.addEventListener("workings-go-to", (event) => {
  const offset = unitsOf(event.detail);
  const end = shown.indexOf("\n", offset + 1);
  goTo(offset, Math.min(end < 0 ? shown.length : end, offset + 400) - offset);
});

// Find: hits are counted in the whole text; those near what can be seen are tinted.
const find = element.querySelector(".find");
const query = find.querySelector("input");
const hitsOut = find.querySelector(".hits");
let hits = [];
let hit = -1;
// The field is open because a search in the list of runs led here: it goes with the run.
let isFindFromList = false;

// How far the text has been searched, and for what: what grows is searched once.
let searched = 0;
let searchedFor = null;

function search() {
  const wanted = query.value.toLowerCase();
  if (wanted !== searchedFor || shown.length < searched) {
    [hits, searched, searchedFor] = [[], 0, wanted];
  }
  if (wanted) {
    // A hit may begin before the end of what was there, but not within the last one.
    const from = Math.max(searched - wanted.length + 1, hits.length ? hits.at(-1) + wanted.length : 0);
    const text = shown.slice(from).toLowerCase();
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) hits.push(from + at);
  }
  searched = shown.length;
  hit = Math.min(hit, hits.length - 1);
  hitsOut.textContent = wanted ? workingsSay(hits.length ? `${hit + 1} of ${hits.length}` : "none") : "";
  tintHits();
  if (!hits.length) mark("workings-here", []);
}

// The browser looks at every range again whenever the text grows, so there are only as many as can nearly be seen.
function tintHits() {
  const [from, to] = seen();
  mark("workings-hits", rangesOf(hits.filter((at) => at >= from && at < to).map((at) => [at, query.value.length])));
}

let isTintDue = false;
log.addEventListener("scroll", () => {
  if (isTintDue || !hits.length) return;
  isTintDue = true;
  requestAnimationFrame(() => {
    isTintDue = false;
    tintHits();
  });
});

function toHit(step) {
  if (!hits.length) return;
  hit = (hit + step + hits.length) % hits.length;
  hitsOut.textContent = workingsSay(`${hit + 1} of ${hits.length}`);
  goTo(hits[hit], query.value.length);
}

function closeFind() {
  isFindFromList = false;
  query.value = "";
  search();
  find.hidden = true;
}

query.addEventListener("input", () => {
  hit = -1;
  search();
  toHit(1);
});
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    toHit(event.shiftKey ? -1 : 1);
  } else if (event.key === "Escape") {
    event.preventDefault();
    closeFind();
  }
});
find.querySelector(".before").addEventListener("click", () => toHit(-1));
find.querySelector(".next").addEventListener("click", () => toHit(1));
element.addEventListener("workings-find", (event) => {
  const words = event.detail && event.detail.words;
  if (words) {
    // A search in the list of runs led here: the first of its words that stand in this thinking.
    const text = shown.toLowerCase();
    isFindFromList = true;
    query.value = words.find((each) => text.includes(each.toLowerCase())) || words[0] || "";
    find.hidden = false;
    hit = -1;
    search();
    toHit(1);
    return;
  }
  find.hidden = !find.hidden;
  if (!find.hidden) query.focus();
});
// New text may hold new hits; counting them is cheap, but not at every piece.
let isSearchDue = false;
function searchSoon() {
  if (isSearchDue || find.hidden || !query.value) return;
  isSearchDue = true;
  setTimeout(() => {
    isSearchDue = false;
    search();
  }, 1000);
}

watch("value", searchSoon);
watch("value", sync);
sync();
