// Texts, numbers and times in the page's language and the event's time zone.

export function makeTelling(texts, language, timeZone) {
  const numbers = new Intl.NumberFormat(language);
  const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone });

  return {
    texts,
    number: (n) => numbers.format(n),
    say: (key, filled = {}) =>
      Object.entries(filled).reduce((text, [name, value]) => text.replace(`{${name}}`, () => String(value)), texts[key] ?? key),
    // An ISO time as hh:mm:ss; with the day where it isn't today's; nothing for what is no time.
    clock: (at) => {
      const when = new Date(at);
      if (Number.isNaN(when.getTime())) return "";
      const today = day.format(when) === day.format(new Date());
      return today ? time.format(when) : `${day.format(when)}, ${time.format(when)}`;
    },
  };
}
