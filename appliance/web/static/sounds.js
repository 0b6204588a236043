// Sounds made here, one for each outcome, so that nobody needs to look: rising = in, two knocks = used, ding-dong = staff,
// a low buzz = no. Chromium plays them without a touch where it runs with --autoplay-policy=no-user-gesture-required.

// Notes: [start s, frequency Hz, length s, wave, loudness]
const TUNES = {
  admitted: [
    [0, 784, 0.1, "triangle", 0.9],
    [0.09, 1047, 0.1, "triangle", 0.9],
    [0.18, 1568, 0.3, "triangle", 0.9],
  ],
  exit: [
    [0, 1047, 0.12, "sine", 0.9],
    [0.12, 659, 0.32, "sine", 0.9],
  ],
  used: [
    [0, 440, 0.11, "square", 0.4],
    [0.17, 440, 0.11, "square", 0.4],
    [0.34, 440, 0.18, "square", 0.4],
  ],
  staff: [
    [0, 659, 0.3, "sine", 1],
    [0.28, 523, 0.5, "sine", 1],
  ],
  refused: [
    [0, 156, 0.28, "sawtooth", 0.6],
    [0, 165, 0.28, "sawtooth", 0.6],
    [0.34, 116, 0.5, "sawtooth", 0.7],
    [0.34, 123, 0.5, "sawtooth", 0.7],
  ],
  fault: [
    [0, 330, 0.22, "triangle", 0.9],
    [0.24, 262, 0.22, "triangle", 0.9],
    [0.48, 208, 0.5, "triangle", 0.9],
  ],
};
const TUNE_OF = { wait: "staff" };
const VOLUME = 0.5;

export class Sounds {
  // `onBlocked(true)` says that the browser wants a touch before it plays anything.
  constructor(onBlocked) {
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.volume = this.context.createGain();
    this.volume.gain.value = VOLUME;
    this.volume.connect(this.context.destination);
    const say = () => onBlocked(this.context.state !== "running");
    this.context.addEventListener("statechange", say);
    // Starting takes a moment where it is allowed; only what stays silent is blocked.
    setTimeout(say, 1500);
    this.unlock();
  }

  unlock() {
    this.context.resume().catch(() => {});
  }

  play(kind) {
    const tune = TUNES[TUNE_OF[kind] ?? kind];
    if (this.context.state !== "running") this.unlock();
    this.last?.gain.setTargetAtTime(0, this.context.currentTime, 0.01);
    const mine = this.context.createGain();
    mine.connect(this.volume);
    this.last = mine;
    const begin = this.context.currentTime + 0.01;
    for (const [start, frequency, length, wave, loudness] of tune) {
      const oscillator = new OscillatorNode(this.context, { type: wave, frequency });
      const envelope = new GainNode(this.context, { gain: 0 });
      envelope.gain.setValueAtTime(0, begin + start);
      envelope.gain.linearRampToValueAtTime(loudness, begin + start + 0.012);
      envelope.gain.setValueAtTime(loudness, begin + start + length * 0.6);
      envelope.gain.linearRampToValueAtTime(0, begin + start + length);
      oscillator.connect(envelope).connect(mine);
      oscillator.start(begin + start);
      oscillator.stop(begin + start + length + 0.02);
    }
    document.documentElement.dataset.played = `${Number.parseInt(document.documentElement.dataset.played ?? "0", 10) + 1} ${kind}`;
  }
}
