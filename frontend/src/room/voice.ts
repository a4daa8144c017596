/** What the loudness of one's own microphone tells. Pure; levels are those of `sound.loudness`, 0 to 1. */
export interface Ear {
  /** Since when this microphone has been on without a sound; null once it was heard. */
  readonly silentMs: number | null;
  /** Since when somebody talks into the muted microphone. */
  readonly talkingMs: number | null;
  readonly lastTalkMs: number;
  /** When the hint about talking while muted was given last. */
  readonly hintedMs: number | null;
}

/** `silent`: on, and never heard. `muted`: the person seems to talk while muted. */
export type Hint = "silent" | "muted" | null;

export const FRESH: Ear = { silentMs: null, talkingMs: null, lastTalkMs: 0, hintedMs: null };

const HEARD = 0.02; // a live microphone in a quiet room already moves this far
const TALKING = 0.45; // a voice near the microphone, not a door or a keyboard far away
const SILENT_MS = 25_000;
const TALK_MS = 900;
const BREATH_MS = 500; // between two words
const SHOWN_MS = 6_000;
const AGAIN_MS = 30_000;

/** The microphone was switched, or is another one: what was known of the last one is void. */
export const switched = (ear: Ear, on: boolean, nowMs: number): Ear => ({ ...FRESH, silentMs: on ? nowMs : null, hintedMs: ear.hintedMs });

export function listen(ear: Ear, on: boolean, level: number, nowMs: number): Ear {
  if (on) return level > HEARD && ear.silentMs !== null ? { ...ear, silentMs: null } : ear;
  if (level >= TALKING) {
    const talkingMs = ear.talkingMs ?? nowMs;
    const due = nowMs - talkingMs >= TALK_MS && (ear.hintedMs === null || nowMs - ear.hintedMs >= AGAIN_MS);
    return { ...ear, talkingMs, lastTalkMs: nowMs, hintedMs: due ? nowMs : ear.hintedMs };
  }
  return ear.talkingMs !== null && nowMs - ear.lastTalkMs > BREATH_MS ? { ...ear, talkingMs: null } : ear;
}

export function hint(ear: Ear, on: boolean, nowMs: number): Hint {
  if (on) return ear.silentMs !== null && nowMs - ear.silentMs >= SILENT_MS ? "silent" : null;
  return ear.hintedMs !== null && nowMs - ear.hintedMs < SHOWN_MS ? "muted" : null;
}
