// The last hour as a curve: entries as an area, refusals as bars, one step a minute. Drawn as SVG, sized to its element.

const SPACE = "http://www.w3.org/2000/svg";
const BOTTOM = 22;
const TOP = 8;
const LEFT = 34;

function shape(name, attributes, text) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// A round number at or above `most`, so that the scale doesn't jump at every scan.
export function scaleTop(most) {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((top) => top >= most);
}

export function drawCurve(svg, { entries, refusals, label, texts }) {
  const { width, height } = svg.getBoundingClientRect();
  if (width === 0) return;
  const top = scaleTop(Math.max(...entries, ...refusals));
  const inner = { width: width - LEFT, height: height - BOTTOM - TOP };
  const x = (minute) => LEFT + (minute / (entries.length - 1)) * inner.width;
  const y = (n) => TOP + inner.height * (1 - n / top);
  const parts = [];
  for (const n of [0, top / 2, top]) {
    parts.push(shape("line", { class: "grid", x1: LEFT, x2: width, y1: y(n), y2: y(n) }));
    parts.push(shape("text", { x: LEFT - 8, y: y(n) + 4, "text-anchor": "end" }, String(n)));
  }
  const points = entries.map((n, minute) => `${x(minute).toFixed(1)},${y(n).toFixed(1)}`);
  parts.push(shape("path", { class: "area", d: `M${x(0)},${y(0)}L${points.join("L")}L${x(entries.length - 1)},${y(0)}Z` }));
  parts.push(shape("path", { class: "line", d: `M${points.join("L")}` }));
  const bar = Math.max((inner.width / entries.length) * 0.5, 2);
  refusals.forEach((n, minute) => {
    if (n > 0) {
      const at = Math.min(Math.max(x(minute) - bar / 2, LEFT), width - bar);
      parts.push(shape("rect", { class: "refusal", x: at, y: y(n), width: bar, height: y(0) - y(n), rx: 1 }));
    }
  });
  for (const [minute, anchor] of [[0, "start"], [30, "middle"], [entries.length - 1, "end"]]) {
    const ago = entries.length - minute;
    const text = anchor === "end" ? texts["staff.now"] : texts["staff.minutes_ago"].replace("{minutes}", String(ago));
    parts.push(shape("text", { x: x(minute), y: height - 4, "text-anchor": anchor }, text));
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-label", label);
  svg.replaceChildren(...parts);
}
