import { expect, test } from "vitest";
import type { Agenda, Room } from "../protocol/messages.gen";
import { maya, member, room } from "./fixtures";
import { floorNews } from "./floorNews";

const [self, dana, luis] = [member("maya"), member("dana", { role: "facilitator" }), member("luis")];
const members = [self, dana, luis];
const before = room(maya, { members, lead: "dana" });
const pause = { startedAt: "2026-11-22T18:30:00Z", endsAt: "2026-11-22T18:40:00Z" };
const CHECK_IN = { title: "Check-in", minutes: 20, isBreak: false, number: 1 };
const at = (now: number): Agenda => ({
  parts: [CHECK_IN, { title: "", minutes: 10, isBreak: true, number: 2 }],
  now,
  since: "2026-11-22T18:30:00Z",
  next: now === 0 ? 1 : null,
  version: 2,
});

test.each<[string, Partial<Room>, unknown[]]>([
  ["nothing happened", {}, []],
  ["somebody raised a hand", { members: [self, dana, member("luis", { hand: 1 })] }, [{ kind: "hand", member: member("luis", { hand: 1 }) }]],
  ["one's own hand went up", { you: { ...maya, hand: 2 } }, [{ kind: "myHand", up: true }]],
  ["a break began", { pause }, [{ kind: "break", minutes: 10 }]],
  ["a part of the agenda began", { agenda: at(0) }, [{ kind: "part", part: CHECK_IN }]],
  ["its break began", { agenda: at(1), pause }, [{ kind: "break", minutes: 10 }]],
  ["an agenda was written", { agenda: { ...at(0), now: null, since: null } }, []],
  ["somebody is large for everyone", { spotlight: "luis" }, [{ kind: "spotlight", member: luis }]],
  ["somebody who is not here is nobody's news", { spotlight: "gone" }, []],
  ["somebody else leads", { lead: "luis" }, [{ kind: "lead", member: luis, mine: false }]],
  ["oneself leads", { lead: "maya" }, [{ kind: "lead", member: self, mine: true }]],
  ["the room is locked", { locked: true }, [{ kind: "locked" }]],
])("%s", (_, parts, told) => {
  expect(floorNews(before, { ...before, ...parts })).toEqual(told);
});

test("a hand that was up when one came is no news", () => {
  const after = room(maya, { members: [...members, member("ana", { hand: 1 })], lead: "dana" });
  expect(floorNews(null, after)).toEqual([]);
  expect(floorNews(before, after)).toEqual([]); // who comes in with a hand up is told as coming in
});

test("what ended is told once", () => {
  const during = room({ ...maya, hand: 1 }, { members, lead: "dana", pause });
  expect(floorNews(during, before).map(({ kind }) => kind)).toEqual(["myHand", "breakOver"]);
});

test("what holds in another room is not news there", () => {
  const there = room({ ...maya, place: "breakout", roomId: "blue" }, { members: [member("maya"), member("ana", { hand: 1 })], locked: true });
  expect(floorNews(before, there)).toEqual([]);
});
