import { describe, expect, test } from "vitest";
import type { Breakouts, Member, Person, SideRoom } from "../protocol/messages.gen";
import { beside, chipsOf, helpQueue, planOf, restored, roomOf } from "./rooms";

const person = (personId: string): Person => ({ personId, name: personId, role: "client" });
const member = (personId: string, interrupted = false): Member => ({ ...person(personId), identity: "", interrupted, hand: null, flags: [] });
const side = (roomId: string, assigned: readonly string[], parts: Partial<SideRoom> = {}): SideRoom => ({
  roomId,
  name: `Room ${roomId}`,
  kind: "breakout",
  members: [],
  assigned: assigned.map(person),
  helpSince: null,
  ...parts,
});
const breakouts = (...rooms: readonly SideRoom[]): Breakouts => ({ state: "planned", endsAt: null, rooms, unassigned: [] });

describe("the people of a room", () => {
  test("who belongs there comes first, then who is visiting", () => {
    const room = side("a", ["maya", "luis"], { members: [member("dana"), member("luis", true)] });
    expect(chipsOf(room).map(({ person: { personId }, here, interrupted, visiting }) => [personId, here, interrupted, visiting])).toEqual([
      ["maya", false, false, false],
      ["luis", true, true, false],
      ["dana", true, false, true],
    ]);
  });
});

describe("left and right", () => {
  const rooms = breakouts(side("a", ["maya"]), side("b", []));
  test.each([
    ["from no room into the first", "luis", 1, "a"],
    ["from the first into the second", "maya", 1, "b"],
    ["back out of the first", "maya", -1, ""],
    ["no further left than the main room", "luis", -1, ""],
  ] as const)("%s", (_, who, step, roomId) => {
    expect(beside(rooms, who, step)).toBe(roomId);
  });
  test("no further right than the last", () => {
    expect(beside(breakouts(side("a", ["maya"])), "maya", 1)).toBe("a");
  });
});

test("a plan is told whole, and undone with the rooms that are still known", () => {
  const before = breakouts(side("a", ["maya"]), side("b", ["luis"]));
  const now = breakouts(side("b", ["maya", "luis"]));
  expect(restored(planOf(before), now)).toEqual([
    { roomId: "", name: "Room a", people: ["maya"] },
    { roomId: "b", name: "Room b", people: ["luis"] },
  ]);
  expect(roomOf(before, "luis")).toBe("b");
  expect(roomOf(null, "luis")).toBe("");
});

test("who asked first is helped first", () => {
  const rooms = breakouts(
    side("a", [], { helpSince: "2026-11-22T18:05:00Z" }),
    side("b", []),
    side("c", [], { helpSince: "2026-11-22T18:01:00Z" }),
  );
  expect(helpQueue(rooms).map(({ roomId }) => roomId)).toEqual(["c", "a"]);
});
