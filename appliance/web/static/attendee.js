// The attendee screen. Shows one thing at a time: a verdict for its moment, else a trouble, else what to do.

import { live } from "/shared/live.js";
import { showPicture } from "./picture.js";
import { Sounds } from "./sounds.js";

const LEAST_MS = 900; // each verdict is seen for at least this long when another comes; a part of it when several wait
const CALM_MS = 1500; // a trouble that passes within this time is not worth a word
const DECIDING_MS = 300; // an answer that is faster needs no "one moment"
const ICONS = {
  starting: "hourglass",
  busy: "hourglass",
  scan: "hourglass",
  gone: "camera-off",
  dark: "dark",
  covered: "covered",
  frozen: "frozen",
  doorkeeper: "staff",
  page: "staff",
};
const PATIENT = new Set(["starting", "scan"]);

const body = document.body;
const element = (id) => document.getElementById(id);
const sounds = new Sounds((blocked) => {
  element("sound").hidden = !blocked;
});
const seen = [];
const queue = [];
let state = null;
let current = null; // { verdict, since, until }
let trouble = null; // { kind, since, number }
let pageIsOff = false;
let timer = 0;

function paragraphs(said) {
  return said.map(({ lang, title, text }) => {
    const paragraph = document.createElement("p");
    paragraph.lang = lang;
    const strong = document.createElement("strong");
    strong.textContent = title;
    paragraph.append(strong);
    if (text) {
      const span = document.createElement("span");
      span.textContent = text;
      paragraph.append(" ", span);
    }
    return paragraph;
  });
}

function onState(next, age) {
  const first = state === null;
  state = next;
  for (const verdict of next.verdicts) {
    if (seen.includes(verdict.id)) continue;
    seen.push(verdict.id);
    if (seen.length > 64) seen.shift();
    if (verdict.age + age < verdict.show_ms) queue.push(verdict);
  }
  takeTrouble(first);
  const camera = next.camera ? "on" : "off";
  if (body.dataset.camera !== camera) {
    body.dataset.camera = camera;
    fit(document.querySelector(".ask"));
  }
  showHint();
  showCorner();
  turn();
}

function takeTrouble(first) {
  const told = pageIsOff ? { kind: "page", number: 0 } : state?.trouble;
  if (!told) {
    trouble = null;
    return;
  }
  if (trouble?.kind !== told.kind) {
    element("trouble-icon").setAttribute("href", `#icon-${ICONS[told.kind]}`);
    const say = element("trouble-say");
    if (told.say) say.replaceChildren(...paragraphs(told.say));
    else say.replaceChildren(element("page-trouble").content.cloneNode(true));
    fit(say);
  }
  if (told.number > (trouble?.number ?? 0) && !first) {
    sounds.play("fault");
    current = null;
  }
  trouble = { kind: told.kind, number: told.number, since: trouble?.kind === told.kind ? trouble.since : performance.now() };
}

function showHint() {
  const hint = element("hint");
  hint.hidden = !state.hint;
  if (state.hint) hint.textContent = state.hint.say.map(({ title }) => title).join("\n");
  const deciding = element("deciding");
  if (!state.deciding) {
    deciding.hidden = true;
  } else if (deciding.hidden) {
    setTimeout(() => {
      deciding.hidden = !state.deciding;
      if (state.deciding) hint.hidden = true;
    }, DECIDING_MS);
  }
}

function showCorner() {
  const { address, fingerprint } = state.corner;
  element("corner").hidden = !address;
  body.classList.toggle("has-corner", Boolean(address));
  element("corner-address").textContent = address;
  element("corner-fingerprint").textContent = fingerprint;
}

// The more wait, the sooner the next: nobody stands there long without an answer of their own.
function least() {
  return LEAST_MS / Math.max(queue.length, 1);
}

