// `props.value` (the whole thinking so far) in, text appended to the pane out. Text only: nothing here reads markup.
const log = element.querySelector(".log");
const jump = element.querySelector(".jump");
// One block of about this many characters is laid out again for each piece; the blocks before it are left alone.
const BLOCK_CHARACTERS = 3000;
let shown = "";
let block = null;
let blockLength = 0;
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

function sync() {
  // Scroll events come late: without a look first, new text would pull back a reader who has just scrolled up.
  if (isFollowing) lookAtReader();
  const value = props.value || "";
  const length = shown.length;
  const isLonger = value.length >= length && value.slice(Math.max(0, length - 64), length) === shown.slice(-64);
  if (isLonger && length) {
    append(value.slice(length));
  } else if (value !== shown) {
    log.textContent = "";
    block = null;
    append(value);
    isFollowing = true;
    if (isFindFromList) closeFind();
  }
  shown = value;
  log.classList.toggle("is-empty", !value);
  if (isFollowing) toLatest();
  jump.hidden = isFollowing;
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
  let passed = 0;
  for (const child of log.children) {
    const size = child.textContent.length;
    if (offset >= passed + size) {
      passed += size;
      continue;
    }
    const range = document.createRange();
    const walker = document.createTreeWalker(child, NodeFilter.SHOW_TEXT);
    let hasStart = false;
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const end = passed + node.length;
      if (!hasStart && offset < end) {
        range.setStart(node, offset - passed);
        hasStart = true;
      }
      if (hasStart) {
        range.setEnd(node, Math.min(node.length, Math.max(0, offset + length - passed)));
        if (offset + length <= end) return range;
      }
      passed = end;
    }
    return hasStart ? range : null;
  }
  return null;
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

// Find: hits are counted in the whole text; at most this many are tinted.
const MOST_TINTED = 400;
const find = element.querySelector(".find");
const query = find.querySelector("input");
const hitsOut = find.querySelector(".hits");
let hits = [];
let hit = -1;
// The field is open because a search in the list of runs led here: it goes with the run.
let isFindFromList = false;

function search() {
  const wanted = query.value.toLowerCase();
  hits = [];
  if (wanted) {
    const text = shown.toLowerCase();
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) hits.push(at);
  }
  hit = Math.min(hit, hits.length - 1);
  hitsOut.textContent = wanted ? workingsSay(hits.length ? `${hit + 1} of ${hits.length}` : "none") : "";
  mark("workings-hits", hits.slice(0, MOST_TINTED).map((at) => rangeAt(at, wanted.length)).filter(Boolean));
  if (!hits.length) mark("workings-here", []);
}

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
