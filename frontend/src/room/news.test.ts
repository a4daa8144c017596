import { describe, expect, test } from "vitest";
import type { Member, Room, Waiter, You } from "../protocol/messages.gen";
import { news } from "./news";

const maya: You = { personId: "maya", name: "Maya", role: "client", place: "main", identity: "i-maya", position: null, roomId: "", roomName: "", hand: null, ask: null, mayShareScreen: false, arrival: null, late: false };
const dana: You = { ...maya, personId: "dana", name: "Dana", role: "facilitator", identity: "i-dana" };
const member = (personId: string, interrupted = false): Member => ({
  personId,
  name: personId,
  role: "client",
  identity: `i-${personId}`,
  interrupted,
  hand: null,
  flags: [],
});
const waiter = (personId: string): Waiter => ({
  personId,
  name: personId,
  role: "client",
  since: "2026-11-22T18:00:00Z",
  interrupted: false,
  lobby: "clients",
  flags: [],
  late: false,
  minutesLate: 0,
});
const room = (you: You, parts: Partial<Room> = {}): Room => ({
  type: "room",
  seq: 1,
  serverTime: "2026-11-22T18:00:00Z",
  you,
  meeting: { title: "t", startsAt: "", endsAt: "", ended: false, facilitators: ["Dana"], kind: "", breaks: [], lobbies: ["clients"] },
  members: [],
  waiting: [],
  staffPresent: true,
  breakouts: null,
  asides: [],
  away: [],
  locked: false,
  autoAdmit: false,
  screens: "staff",
  spotlight: "",
  lead: "",
  pause: null,
  agenda: null,
  hold: null,
  crises: [],
  helpSince: null,
  mayTakeOver: false,
  ...parts,
});
const waiting = (position: number): You => ({ ...maya, place: "waiting", identity: "", position });
const kinds = (before: Room | null, after: Room) => news(before, after).map(({ kind }) => kind);

describe("a waiting person", () => {
  test("is told of being let in", () => {
    expect(kinds(room(waiting(1)), room(maya, { members: [member("maya"), member("luis")] }))).toEqual(["admitted"]);
  });
  test("is told of moving up in line, not of falling back", () => {
    expect(kinds(room(waiting(3)), room(waiting(2)))).toEqual(["movedUp"]);
    expect(kinds(room(waiting(2)), room(waiting(3)))).toEqual([]);
  });
  test("is told of being sent back", () => {
    expect(kinds(room(maya), room(waiting(1)))).toEqual(["sentBack"]);
  });
});

describe("a facilitator", () => {
  test("hears of whoever waits already when coming in", () => {
    expect(kinds(null, room(dana, { waiting: [waiter("maya"), waiter("luis")] }))).toEqual(["waiting", "waiting"]);
  });
  test("hears of each arrival once", () => {
    const before = room(dana, { waiting: [waiter("maya")] });
    expect(news(before, room(dana, { waiting: [waiter("maya"), waiter("luis")] }))).toEqual([
      { kind: "waiting", waiter: waiter("luis") },
    ]);
  });
});

describe("in the room", () => {
  const before = room(maya, { members: [member("maya"), member("luis"), member("ana")] });
  test.each([
    ["somebody joins", [member("maya"), member("luis"), member("ana"), member("jo")], ["joined"]],
    ["somebody leaves", [member("maya"), member("luis")], ["left"]],
    ["a connection drops", [member("maya"), member("luis", true), member("ana")], ["interrupted"]],
    ["one's own drop is no news", [member("maya", true), member("luis"), member("ana")], []],
    ["nothing changes", before.members, []],
  ])("%s", (_, members, expected) => {
    expect(kinds(before, room(maya, { members }))).toEqual(expected);
  });
  test("a connection comes back", () => {
    expect(kinds(room(maya, { members: [member("luis", true)] }), room(maya, { members: [member("luis")] }))).toEqual(["back"]);
  });
  test("the last facilitator goes, and comes back", () => {
    expect(kinds(room(maya), room(maya, { staffPresent: false }))).toEqual(["staffGone"]);
    expect(kinds(room(maya, { staffPresent: false }), room(maya))).toEqual(["staffBack"]);
  });
  const side = (roomId: string, roomName: string): You => ({ ...maya, place: roomId === "" ? "main" : "breakout", roomId, roomName });
  test("a move is told once, and the people of the two rooms are no news", () => {
    const after = room(side("b1", "Room 1"), { members: [member("maya"), member("jo")] });
    expect(news(before, after)).toEqual([{ kind: "moved", roomName: "Room 1" }]);
    expect(news(after, before)).toEqual([{ kind: "moved", roomName: "" }]);
  });
  test("being let in straight into a side room is being let in", () => {
    expect(kinds(room(waiting(1)), room(side("b1", "Room 1")))).toEqual(["admitted"]);
  });
  test("staff hear of a room that asks for help once, and not of the one they are in", () => {
    const asks = (helpSince: string | null): Partial<Room> => ({
      breakouts: {
        state: "open",
        endsAt: null,
        rooms: [{ roomId: "b1", name: "Room 1", kind: "breakout", members: [], assigned: [], helpSince }],
        unassigned: [],
      },
    });
    const since = "2026-11-22T18:00:00Z";
    expect(kinds(room(dana, asks(null)), room(dana, asks(since)))).toEqual(["help"]);
    expect(kinds(room(dana, asks(since)), room(dana, asks(since)))).toEqual([]);
    const there: You = { ...dana, place: "breakout", roomId: "b1", roomName: "Room 1" };
    expect(kinds(room(there, asks(null)), room(there, asks(since)))).toEqual([]);
  });
  test("a hold begins and ends", () => {
    const hold = (paused: boolean): Partial<Room> => ({ hold: { since: "", pausedAt: "", paused } });
    expect(kinds(room(maya, hold(false)), room(maya, hold(true)))).toEqual(["held"]);
    expect(kinds(room(maya, hold(true)), room(maya))).toEqual(["resumed"]);
  });
  test("those present when one comes in are no news", () => {
    expect(kinds(null, before)).toEqual([]);
  });
});