// Decides what stands on the screen now, and when to look again.
function turn() {
  clearTimeout(timer);
  const now = performance.now();
  if (queue.length > 0 && (current === null || now - current.since >= least())) {
    showVerdict(queue.shift(), now);
  } else if (current !== null && now >= current.until) {
    current = null;
  }
  const troubleShows = trouble !== null && (!PATIENT.has(trouble.kind) || now - trouble.since >= CALM_MS);
  body.dataset.view = current ? "verdict" : troubleShows ? "trouble" : "wait";
  body.dataset.trouble = troubleShows ? trouble.kind : "";
  if (!current && troubleShows) speak(element("trouble-say").textContent);
  const next = [];
  if (current) next.push(queue.length > 0 ? current.since + least() : current.until);
  if (trouble && !troubleShows) next.push(trouble.since + CALM_MS);
  if (next.length > 0) timer = setTimeout(turn, Math.max(Math.min(...next) - now, 10));
}

function showVerdict(verdict, now) {
  current = { verdict, since: now, until: now + verdict.show_ms };
  body.dataset.kind = verdict.kind;
  body.dataset.view = "verdict";
  element("verdict-icon").setAttribute("href", `#icon-${verdict.kind}`);
  element("verdict-say").replaceChildren(...paragraphs(verdict.say));
  element("verdict-name").textContent = verdict.name;
  element("verdict-product").textContent = verdict.product;
  fitName(element("verdict-name"));
  fit(document.querySelector(".verdict .told"));
  // The same icon again starts its small movement anew, so that a second person sees that it is theirs.
  for (const animation of document.querySelector(".verdict .icon").getAnimations()) animation.play();
  sounds.play(verdict.kind);
  speak([...verdict.say.map(({ title, text }) => `${title}. ${text}`), verdict.name].join(" "));
  afterPaint(() => acknowledge(verdict));
}

// Shrinks a text until it stands within its view's padding: two languages and long texts meet small screens.
function fit(told) {
  const room = told.parentElement;
  const style = getComputedStyle(room);
  const box = room.getBoundingClientRect();
  const top = box.top + Number.parseFloat(style.paddingTop) - 1;
  const bottom = box.bottom - Number.parseFloat(style.paddingBottom) + 1;
  for (const scale of [1, 0.9, 0.8, 0.7, 0.62, 0.54, 0.46]) {
    told.style.setProperty("--fit", String(scale));
    const inside = [...room.children].every((child) => {
      const { top: childTop, bottom: childBottom } = child.getBoundingClientRect();
      return childTop >= top && childBottom <= bottom;
    });
    if (inside && told.scrollWidth <= told.clientWidth) return;
  }
}

// Shrinks a name until none of its words has to be broken; one that is still too long is broken in the end.
function fitName(name) {
  name.classList.remove("broken");
  for (const scale of [1, 0.85, 0.72, 0.6, 0.5, 0.4]) {
    name.style.setProperty("--name-fit", String(scale));
    if (name.scrollWidth <= name.clientWidth && name.offsetHeight < innerHeight * 0.3) return;
  }
  name.classList.add("broken");
}

function speak(text) {
  const spoken = element("spoken");
  if (spoken.textContent !== text) spoken.textContent = text;
}

function afterPaint(then) {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = then;
    port2.postMessage(null);
  });
}

function acknowledge(verdict) {
  if (document.visibilityState !== "visible") return;
  const ms = verdict.seen_ms > 0 ? Math.max(Date.now() - verdict.seen_ms, 0) : -1;
  document.documentElement.dataset.frameToScreen = String(ms);
  fetch("/shown", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ nonce: verdict.nonce, ms }),
  }).catch(() => {});
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && current) afterPaint(() => current && acknowledge(current.verdict));
});
element("sound").addEventListener("click", () => sounds.unlock());

addEventListener("resize", () => document.querySelectorAll(".ask, .told").forEach(fit));
live({
  events: "/events",
  poll: "/state.json",
  onState,
  onLiveness: ({ how }) => {
    pageIsOff = how === "off";
    document.documentElement.dataset.live = how;
    takeTrouble(false);
    turn();
  },
});
showPicture(element("picture"), () => body.dataset.view === "wait" && body.dataset.camera === "on" && !document.hidden);
