/** What a meeting is planned to have: proposed from its schedule, said in words, one part after the other. Pure. */
import type { Agenda, MeetingInfo, Part } from "../protocol/messages.gen";

export const MOST_PARTS = 12;
export const MOST_MINUTES = 180;

const minutesBetween = (from: string, to: string) =>
  Math.min(MOST_MINUTES, Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / 60_000)));

/** What the schedule knows already: the breaks, and the time around them, whose names are still to be written. */
export function proposed(meeting: Pick<MeetingInfo, "startsAt" | "endsAt" | "breaks">): readonly Part[] {
  const parts: Part[] = [];
  let from = meeting.startsAt;
  for (const { startedAt, endsAt } of meeting.breaks) {
    if (startedAt > from) parts.push({ title: "", minutes: minutesBetween(from, startedAt), isBreak: false });
    parts.push({ title: "", minutes: minutesBetween(startedAt, endsAt), isBreak: true });
    from = endsAt;
  }
  if (meeting.endsAt > from) parts.push({ title: "", minutes: minutesBetween(from, meeting.endsAt), isBreak: false });
  return parts;
}

/** The number of the first part that still needs a name; null when none does. */
export function nameless(parts: readonly Part[]): number | null {
  const at = parts.findIndex(({ title, isBreak }) => !isBreak && title.trim() === "");
  return at < 0 ? null : at;
}

/** When the part that is on should be over, ISO 8601; null while none is on. */
export function partEndsAt({ parts, now, since }: Agenda): string | null {
  const part = now === null ? undefined : parts[now];
  return part === undefined || since === null ? null : new Date(Date.parse(since) + part.minutes * 60_000).toISOString();
}

/** The number of the part that comes next; null after the last. */
export const next = ({ parts, now }: Agenda): number | null => {
  const number = now === null ? 0 : now + 1;
  return number < parts.length ? number : null;
};
