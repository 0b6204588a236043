// The central board: puts each new state into the page, and lets the ages grow between two states.

import { live, showLiveness } from "/shared/live.js";
import { fillCard, stateNow } from "./hub_card.js";
import { make, makeTelling, stated } from "./telling.js";

const texts = JSON.parse(document.body.dataset.texts);
const language = document.documentElement.lang;
const telling = makeTelling(texts, language);
const { number, say, age } = telling;
const element = (id) => document.getElementById(id);
const BAD = new Set(["difference", "conflicting", "repeated", "refused", "ahead", "database", "broker"]);
const cards = new Map(); // hub -> { card, looks }
let last = null; // { state, from }

function showTotals({ totals, hubs }, elapsed) {
  const known = totals.hubs > totals.unknown;
  for (const what of ["occupancy", "attendance", "entries", "exits", "refused"]) {
    element(`total-${what}`).textContent = number(known ? totals[what] : null);
  }
  const alive = hubs.filter((hub) => stateNow(hub, elapsed) === "live").length;
  const pill = element("hubs-live");
  pill.textContent = say("board.hubs_live", { live: number(alive), hubs: number(totals.hubs) });
  pill.dataset.state = alive === totals.hubs ? "good" : alive ? "warn" : "bad";
  pill.hidden = totals.hubs === 0;
  const waiting = element("waiting");
  waiting.hidden = totals.waiting === 0;
  waiting.textContent = say("board.waiting_all", { n: number(totals.waiting) });
  waiting.dataset.state = "warn";
  const old = hubs.filter((hub) => hub.figures && stateNow(hub, elapsed) !== "live").length;
  element("caveat").textContent = [caveat("old", old), caveat("unknown", totals.unknown)].filter(Boolean).join(" ");
}

function caveat(key, n) {
  if (n === 0) return "";
  return n === 1 ? texts[`board.${key}_one`] : say(`board.${key}`, { n: number(n) });
}

function showHubs({ hubs }, elapsed) {
  element("no-hubs").hidden = hubs.length > 0;
  const shown = hubs.map((hub) => {
    const kept = cards.get(hub.name) ?? { card: make("article", "panel hub"), looks: "" };
    cards.set(hub.name, kept);
    // Ages grow by themselves; a card is drawn anew when anything of it looks different.
    const looks = JSON.stringify([hub, Math.round(elapsed), language]);
    if (kept.looks !== looks) fillCard(kept.card, hub, elapsed, telling);
    kept.looks = looks;
    return kept.card;
  });
  const list = element("hubs");
  if (list.children.length !== shown.length || shown.some((card, i) => list.children[i] !== card)) list.replaceChildren(...shown);
}

function showAlarms(state, elapsed) {
  const lines = [];
  const add = (bad, title, detail, beside) => {
    const line = make("li", "", make("b", "", title), make("small", "", beside ?? ""));
    if (detail) line.append(make("span", "detail", make("bdi", "", detail)));
    lines.push(stated(bad ? "bad" : "warn", line));
  };
  if (state.database_away !== null) add(true, say("board.database_away", { why: state.database_away }));
  if (state.broker_away !== null) {
    const since = state.broker_age === null ? "" : age(state.broker_age + elapsed);
    add(true, say("board.broker_away", { why: state.broker_away }), "", since);
  }
  if (state.stalled && state.database_away === null) add(false, texts["board.stalled"]);
  for (const alarm of state.alarms) {
    if (alarm.kind === "broker" || alarm.kind === "database") continue;
    const title = `${alarm.hub ? `${alarm.hub}: ` : ""}${texts[`alarm.${alarm.kind}`] ?? alarm.kind}`;
    const times = alarm.count > 1 ? `${say("board.times", { n: number(alarm.count) })} · ` : "";
    add(BAD.has(alarm.kind), title, alarm.text, times + age(alarm.age + elapsed));
  }
  if (state.more_alarms) add(false, say("board.more", { n: number(state.more_alarms) }));
  const list = element("alarms");
  list.hidden = lines.length === 0;
  if (list.textContent !== lines.map((line) => line.textContent).join("")) list.replaceChildren(...lines);
}

function show() {
  if (last === null) return;
  const elapsed = (performance.now() - last.from) / 1000;
  showTotals(last.state, elapsed);
  showHubs(last.state, elapsed);
  showAlarms(last.state, elapsed);
}

setInterval(show, 1000);
live({
  events: "/events",
  poll: "/state.json",
  onState: (state, ageMs) => {
    last = { state, from: performance.now() - ageMs };
    show();
  },
  onLiveness: showLiveness(element("liveness"), texts, language),
});
