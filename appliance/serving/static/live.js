// A page's live state: server-sent events, polling where they don't come, and a word when neither does.
//
//   import { live, showLiveness } from "/shared/live.js";
//   live({ events: "/events", poll: "/state.json", onState, onLiveness, whileHidden: false });
//
// onState(state, ageMs) gets the newest state only. onLiveness({ how: "events" | "polling" | "off", since: Date }).

const SILENT_MS = 7000; // the server's heartbeat comes every 2 s
const POLL_MS = 2000;
const RETRY_EVENTS_MS = 20000;

export function live({ events, poll, onState, onLiveness, whileHidden = true }) {
  let source = null;
  let lastHeard = 0;
  let lastEventsTry = 0;
  let how = "";
  let asking = false;
  let gone = false;

  const say = (next) => {
    if (next !== how) {
      how = next;
      onLiveness({ how, since: new Date(Date.now() - (how === "off" && lastHeard ? performance.now() - lastHeard : 0)) });
    }
  };
  const heard = (by) => {
    lastHeard = performance.now();
    say(by);
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    lastEventsTry = performance.now();
    const mine = new EventSource(events);
    source = mine;
    mine.addEventListener("beat", () => heard("events"));
    mine.addEventListener("message", (event) => {
      heard("events");
      const { age, state } = JSON.parse(event.data);
      if (state !== null) onState(state, age);
    });
    mine.addEventListener("error", () => {
      if (mine.readyState === EventSource.CLOSED && source === mine) {
        source = null;
        ask();
      }
    });
  };
  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(poll, {
        headers: { Accept: "application/json" },
        cache: "no-store",
        signal: AbortSignal.timeout(5000),
      });
      if (answer.status === 401) {
        gone = true;
        location.reload();
        return;
      }
      if (answer.ok && source?.readyState !== EventSource.OPEN) {
        const { age, state } = await answer.json();
        heard("polling");
        if (state !== null) onState(state, age);
      }
    } catch {
      // said by `tick` once it has lasted
    } finally {
      asking = false;
    }
  };
  const tick = () => {
    if (gone || (!whileHidden && document.hidden)) return;
    const now = performance.now();
    const silent = now - lastHeard > SILENT_MS;
    if (silent && lastHeard + lastEventsTry > 0) say("off");
    if (source && silent && now - lastEventsTry > SILENT_MS) close();
    if (!source) {
      ask();
      if (now - lastEventsTry > (how === "polling" ? RETRY_EVENTS_MS : SILENT_MS)) open();
    }
  };

  if (!whileHidden) {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) close();
      else open();
    });
  }
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
  open();
  setInterval(tick, POLL_MS);
}

// Puts the liveness into an element: its text from `words` (live.on, live.polling, live.off), its data-state for the colour.
export function showLiveness(element, words, language) {
  return ({ how, since }) => {
    const time = since.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
    const key = { events: "live.on", polling: "live.polling", off: "live.off" }[how];
    element.textContent = words[key].replace("{time}", time);
    element.dataset.state = how === "off" ? "bad" : "good";
    document.documentElement.classList.toggle("not-live", how === "off");
  };
}
