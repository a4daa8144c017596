import { expect, test } from "vitest";
import type { Agenda, Part } from "../protocol/messages.gen";
import { nameless, next, partEndsAt, proposed } from "./agenda";

const part = (title: string, minutes: number): Part => ({ title, minutes, isBreak: false });
const pause = (minutes: number): Part => ({ title: "", minutes, isBreak: true });
const PARTS = [part("Check-in", 20), pause(10), part("Skill", 30)];
const at = (now: number | null): Agenda => ({ parts: PARTS, now, since: now === null ? null : "2026-11-22T18:20:00Z" });

test.each([
  ["without a break", [], [part("", 90)]],
  [
    "with one in the middle",
    [{ startedAt: "2026-11-22T18:50:00Z", endsAt: "2026-11-22T19:00:00Z" }],
    [part("", 50), pause(10), part("", 30)],
  ],
  ["with one at the end", [{ startedAt: "2026-11-22T19:20:00Z", endsAt: "2026-11-22T19:30:00Z" }], [part("", 80), pause(10)]],
])("the schedule proposes the times: %s", (_, breaks, parts) => {
  expect(proposed({ startsAt: "2026-11-22T18:00:00Z", endsAt: "2026-11-22T19:30:00Z", breaks })).toEqual(parts);
});

test("every part but a break needs a name", () => {
  expect(nameless(PARTS)).toBeNull();
  expect(nameless([pause(5), part("  ", 10), part("", 10)])).toBe(1);
});

test.each([
  [null, null, 0],
  [0, "2026-11-22T18:40:00.000Z", 1],
  [2, "2026-11-22T18:50:00.000Z", null],
])("where the group is: %s", (now, endsAt, then) => {
  expect(partEndsAt(at(now))).toBe(endsAt);
  expect(next(at(now))).toBe(then);
});
