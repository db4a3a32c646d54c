// `props.value` {key, before, text} in, text appended to the pane out: `text` is the thinking so far from its UTF-16 unit
// `before` on, and what is before it came earlier under the same key. Text only: nothing here reads markup. `select` asks
// for all of it.
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
let scrolledTo = 0;

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
  if (log.scrollTop < scrolledTo - 2 && !isAtEnd) isFollowing = false;
  if (isAtEnd) isFollowing = true;
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
  key = value.key || "";
  const known = before < last.before ? shown.slice(before) : last.text.slice(before - last.before);
  if (shown && text.startsWith(known)) {
    const grown = text.slice(known.length);
    append(grown);
    shown += grown;
  } else if (shown || text) {
    replace(shown.slice(0, before) + text);
  }
  last = { before, text };
  log.classList.toggle("is-empty", !shown);
  if (isFollowing) toLatest();
  jump.hidden = isFollowing;
}

function replace(text) {
  log.textContent = "";
  block = null;
  blockStarts = [];
  searchedFor = null;
  append(text);
  // Of a long text only what can be seen is laid out.
  for (const full of [...log.children].slice(0, -1)) full.classList.add("settled");
  requestAnimationFrame(() => isFollowing && toLatest());
  shown = text;
  isFollowing = true;
  if (isFindFromList) closeFind();
}

log.addEventListener("scroll", () => {
  lookAtReader();
  jump.hidden = isFollowing;
});
jump.addEventListener("click", () => {
  isFollowing = true;
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

function mark(name, ranges) {
  if (typeof CSS === "undefined" || !CSS.highlights) return;
  if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges));
  else CSS.highlights.delete(name);
}

function goTo(offset, length) {
  const range = rangeAt(offset, length);
  if (!range) return;
  isFollowing = false;
  jump.hidden = false;
  const place = range.getBoundingClientRect();
  log.scrollTop += place.top - log.getBoundingClientRect().top - log.clientHeight / 4;
  scrolledTo = log.scrollTop;
  mark("workings-here", [range]);
}

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
  const blocks = [...log.children];
  const first = blocks.findIndex((each) => each.offsetTop + each.offsetHeight > log.scrollTop - log.clientHeight);
  const end = blocks.findIndex((each) => each.offsetTop > log.scrollTop + 2 * log.clientHeight);
  const from = first < 0 ? Infinity : blockStarts[first];
  const to = end < 0 ? Infinity : blockStarts[end];
  const ranges = hits.filter((at) => at >= from && at < to).map((at) => rangeAt(at, query.value.length));
  mark("workings-hits", typeof StaticRange === "undefined" ? [] : ranges.filter(Boolean).map((range) => new StaticRange(range)));
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
