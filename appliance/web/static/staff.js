// The staff page: puts each new state into the page. Texts from the roster and the network are text, never markup.

import { live, showLiveness } from "/shared/live.js";
import { drawCurve } from "./curve.js";
import { boxLines, alarms } from "./box.js";
import { makeTelling } from "./telling.js";

const texts = JSON.parse(document.body.dataset.texts);
const language = document.documentElement.lang;
const telling = makeTelling(texts, language, document.body.dataset.timezone);
const { say, number, clock } = telling;
const element = (id) => document.getElementById(id);
const drawn = new Map(); // seq -> { line, looks }
let newest = null;
let lastState = null;

const KIND_OF_REASON = {
  already_redeemed: "used",
  full: "wait",
  closed: "wait",
  invalid_time: "wait",
  invalid: "refused",
  revoked: "refused",
  canceled: "refused",
  blocked: "refused",
};
const KIND_OF_ROW = { entry: "admitted", exit: "exit", annulment: "wait", settlement: "staff", other: "staff" };

function make(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

function showInside({ counts, capacity }) {
  element("occupancy").textContent = number(counts.occupancy);
  element("capacity").textContent = capacity === null ? "" : say("staff.of_capacity", { capacity: number(capacity) });
  const bar = element("capacity-bar");
  const free = element("free");
  bar.hidden = capacity === null;
  if (capacity === null) {
    free.textContent = "";
    return;
  }
  const left = capacity - counts.occupancy;
  const share = capacity > 0 ? counts.occupancy / capacity : 1;
  const state = left <= 0 ? "bad" : share >= 0.9 ? "warn" : "good";
  bar.firstElementChild.style.width = `${Math.min(share, 1) * 100}%`;
  bar.dataset.state = state;
  free.dataset.state = state;
  if (left > 0) free.textContent = say("staff.free", { free: number(left) });
  else free.textContent = left === 0 ? texts["staff.full"] : say("staff.over", { over: number(-left) });
  bar.setAttribute("aria-label", `${number(counts.occupancy)} ${say("staff.of_capacity", { capacity: number(capacity) })}`);
}

function showSums({ counts }) {
  for (const what of ["attendance", "entries", "exits", "refused"]) element(what).textContent = number(counts[what]);
  const refusals = Object.entries(counts.refusals).slice(0, 3);
  element("refusals").replaceChildren(
    ...refusals.map(([reason, n]) => make("span", "", `${texts[`reason.${reason}`] ?? reason} ${number(n)}`)),
  );
}

function showCurve({ entries, refusals, rate }) {
  element("rate").textContent = number(rate);
  if (entries.length === 0) return;
  const label = say("staff.curve", { most: number(Math.max(...entries)) });
  drawCurve(element("curve"), { entries, refusals, label, texts });
}

function scanLine(scan) {
  const kind = scan.kind === "refusal" ? (KIND_OF_REASON[scan.reason] ?? "staff") : KIND_OF_ROW[scan.kind];
  const line = make("li", scan.undone ? "undone" : "");
  line.dataset.kind = kind;
  line.dataset.seq = scan.seq;
  const reason = texts[`reason.${scan.reason}`] ?? scan.reason;
  const name = make("bdi", "", scan.name || scan.ticket || reason || "–");
  const who = make("div", "who-came", name);
  const beside = [scan.name ? scan.ticket : "", scan.product ?? ""].filter(Boolean).join(" · ");
  if (beside) who.append(" ", make("span", "ticket", beside));
  const why = make("div", "why");
  if (scan.kind === "refusal") {
    if (scan.ticket) why.append(make("b", "", reason), " — ");
    why.append(texts[`reason.${scan.reason}_do`] ?? "");
  } else {
    const words = { entry: "staff.admitted", exit: "staff.left", annulment: "staff.undone", settlement: "staff.settled" };
    who.append(" ", make("span", "what", texts[words[scan.kind] ?? "staff.other"]));
  }
  for (const mark of marks(scan)) why.append(why.childNodes.length > 0 ? " · " : "", make("b", "", mark));
  const gate = make("small", "", make("bdi", "", scan.gate));
  line.append(icon(kind), make("div", "", who, why), make("div", "when", make("time", "", clock(scan.at)), gate));
  return line;
}

function marks(scan) {
  const found = [];
  if ((scan.times ?? 1) > 1) found.push(say("staff.times", { n: number(scan.times) }));
  if (scan.override) found.push(texts["staff.override"]);
  if (scan.unverified) found.push(texts["staff.unverified"]);
  if (scan.undone) found.push(texts["staff.undone"]);
  return found;
}

function showScans({ scans }) {
  element("no-scans").hidden = scans.length > 0;
  const lines = scans.map((scan) => {
    const looks = JSON.stringify(scan);
    const old = drawn.get(scan.seq);
    if (old?.looks === looks) return old.line;
    const line = scanLine(scan);
    if (newest !== null && scan.seq > newest) line.classList.add("fresh");
    drawn.set(scan.seq, { line, looks });
    return line;
  });
  newest = Math.max(newest ?? 0, ...scans.map(({ seq }) => seq));
  const shown = new Set(scans.map(({ seq }) => seq));
  for (const seq of drawn.keys()) if (!shown.has(seq)) drawn.delete(seq);
  const list = element("scans");
  if (list.children.length !== lines.length || lines.some((line, i) => list.children[i] !== line)) list.replaceChildren(...lines);
}

function showGates({ gates }) {
  element("gates-table").hidden = gates.length === 0;
  element("no-gates").hidden = gates.length > 0;
  element("gates").replaceChildren(
    ...gates.map((gate) =>
      make(
        "tr",
        "",
        make("td", "", make("bdi", "", gate.gate)),
        ...[gate.entries, gate.exits, gate.refused].map((n) => make("td", "number", number(n))),
      ),
    ),
  );
}

function showBox(state) {
  element("box").replaceChildren(
    ...boxLines(state, telling).map(({ what, state: how, word, more, rows }) => {
      const line = make("div", "", make("div", "line", make("dt", "", make("bdi", "", what)), word ? pill(how, word) : ""));
      if (rows) line.append(make("dd", "rows", ...rows.map(([label, n]) => make("span", "", make("b", "", number(n)), label))));
      for (const text of more ?? []) line.append(make("dd", "", text));
      return line;
    }),
  );
}

function pill(how, word) {
  const made = make("span", "state", word);
  made.dataset.state = how;
  return made;
}

function showAlarms(state) {
  const lines = alarms(state, telling).map(({ state: how, text }) => {
    const line = make("li", "", make("span", "", text));
    line.dataset.state = how;
    return line;
  });
  element("alarms").hidden = lines.length === 0;
  if (element("alarms").textContent !== lines.map((line) => line.textContent).join("")) element("alarms").replaceChildren(...lines);
}

function show(state) {
  lastState = state;
  showInside(state);
  showSums(state);
  showCurve(state);
  showScans(state);
  showGates(state);
  showBox(state);
  showAlarms(state);
}

new ResizeObserver(() => lastState && showCurve(lastState)).observe(element("curve"));
live({
  events: "/events",
  poll: "/state.json",
  onState: show,
  onLiveness: showLiveness(element("liveness"), texts, language),
  whileHidden: false,
});
