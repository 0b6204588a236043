// How the box is: a line for each part, and the alarms that stand above everything else.

export function boxLines(state, telling) {
  return [doorkeeperLine(state, telling), ...sourceLines(state, telling), reportingLine(state, telling), clockLine(state, telling)].filter(
    Boolean,
  );
}

function doorkeeperLine({ doorkeeper }, { texts, say, number, clock }) {
  if (doorkeeper === null) return { what: texts["box.doorkeeper"], state: "", word: "…" };
  const word = doorkeeper.answers ? texts["box.doorkeeper_on"] : say("box.doorkeeper_off", { time: clock(doorkeeper.since) });
  return {
    what: texts["box.doorkeeper"],
    state: doorkeeper.answers ? "good" : "bad",
    word,
    more: [say("box.roster", { tickets: number(doorkeeper.tickets) })],
  };
}

function sourceLines({ scan }, { texts, say, clock }) {
  if (!scan.running) return [{ what: texts["box.scan"], state: "bad", word: say("box.scan_off", { time: clock(scan.since) }) }];
  if (scan.sources.length === 0) return [{ what: texts["box.scan"], state: "bad", word: texts["box.no_sources"] }];
  return scan.sources.map((source) => {
    const state = source.state ?? "ok";
    const key = state === "ok" && source.kind === "scanner" ? "source.ok_scanner" : `source.${state}`;
    return {
      what: source.name,
      state: { ok: "good", starting: "warn", dark: "warn" }[state] ?? "bad",
      word: say(key, { time: clock(source.since) }),
      more: source.detail ? [source.detail] : [],
    };
  });
}

function reportingLine({ reporting }, { texts, say, clock }) {
  const what = texts["box.reporting"];
  if (reporting === null) return { what, state: "warn", word: texts["box.reporting_never"] };
  const since = clock(reporting.since);
  const key = reporting.connected ? "box.reporting_on" : since ? "box.reporting_off" : "box.reporting_off_always";
  return {
    what,
    state: reporting.connected ? "good" : "warn",
    word: say(key, { time: since }),
    rows: [
      [texts["box.sent"], reporting.sent],
      [texts["box.acked"], reporting.acked],
      [texts["box.waiting"], reporting.waiting],
      [texts["box.parked"], reporting.parked],
    ],
    more: reporting.parked_rows.map(([log, first, last, reason]) =>
      say(first === last ? "box.parked_row" : "box.parked_rows", { log, first, last, reason }),
    ),
  };
}

function clockLine({ clock: how }, { texts }) {
  if (!how) return null;
  const synced = how === "synced";
  return { what: texts["box.clock"], state: synced ? "good" : "warn", word: texts[synced ? "box.clock_synced" : "box.clock_unsynced"] };
}

export function alarms(state, { texts, say, number, clock }) {
  const found = [];
  const bad = (text) => found.push({ state: "bad", text });
  const warn = (text) => found.push({ state: "warn", text });
  const { doorkeeper, counts, scan } = state;
  if (doorkeeper && !doorkeeper.answers) bad(`${texts["box.doorkeeper"]}: ${say("box.doorkeeper_off", { time: clock(doorkeeper.since) })}`);
  if (state.ledger_fault) bad(say("box.ledger", { what: state.ledger_fault }));
  if (doorkeeper?.disk) bad(say("box.disk", { what: doorkeeper.disk }));
  if (doorkeeper?.damage) bad(say("box.damage", { what: doorkeeper.damage }));
  if (doorkeeper?.history_since) bad(say("box.history", { time: clock(doorkeeper.history_since) }));
  if (doorkeeper?.answers && doorkeeper.tickets === 0) bad(texts["box.roster_empty"]);
  if (!scan.running) bad(`${texts["box.scan"]}: ${say("box.scan_off", { time: clock(scan.since) })}`);
  for (const source of scan.sources) {
    if (!["ok", "starting"].includes(source.state ?? "ok")) {
      bad(`${source.name}: ${say(`source.${source.state}`, { time: clock(source.since) })}`);
    }
  }
  if (counts.conflicts > 0) warn(say("staff.conflicts", { n: number(counts.conflicts) }));
  if (counts.unverified > 0) warn(say("staff.unverified_rows", { n: number(counts.unverified) }));
  if (state.reporting?.parked > 0) warn(say("box.parked_alarm", { n: number(state.reporting.parked) }));
  return found;
}
