import { expect, test } from "vitest";
import type { Agenda, Part } from "../protocol/messages.gen";
import { breakOver, movedUp, nameless, partEndsAt, partNext, proposed } from "./agenda";

const part = (title: string, minutes: number, number = 0): Part => ({ title, minutes, isBreak: false, number });
const pause = (minutes: number, number = 0): Part => ({ title: "", minutes, isBreak: true, number });
const PARTS = [part("Check-in", 20, 1), pause(10, 2), part("Skill", 30, 3)];
const at = (now: number | null, next: number | null = null): Agenda => ({
  parts: PARTS,
  now,
  since: now === null ? null : "2026-11-22T18:20:00Z",
  next,
  version: 3,
});

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
  [null, null],
  [0, "2026-11-22T18:40:00.000Z"],
  [2, "2026-11-22T18:50:00.000Z"],
])("when the part that is on should be over: %s", (now, endsAt) => {
  expect(partEndsAt(at(now), "2026-11-22T19:30:00Z")).toBe(endsAt);
});

test("nobody is told of a part that lasts longer than the meeting", () => {
  expect(partEndsAt(at(0), "2026-11-22T18:30:00Z")).toBe("2026-11-22T18:30:00.000Z");
});

test("what comes next is what the server says", () => {
  expect(partNext(at(null, 2))).toBe(PARTS[2]);
  expect(partNext(at(2))).toBeUndefined();
});

test("a break is over when the group has none any more, a part is not", () => {
  const rest = { startedAt: "2026-11-22T18:20:00Z", endsAt: "2026-11-22T18:30:00Z" };
  expect([breakOver(at(1), rest), breakOver(at(1), null), breakOver(at(0), null), breakOver(at(null), null)]).toEqual([false, true, false, false]);
});

test.each([
  [0, "abc"],
  [1, "bac"],
  [2, "acb"],
])("a row goes up by one: %s", (place, rows) => {
  expect(movedUp(["a", "b", "c"], place).join("")).toBe(rows);
});
