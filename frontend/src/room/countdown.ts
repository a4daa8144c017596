/** Time that runs down, for the eye and for the ear. Pure; times in ms since 1970. */

/** Seconds until `endsAt`, never below 0. */
export const secondsLeft = (endsAtMs: number, nowMs: number): number => Math.max(0, Math.ceil((endsAtMs - nowMs) / 1000));

/** 95 → "1:35"; 3725 → "1:02:05". */
export function clockFace(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const TOLD_MINUTES = [10, 5, 2, 1];

/** The minutes to tell aloud when the time went from `before` to `now` seconds left; null when there is nothing to tell. */
export function minutesToTell(before: number, now: number): number | null {
  const passed = TOLD_MINUTES.filter((minutes) => before > minutes * 60 && now <= minutes * 60);
  return passed.at(-1) ?? null;
}
