// Charts in, drawn out: one figure each, with its series in a list that says their values at one step, the same in all.
// A chart is {title, unit, series: [{label, points: [[step, value]]}]}; the unit is "share", "tokens" or "number".
const TRAINING_HEIGHT = 190;
const [TRAINING_LEFT, TRAINING_RIGHT, TRAINING_TOP, TRAINING_BOTTOM] = [52, 12, 10, 26];

function trainingValue(value, unit) {
  if (value === undefined) return "–";
  if (unit === "share") return benchPercent(value);
  if (unit === "tokens") return Math.round(value).toLocaleString("en");
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 || !value ? 2 : Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(digits);
}

// Round numbers from the lowest to the highest, about `n` of them, with both ends inside.
function trainingTicks(low, high, n) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

// A tick has as many digits as its distance from the next one asks for.
function trainingTickText(value, step, unit) {
  if (unit === "share") return `${(100 * value).toFixed(step < 0.01 ? 1 : 0)}%`;
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9))));
}

// The value of a series at a step: that of the last point up to it.
function trainingAt(points, step) {
  let value;
  for (const [each, there] of points) {
    if (each > step) break;
    value = there;
  }
  return value;
}

function trainingCharts(frame, onStep) {
  let [charts, figures, steps, at] = [[], [], [], 0];

  function show(newCharts) {
    const wasLast = at >= steps.length - 1;
    charts = newCharts;
    steps = [...new Set(charts.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([step]) => step))))].sort((a, b) => a - b);
    at = wasLast ? Math.max(0, steps.length - 1) : Math.min(at, steps.length - 1);
    const names = JSON.stringify(charts.map(({ title, series }) => [title, series.map(({ label }) => label)]));
    // The figures stay where they are the same, so that only what is in them is drawn again.
    if (frame.dataset.drawn !== names) {
      frame.dataset.drawn = names;
      figures = charts.map(newFigure);
      frame.replaceChildren(...figures.map(({ node }) => node));
    }
    draw();
  }

  function newFigure({ title, series }) {
    const node = workingsNode("figure", "chart");
    const [caption, plot, key] = [workingsNode("figcaption", "", workingsSay(title)), workingsNode("div", "lines"), workingsNode("ul", "key")];
    const values = series.map(({ label }, place) => {
      const item = workingsNode("li", `series-${place % 8}`);
      const value = workingsNode("b", "");
      const swatch = workingsNode("span", "swatch");
      swatch.setAttribute("aria-hidden", "true");
      item.append(swatch, workingsNode("span", "name", workingsSay(label)), value);
      key.append(item);
      return value;
    });
    node.append(caption, plot, key);
    return { node, plot, values, mark: null, x: null };
  }

  function draw() {
    charts.forEach((chart, place) => drawOne(chart, figures[place]));
    showStep();
  }

  function drawOne({ title, unit, series }, figure) {
    // As wide as there is room, so that its words are as large on a phone.
    const width = Math.max(240, figure.plot.clientWidth || 320);
    const [right, bottom] = [width - TRAINING_RIGHT, TRAINING_HEIGHT - TRAINING_BOTTOM];
    const values = series.flatMap(({ points }) => points.map(([, value]) => value));
    const lowest = Math.min(...values, unit === "number" ? Infinity : 0);
    const ticks = trainingTicks(lowest, Math.max(...values), 5);
    const [low, high, first, last] = [ticks[0], ticks.at(-1), steps[0], steps.at(-1)];
    const x = (step) => TRAINING_LEFT + ((right - TRAINING_LEFT) * (step - first)) / (last - first || 1);
    const y = (value) => TRAINING_TOP + ((bottom - TRAINING_TOP) * (high - value)) / (high - low);
    const drawn = benchShape("svg", { viewBox: `0 0 ${width} ${TRAINING_HEIGHT}`, width, height: TRAINING_HEIGHT, role: "img" });
    for (const tick of ticks) {
      drawn.append(benchShape("line", { class: "grid", x1: TRAINING_LEFT, x2: right, y1: y(tick), y2: y(tick) }));
      drawn.append(benchShape("text", { class: "axis", x: TRAINING_LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, trainingTickText(tick, ticks[1] - ticks[0], unit)));
    }
    for (const step of new Set([first, last])) {
      const words = step.toLocaleString("en");
      drawn.append(benchShape("text", { class: "axis", x: x(step), y: TRAINING_HEIGHT - 6, "text-anchor": step === first ? "start" : "end" }, words));
    }
    // The first series is drawn over the others.
    [...series.entries()].reverse().forEach(([place, { points }]) => {
      const line = `line series-${place % 8}`;
      drawn.append(benchShape("polyline", { class: line, points: points.map(([step, value]) => `${x(step)},${y(value)}`).join(" ") }));
      if (points.length > 12) return;
      for (const [step, value] of points) drawn.append(benchShape("circle", { class: `dot series-${place % 8}`, cx: x(step), cy: y(value), r: 3 }));
    });
    figure.mark = benchShape("line", { class: "mark", y1: TRAINING_TOP, y2: bottom });
    drawn.append(figure.mark);
    figure.x = x;
    figure.plot.onpointermove = (event) => goTo(nearest(event.clientX - figure.plot.getBoundingClientRect().left, x));
    figure.plot.onpointerleave = () => goTo(steps.length - 1);
    const told = series.map(({ label, points }) => {
      const [from, to] = [points[0], points.at(-1)].map(([, value]) => trainingValue(value, unit));
      return `${workingsSay(label)}: ${from} → ${to}`;
    });
    drawn.setAttribute("aria-label", `${workingsSay(title)}. ${told.join(", ")}`);
    figure.plot.replaceChildren(drawn);
  }

  function nearest(place, x) {
    const distances = steps.map((step) => Math.abs(x(step) - place));
    return distances.indexOf(Math.min(...distances));
  }

  function goTo(place) {
    at = Math.max(0, Math.min(steps.length - 1, place));
    showStep();
  }

  function showStep() {
    const step = steps[at];
    const isLast = at >= steps.length - 1;
    charts.forEach(({ series, unit }, place) => {
      const { values, mark, x } = figures[place];
      series.forEach(({ points }, each) => workingsSet(values[each], trainingValue(trainingAt(points, step), unit)));
      mark.style.display = isLast ? "none" : "";
      for (const end of ["x1", "x2"]) mark.setAttribute(end, String(x(step)));
    });
    onStep(steps, at);
  }

  let width = 0;
  new ResizeObserver(() => {
    if (frame.clientWidth === width || !charts.length) return;
    width = frame.clientWidth;
    draw();
  }).observe(frame);
  return { show, goTo };
}
