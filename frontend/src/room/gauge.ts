/** What the browser's own counts say of the line, from one look to the next. Pure. */
import type { Reading } from "./ladder";

/** One voice that comes in, counted since its beginning. */
export interface Voice {
  readonly id: string;
  readonly received: number;
  readonly lost: number;
  /** The speaker's own line is weak: what is missing was lost over there. */
  readonly weakOverThere: boolean;
}

/** The other end's last word on one stream that we send. */
export interface Word {
  readonly id: string;
  /** When it came. A stream that rests keeps its last word for ever. */
  readonly atMs: number;
  readonly loss: number | null;
  readonly tripMs: number | null;
}

export interface Look {
  readonly voices: readonly Voice[];
  readonly words: readonly Word[];
}

export type Measured = Pick<Reading, "lossIn" | "lossOut" | "tripMs">;

const FEWEST_PACKETS = 20;

/** What has come since the look `before`. Without one there is nothing to compare with, and nothing is known. */
export function gauge(before: Look | null, now: Look): Measured {
  if (before === null) return { lossIn: null, lossOut: null, tripMs: null };
  const voiceBefore = new Map(before.voices.map((voice) => [voice.id, voice]));
  let [received, lost] = [0, 0];
  for (const voice of now.voices) {
    const then = voiceBefore.get(voice.id);
    if (then === undefined || voice.weakOverThere) continue;
    received += Math.max(0, voice.received - then.received);
    lost += Math.max(0, voice.lost - then.lost);
  }
  const wordBefore = new Map(before.words.map((word) => [word.id, word.atMs]));
  const fresh = now.words.filter(({ id, atMs }) => atMs > (wordBefore.get(id) ?? Infinity));
  return {
    lossIn: received + lost < FEWEST_PACKETS ? null : lost / (received + lost),
    lossOut: worst(fresh.map(({ loss }) => loss)),
    tripMs: worst(fresh.map(({ tripMs }) => tripMs)),
  };
}

function worst(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
