/** When the line is weak: what is given up first, and how it comes back. Pure; times in ms of one steady clock.
 *
 * Pictures give way before sound: first they get small, then the others' are left out, then nothing but sound is left.
 * Where sound is already torn the others' pictures go at once.
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
  /** This device was too busy to look in time: what seems lost or late may have been so in here. */
  readonly busy: boolean;
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
const DOWN_FAST_MS = 3_000; // little gets through
const UP_MS = 8_000;
const TRIAL_MS = 12_000; // so soon after coming back it is known what was too much: no patience with torn sound
const TRIAL_DOWN_MS = 2_000;
const RELAPSE_MS = 30_000; // bad again so soon after coming back: it was too early
const STEADY_MS = 120_000; // well for so long, earlier failures are forgotten
const MOST_FAILURES = 4;

type Verdict = "good" | "so-so" | "slow" | "bad" | "dead";

export function judge({ lossIn, lossOut, tripMs, rated, busy }: Reading): Verdict {
  const loss = Math.max(lossIn ?? 0, lossOut ?? 0);
  const good = loss < 0.03 && (tripMs ?? 0) < 500 && (rated === "well" || rated === "fair");
  if (good) return "good";
  if (busy) return "so-so";
  if (rated === "lost" || loss > 0.35) return "dead";
  if (rated === "poor" || loss > 0.1) return "bad";
  return (tripMs ?? 0) > 900 ? "slow" : "so-so";
}

const step = (rung: Rung, by: 1 | -1): Rung => RUNGS[Math.min(RUNGS.length - 1, Math.max(0, RUNGS.indexOf(rung) + by))] ?? rung;

/** Where a bad line leads from `rung`. A long way alone takes nobody's own camera. */
function down(rung: Rung, verdict: Verdict): Rung {
  if (verdict === "dead" && rung === "full") return "faceless";
  return verdict === "slow" && rung === "faceless" ? rung : step(rung, 1);
}

/** How long it must have been so bad before something is given up. */
function patienceMs(ladder: Ladder, verdict: Verdict, nowMs: number): number {
  if (ladder.rose && nowMs - ladder.changedMs < TRIAL_MS) return verdict === "dead" ? 0 : TRIAL_DOWN_MS;
  return verdict === "dead" ? DOWN_FAST_MS : DOWN_MS;
}

/** The ladder after one more reading; the same object when nothing changed. */
export function climb(ladder: Ladder, reading: Reading): Ladder {
  const { nowMs } = reading;
  const verdict = judge(reading);
  const bad = verdict === "slow" || verdict === "bad" || verdict === "dead";
  const badMs = bad ? (ladder.badMs ?? nowMs) : null;
  const goodMs = verdict === "good" ? (ladder.goodMs ?? nowMs) : null;
  const lower = down(ladder.rung, verdict);
  const next: Ladder = { ...ladder, badMs, goodMs };

  if (badMs !== null && lower !== ladder.rung && nowMs - badMs >= patienceMs(ladder, verdict, nowMs)) {
    const tooEarly = ladder.rose && nowMs - ladder.changedMs < RELAPSE_MS;
    const failures = tooEarly ? Math.min(MOST_FAILURES, ladder.failures + 1) : ladder.failures;
    return { ...next, rung: lower, changedMs: nowMs, rose: false, badMs: nowMs, failures };
  }
  if (goodMs !== null && !ladder.chosen && ladder.rung !== "full" && nowMs - goodMs >= UP_MS * 2 ** ladder.failures) {
    return { ...next, rung: step(ladder.rung, -1), changedMs: nowMs, rose: true, goodMs: nowMs };
  }
  if (ladder.failures > 0 && goodMs !== null && ladder.rung === "full" && nowMs - ladder.changedMs >= STEADY_MS) {
    return { ...next, failures: 0 };
  }
  return badMs === ladder.badMs && goodMs === ladder.goodMs ? ladder : next;
}

/** On another connection: what was measured on the old one says nothing of this one. What was given up stays so for now. */
export const anew = (ladder: Ladder): Ladder =>
  ladder.badMs === null && ladder.goodMs === null && ladder.failures === 0 && !ladder.rose
    ? ladder
    : { ...ladder, badMs: null, goodMs: null, failures: 0, rose: false };

/** The person wants sound alone, or the pictures back whatever the line is like. */
export const choose = (soundOnly: boolean, nowMs: number): Ladder => ({
  ...AT_BEST,
  rung: soundOnly ? "sound" : "full",
  changedMs: nowMs,
  chosen: soundOnly,
});
