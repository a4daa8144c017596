/** A camera that is on and gives nothing, as drivers do after a sleep. Pure. */

/** What one's own camera has given the encoder so far. */
export interface Given {
  /** Of the track: another one begins anew. */
  readonly id: string;
  readonly frames: number;
}

export interface Stillness extends Given {
  /** Since when it has been so. */
  readonly sinceMs: number;
}

const STILL_MS = 8_000; // a camera that wakes up takes a while

/** `given` is null while there is no camera, or nobody watches it. */
export function watch(still: Stillness | null, given: Given | null, nowMs: number): Stillness | null {
  if (given === null) return null;
  const same = still !== null && still.id === given.id && still.frames === given.frames;
  return same ? still : { ...given, sinceMs: nowMs };
}

export const isStill = (still: Stillness | null, nowMs: number): still is Stillness =>
  still !== null && nowMs - still.sinceMs >= STILL_MS;
