/** When the line is weak: what is given up first, and how it comes back. Pure; times in ms of one steady clock.
 *
 * Pictures give way before sound: first they get small, then the others' are left out, then nothing but sound is left.
 */
export const RUNGS = ["full", "small", "faceless", "sound"] as const;
export type Rung = (typeof RUNGS)[number];

/** What is known of the line at one moment. */
export interface Reading {
  readonly nowMs: number;
  /** Share of sound that did not arrive in time, 0 to 1; null while nobody could be heard. */
  readonly lossIn: number | null;
  /** Share of our packets that the other end missed, 0 to 1; null while nothing was sent. */
  readonly lossOut: number | null;
  /** Round trip to the other end; null when unknown. */
  readonly tripMs: number | null;
  /** What the other end thinks of the line. */
  readonly rated: "well" | "fair" | "poor" | "lost";
}

export interface Ladder {
  readonly rung: Rung;
  readonly changedMs: number;
  /** Whether the last change was for the better. */
  readonly rose: boolean;
  /** Since when the line has been bad, or good, without a break. */
  readonly badMs: number | null;
  readonly goodMs: number | null;
  /** How often coming back failed: the next try waits longer. */
  readonly failures: number;
  /** The person asked for sound alone: no way back but theirs. */
  readonly chosen: boolean;
}

export const AT_BEST: Ladder = { rung: "full", changedMs: 0, rose: false, badMs: null, goodMs: null, failures: 0, chosen: false };

const DOWN_MS = 6_000; // a hiccup is over by then
const DOWN_FAST_MS = 3_000; // nothing gets through
const UP_MS = 20_000;
const RELAPSE_MS = 30_000; // bad again so soon after coming back: it was too early
const STEADY_MS = 120_000; // well for so long, earlier failures are forgotten
const MOST_FAILURES = 3;

type Verdict = "good" | "so-so" | "bad" | "dead";

export function judge({ lossIn, lossOut, tripMs, rated }: Reading): Verdict {
  const loss = Math.max(lossIn ?? 0, lossOut ?? 0);
  if (rated === "lost" || loss > 0.35) return "dead";
  if (rated === "poor" || loss > 0.1 || (tripMs ?? 0) > 900) return "bad";
  return loss < 0.03 && (tripMs ?? 0) < 500 ? "good" : "so-so";
}

const step = (rung: Rung, by: 1 | -1): Rung => RUNGS[Math.min(RUNGS.length - 1, Math.max(0, RUNGS.indexOf(rung) + by))] ?? rung;

/** The ladder after one more reading; the same object when nothing changed. */
export function climb(ladder: Ladder, reading: Reading): Ladder {
  const { nowMs } = reading;
  const verdict = judge(reading);
  const bad = verdict === "bad" || verdict === "dead";
  const badMs = bad ? (ladder.badMs ?? nowMs) : null;
  const goodMs = verdict === "good" ? (ladder.goodMs ?? nowMs) : null;
  const patience = verdict === "dead" ? DOWN_FAST_MS : DOWN_MS;
  const next: Ladder = { ...ladder, badMs, goodMs };

  if (badMs !== null && ladder.rung !== "sound" && nowMs - badMs >= patience) {
    const tooEarly = ladder.rose && nowMs - ladder.changedMs < RELAPSE_MS;
    const failures = tooEarly ? Math.min(MOST_FAILURES, ladder.failures + 1) : ladder.failures;
    return { ...next, rung: step(ladder.rung, 1), changedMs: nowMs, rose: false, badMs: nowMs, failures };
  }
  if (goodMs !== null && !ladder.chosen && ladder.rung !== "full" && nowMs - goodMs >= UP_MS * 2 ** ladder.failures) {
    return { ...next, rung: step(ladder.rung, -1), changedMs: nowMs, rose: true, goodMs: nowMs };
  }
  if (ladder.failures > 0 && goodMs !== null && ladder.rung === "full" && nowMs - ladder.changedMs >= STEADY_MS) {
    return { ...next, failures: 0 };
  }
  return badMs === ladder.badMs && goodMs === ladder.goodMs ? ladder : next;
}

/** The person wants sound alone, or the pictures back whatever the line is like. */
export const choose = (soundOnly: boolean, nowMs: number): Ladder => ({
  ...AT_BEST,
  rung: soundOnly ? "sound" : "full",
  changedMs: nowMs,
  chosen: soundOnly,
});
