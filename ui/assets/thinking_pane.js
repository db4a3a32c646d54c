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
watch("value", sync);
sync();
