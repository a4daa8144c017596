/** What a test of the line means, in plain terms. Pure. */

export interface Findings {
  /** Of the clinic's own line, there and back. Null: no answer. */
  readonly answerMs: number | null;
  /** Ways for picture and sound. Null: not tried here. */
  readonly udp: boolean | null;
  readonly tcp: boolean | null;
  readonly relay: boolean | null;
  /** Null: not measured. */
  readonly upBps: number | null;
  readonly downBps: number | null;
}

/** `none`: no way for picture and sound, or no line at all. `sound`: enough to listen and speak. */
export type Verdict = "good" | "fair" | "sound" | "none";

/** A group of twelve lives on this. Source: DOMAIN, sizes: 1.5 Mbit/s down, 300 kbit/s up, audio at 80 kbit/s. */
const GOOD = { down: 1_500_000, up: 600_000, answerMs: 400 };
const FAIR = { down: 600_000, up: 250_000 };

const atLeast = (measured: number | null, wanted: number): boolean => measured === null || measured >= wanted;

export function verdict({ answerMs, udp, tcp, relay, upBps, downBps }: Findings): Verdict {
  const ways = [udp, tcp, relay];
  if (answerMs === null) return "none";
  if (ways.some((way) => way !== null) && !ways.includes(true)) return "none";
  if (!atLeast(upBps, FAIR.up) || !atLeast(downBps, FAIR.down)) return "sound";
  const direct = udp === null || udp;
  if (direct && answerMs <= GOOD.answerMs && atLeast(upBps, GOOD.up) && atLeast(downBps, GOOD.down)) return "good";
  return "fair";
}

/** What is worth trying, most helpful first. */
export type Hint = "line" | "blocked" | "detour" | "closer" | "others";

export function hints(found: Findings): readonly Hint[] {
  const result = verdict(found);
  if (result === "good") return [];
  if (found.answerMs === null) return ["line"];
  if (result === "none") return ["blocked"];
  const slow = !atLeast(found.upBps, GOOD.up) || !atLeast(found.downBps, GOOD.down) || found.answerMs > GOOD.answerMs;
  return [...(slow ? (["closer", "others"] as const) : []), ...(found.udp === false ? (["detour"] as const) : [])];
}

/** 1_234_567 → 1.2, in Mbit/s. */
export const megabits = (bps: number): number => Math.round(bps / 100_000) / 10;
