// Texts, numbers and ages in the page's language.

const STEPS = [
  [90, 1, "board.age_s"],
  [5400, 60, "board.age_min"],
  [129600, 3600, "board.age_h"],
  [Infinity, 86400, "board.age_d"],
];

export function makeTelling(texts, language) {
  const numbers = new Intl.NumberFormat(language);
  const number = (n) => (n === null || n === undefined ? "–" : numbers.format(n));
  const say = (key, filled = {}) =>
    Object.entries(filled).reduce((text, [name, value]) => text.replace(`{${name}}`, () => String(value)), texts[key] ?? key);

  // Seconds as people say them; null is an age that nobody knows.
  const age = (seconds) => {
    if (seconds === null) return texts["board.age_unknown"];
    if (seconds < 4) return texts["board.age_now"];
    const [, size, key] = STEPS.find(([below]) => seconds < below);
    return say(key, { n: number(Math.round(seconds / size)) });
  };

  return { texts, number, say, age };
}

export function make(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function stated(state, made) {
  made.dataset.state = state;
  return made;
}
