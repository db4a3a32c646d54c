// A text that grows in, shown out: in blocks of whole lines, so that a piece more costs as little behind a hundred thousand
// characters as behind a hundred.
const BENCH_BLOCK_CHARACTERS = 4000;

function benchText(view) {
  let known = "";
  let last = null;

  function add(words) {
    if (!words) return;
    known += words;
    let left = words;
    while (left) {
      if (!last) {
        last = workingsNode("div", "block", "");
        last.append("");
        view.append(last);
      }
      const node = last.firstChild;
      // Behind the end of a line; one that stands alone would be lost at the end of a block.
      const from = Math.max(0, BENCH_BLOCK_CHARACTERS - node.length);
      const end = left.slice(from).search(/[^\n]\n/);
      if (end < 0 || node.length + left.length <= BENCH_BLOCK_CHARACTERS) {
        node.appendData(left);
        return;
      }
      node.appendData(left.slice(0, from + end + 1));
      left = left.slice(from + end + 2);
      last = null;
    }
  }

  return {
    add,
    // What is there already stays as it is, and with it a selection.
    set(words) {
      if (words.startsWith(known)) {
        add(words.slice(known.length));
        return;
      }
      view.replaceChildren();
      [known, last] = ["", null];
      add(words);
    },
    get isEmpty() {
      return !known;
    },
  };
}

// Keeps the end of what grows in sight, if it was.
function benchFollowing(view, grow) {
  const isAtEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 40;
  grow();
  if (isAtEnd) view.scrollTop = view.scrollHeight;
}
