// One hub's card, drawn anew from a state. Every text from a hub is text, never markup.

import { make, stated } from "./telling.js";

// The server calls a hub silent after 8 s; a page that hears nothing any more does so by itself.
const SILENT_SECONDS = 9.5;
const PILLS = { live: "good", silent: "warn", stopped: "warn", offline: "bad" };

export function older(age, elapsed) {
  return age === null ? null : age + elapsed;
}

export function stateNow(hub, elapsed) {
  const age = older(hub.age, elapsed);
  return hub.state === "live" && hub.source === "snapshot" && (age === null || age > SILENT_SECONDS) ? "silent" : hub.state;
}

export function fillCard(card, hub, elapsed, telling) {
  const { say, texts } = telling;
  const state = stateNow(hub, elapsed);
  const open = card.querySelector("details")?.open ?? false;
  card.dataset.state = state;
  card.classList.toggle("old", state !== "live");
  const pill = stated(PILLS[state], make("span", "state", texts[`board.state.${state}`]));
  const parts = [make("header", "", make("h2", "", make("bdi", "", hub.name)), pill, make("p", "age", asOf(hub, elapsed, telling)))];
  if (hub.figures) parts.push(inside(hub, telling), sums(hub.figures, telling));
  parts.push(compared(hub, elapsed, telling), delivery(hub, telling), more(hub, elapsed, telling, open));
  card.replaceChildren(...parts);

  function asOf() {
    if (hub.source === "none") return texts["board.no_figures"];
    if (hub.source === "rows") return texts["board.from_rows"];
    return say("board.as_of", { age: telling.age(older(hub.age, elapsed)) });
  }
}

function inside({ figures }, { number, say, texts }) {
  const { occupancy, capacity } = figures;
  const beside = capacity === null ? null : make("small", "", ` ${say("board.of_capacity", { capacity: number(capacity) })}`);
  const made = make("div", "inside", make("dl", "figure", make("dt", "", texts["board.inside"]), make("dd", "", number(occupancy), beside)));
  if (capacity !== null) {
    const share = capacity > 0 ? occupancy / capacity : 1;
    const bar = stated(share >= 1 ? "bad" : share >= 0.9 ? "warn" : "good", make("div", "capacity-bar", make("i")));
    bar.firstElementChild.style.width = `${Math.min(share, 1) * 100}%`;
    made.append(bar);
  }
  return made;
}

function sums(figures, { number, texts }) {
  const one = (key, n) => make("dl", "figure", make("dt", "", texts[key]), make("dd", "", number(n)));
  return make(
    "div",
    "sums",
    one("board.attendance", figures.attendance),
    one("board.entries", figures.entries),
    one("board.exits", figures.exits),
    one("board.refused", figures.refused),
  );
}

function compared({ comparison, counted, source }, elapsed, { number, say, texts, age }) {
  if (comparison === null) return make("p", "compare", make("span", "", texts["board.compare.none"]));
  const { outcome, text, rows } = comparison;
  const line = make("p", "compare", make("span", "", say(`board.compare.${outcome}`, { rows: number(rows), text })));
  stated({ equal: "good", different: "bad" }[outcome] ?? "", line);
  if (outcome === "different") line.append(make("small", "", text));
  if (outcome !== "equal" && source === "snapshot") {
    const here = { occupancy: number(counted.occupancy), attendance: number(counted.attendance) };
    line.append(make("small", "", say("board.counted_here", here)));
  }
  line.append(make("small", "", age(comparison.age + elapsed)));
  return line;
}

function delivery(hub, { number, texts }) {
  const made = make("dl", "delivery");
  const add = (key, n, state) =>
    made.append(stated(state, make("div", "", make("dt", "", texts[key]), make("dd", "", number(n)))));
  add("board.rows", hub.rows, "");
  add("board.waiting", hub.waiting, hub.waiting > 0 ? "warn" : "");
  for (const [key, n, state] of [
    ["board.missing", hub.missing, "warn"],
    ["board.refused_rows", hub.refused_rows, "bad"],
    ["board.conflicting_rows", hub.conflicting_rows, "bad"],
    ["board.unknown_rows", hub.unknown_rows, "warn"],
    ["board.conflicts", hub.figures?.conflicts, "warn"],
    ["board.unverified", hub.figures?.unverified, ""],
  ]) {
    if (n) add(key, n, state);
  }
  return made;
}

function more(hub, elapsed, telling, open) {
  const { texts, say, number } = telling;
  const figures = hub.figures;
  const made = make("details", "", make("summary", "", details(hub, texts)));
  const within = make("div");
  made.open = open;
  if (figures?.gates.length) {
    const rows = figures.gates.map((gate) => [gate.name, gate.entries, gate.exits]);
    within.append(table(["board.gate", "board.entries", "board.exits"], rows, figures.more_gates, telling));
  }
  if (figures && figures.lists.length > 1) {
    const rows = figures.lists.map((list) => [list.name, list.occupancy, list.attendance]);
    within.append(table(["board.list", "board.inside", "board.attendance"], rows, figures.more_lists, telling));
  }
  const refusals = Object.entries(figures?.refusals ?? {});
  if (refusals.length) {
    const rows = refusals.map(([reason, n]) => [texts[`reason.${reason}`] ?? reason, n]);
    within.append(table(["board.why_refused", "board.refused"], rows, 0, telling));
  }
  if (hub.nodes.length) {
    const lines = hub.nodes.map((node) => nodeLine(node, elapsed, telling));
    if (hub.more_nodes) lines.push(make("li", "more", say("board.more", { n: number(hub.more_nodes) })));
    within.append(make("ul", "nodes", ...lines));
  }
  made.append(within);
  return within.childElementCount ? made : null;
}

function details(hub, texts) {
  const names = [];
  if (hub.figures?.gates.length) names.push(texts["board.gates"]);
  if (Object.keys(hub.figures?.refusals ?? {}).length) names.push(texts["board.why_refused"]);
  if (hub.nodes.length) names.push(texts["board.nodes"]);
  return names.join(" · ");
}

function table(heads, rows, more, { texts, number, say }) {
  const head = make("tr", "", ...heads.map((key, i) => make("th", i ? "number" : "", texts[key])));
  const lines = rows.map(([name, ...figures]) =>
    make("tr", "", make("td", "", make("bdi", "", name)), ...figures.map((n) => make("td", "number", number(n)))),
  );
  if (more) lines.push(make("tr", "", make("td", "more", say("board.more", { n: number(more) }))));
  return make("table", "", make("thead", "", head), make("tbody", "", ...lines));
}

function nodeLine(node, elapsed, { texts, age }) {
  const pill = make("span", "state", texts[`board.node.${node.state}`] ?? node.state);
  stated({ online: "good", stopped: "warn", offline: "bad" }[node.state] ?? "", pill);
  const beside = [node.roles.join(", "), node.version, age(older(node.age, elapsed))].filter(Boolean).join(" · ");
  return make("li", "", make("bdi", "", node.name), pill, make("small", "", make("bdi", "", beside)));
}
