// Scores in, what shows them out: figures, the measured bar beside the published ones, the curve over thinking budgets.
const BENCH_SVG = "http://www.w3.org/2000/svg";

function benchPercent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)}%`;
}

// What a list was drawn from: it is drawn anew only when that is new, so that a selection in it stays.
function benchIsNew(list, value) {
  const key = JSON.stringify(value);
  if (list.dataset.drawn === key) return false;
  list.dataset.drawn = key;
  return true;
}

// Bars are [{label, share, low, high, kind, note}]; `low` and `high` are null where no interval is known.
function benchBars(list, bars) {
  if (benchIsNew(list, bars)) list.replaceChildren(...bars.map(benchBar));
}

function benchBar({ label, share, low, high, kind, note }) {
  const item = workingsNode("li", `bar ${kind}`);
  const name = workingsNode("span", "bar-name", workingsSay(label));
  const track = workingsNode("span", "track");
  const fill = workingsNode("span", "fill");
  fill.style.width = `${100 * Math.max(0, Math.min(1, share))}%`;
  track.append(fill);
  if (low !== null && low !== undefined) {
    const whisker = workingsNode("span", "whisker");
    whisker.style.left = `${100 * low}%`;
    whisker.style.width = `${100 * (high - low)}%`;
    track.append(whisker);
  }
  track.setAttribute("aria-hidden", "true");
  item.append(name, track, workingsNode("span", "bar-share", benchPercent(share)));
  // What was done otherwise comes in several parts.
  if (note) item.append(workingsNode("span", "bar-note", note.split("; ").map(workingsSay).join("; ")));
  return item;
}

// Figures are [[what, value, how it is meant]].
function benchFigures(list, figures) {
  if (!benchIsNew(list, figures)) return;
  list.replaceChildren(
    ...figures.map(([what, value, meaning]) => {
      const entry = workingsNode("div", "");
      const term = workingsNode("dt", "", workingsSay(what));
      if (meaning) term.title = workingsSay(meaning);
      entry.append(term, workingsNode("dd", "", workingsSay(value)));
      return entry;
    }),
  );
}

function benchShape(name, attributes, words) {
  const node = document.createElementNS(BENCH_SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  if (words !== undefined) node.textContent = words;
  return node;
}

// A curve is {points: [{budget, share, low, high}], best}; budgets in thinking tokens, drawn on a scale of doublings.
function benchCurve(plot, { points = [], best = null }) {
  // As wide as there is room, so that its words are as large on a phone.
  const width = Math.max(300, Math.min(720, plot.parentElement.clientWidth || 720));
  if (!benchIsNew(plot, [points, best, width])) return;
  plot.replaceChildren();
  if (!points.length) return;
  const [height, left, bottom, top, right] = [260, 44, 48, 14, 24];
  const drawn = benchShape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const highest = Math.max(...points.map((point) => point.high ?? point.share));
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25].find((each) => each * 4 >= highest) || 0.25;
  const most = step * 4;
  const places = points.map((point) => Math.log2(point.budget + 64));
  const [low, high] = [Math.min(...places), Math.max(...places)];
  const x = (at) => left + ((width - left - right) * (places[at] - low)) / (high - low || 1);
  const y = (share) => top + (height - top - bottom) * (1 - share / most);
  for (let line = 0; line <= 4; line += 1) {
    const share = (most * line) / 4;
    drawn.append(benchShape("line", { class: "grid", x1: left, x2: width - right, y1: y(share), y2: y(share) }));
    drawn.append(benchShape("text", { class: "axis", x: left - 8, y: y(share) + 4, "text-anchor": "end" }, benchPercent(share, 0)));
  }
  const upper = points.map((point, at) => `${x(at)},${y(point.high ?? point.share)}`);
  const lower = points.map((point, at) => `${x(at)},${y(point.low ?? point.share)}`).reverse();
  drawn.append(benchShape("polygon", { class: "band", points: [...upper, ...lower].join(" ") }));
  drawn.append(benchShape("polyline", { class: "line", points: points.map((point, at) => `${x(at)},${y(point.share)}`).join(" ") }));
  points.forEach((point, at) => {
    const dot = benchShape("circle", { class: point.budget === best ? "dot best" : "dot", cx: x(at), cy: y(point.share), r: point.budget === best ? 6 : 4 });
    dot.append(benchShape("title", {}, `${point.budget.toLocaleString("en")}: ${benchPercent(point.share)} (${benchPercent(point.low ?? point.share)} – ${benchPercent(point.high ?? point.share)})`));
    drawn.append(dot);
    drawn.append(benchShape("text", { class: "axis", x: x(at), y: height - bottom + 18, "text-anchor": "middle" }, point.budget.toLocaleString("en")));
  });
  drawn.append(benchShape("text", { class: "axis", x: (left + width) / 2, y: height - 6, "text-anchor": "middle" }, workingsSay("Thinking tokens")));
  drawn.setAttribute("aria-label", points.map((point) => `${point.budget}: ${benchPercent(point.share)}`).join(", "));
  plot.append(drawn);
}
