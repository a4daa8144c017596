/** What a meeting is planned to have: proposed from its schedule, said in words, one part after the other. Pure. */
import type { Agenda, MeetingInfo, Part, Pause } from "../protocol/messages.gen";

export const MOST_PARTS = 12;
export const MOST_MINUTES = 180;

const minutesBetween = (from: string, to: string) =>
  Math.min(MOST_MINUTES, Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / 60_000)));

/** One that is not written down yet: the server gives it a number of its own. */
export const newPart = (minutes: number, isBreak: boolean): Part => ({ title: "", minutes, isBreak, number: 0 });

/** What the schedule knows already: the breaks, and the time around them, whose names are still to be written. */
export function proposed(meeting: Pick<MeetingInfo, "startsAt" | "endsAt" | "breaks">): readonly Part[] {
  const parts: Part[] = [];
  let from = meeting.startsAt;
  for (const { startedAt, endsAt } of meeting.breaks) {
    if (startedAt > from) parts.push(newPart(minutesBetween(from, startedAt), false));
    parts.push(newPart(minutesBetween(startedAt, endsAt), true));
    from = endsAt;
  }
  if (meeting.endsAt > from) parts.push(newPart(minutesBetween(from, meeting.endsAt), false));
  return parts;
}

/** The number of the first part that still needs a name; null when none does. */
export function nameless(parts: readonly Part[]): number | null {
  const at = parts.findIndex(({ title, isBreak }) => !isBreak && title.trim() === "");
  return at < 0 ? null : at;
}

/** The rows with the one at `place` before the one above it. */
export const movedUp = <Row>(rows: readonly Row[], place: number): readonly Row[] =>
  place < 1 ? rows : [...rows.slice(0, place - 1), ...rows.slice(place, place + 1), ...rows.slice(place - 1, place), ...rows.slice(place + 1)];

/** When the part that is on should be over, ISO 8601: at the latest with the meeting. Null while none is on. */
export function partEndsAt(agenda: Agenda, meetingEndsAt: string): string | null {
  const part = partOn(agenda);
  if (part === undefined || agenda.since === null) return null;
  return new Date(Math.min(Date.parse(agenda.since) + part.minutes * 60_000, Date.parse(meetingEndsAt))).toISOString();
}

export const partOn = ({ parts, now }: Agenda): Part | undefined => (now === null ? undefined : parts[now]);
export const partNext = ({ parts, next }: Agenda): Part | undefined => (next === null ? undefined : parts[next]);

/** The break of the agenda was begun last, and is over: its time came, or somebody ended it. */
export const breakOver = (agenda: Agenda, pause: Pause | null): boolean => pause === null && partOn(agenda)?.isBreak === true;
