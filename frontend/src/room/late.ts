/** Who came after the door had closed: let in one by one, with a reason. Pure. */
import type { LateReason, Waiter } from "../protocol/messages.gen";

export const LATE_REASONS: readonly LateReason[] = ["told-us", "technical", "transport", "other"];

/** Those of the line who are let in without a word about why; the others stay when everybody is let in. */
export const inTime = (waiting: readonly Waiter[]): readonly Waiter[] => waiting.filter(({ late }) => !late);

/** Whom to offer where there is room for one: whoever needs no decision, else the first in line. */
export const firstToLetIn = (waiting: readonly Waiter[]): Waiter | undefined => inTime(waiting)[0] ?? waiting[0];
