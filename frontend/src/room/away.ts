/** Somebody who is not here, in words that are true: how they went and when, as far as the clinic knows. Pure. */
import type { Away } from "../protocol/messages.gen";
import type { Words } from "./words";

/** What the clinic itself says for a reason: this person has no part in the meeting any more. */
export const PART_ENDED = "part-ended";

export function wentHow(words: Words, away: Away, time: (at: string) => string): string {
  const why = away.reason === PART_ENDED ? words.away.partEnded : away.reason;
  return [placed(words.away, away, time), why].filter((part) => part !== "").join(" · ");
}

function placed(told: Words["away"], { place, until, waited }: Away, time: (at: string) => string): string {
  if (place === "declined" || place === "removed") return told[place];
  if (until === null) return place === "left" ? told.left : told.outside;
  const at = time(until);
  if (place === "left") return waited ? told.waitedLeftAt(at) : told.leftAt(at);
  return waited ? told.waitedUntil(at) : told.hereUntil(at); // who was lost did not say that they were going
}
