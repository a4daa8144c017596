/** Small rooms as a facilitator plans and watches them. Pure. */
import type { Breakouts, Member, Person, PlannedRoom, Room, SideRoom } from "../protocol/messages.gen";

/** Somebody in a column: where they belong, and whether they are there. */
export interface Chip {
  readonly person: Person;
  readonly here: boolean;
  readonly interrupted: boolean;
  /** Staff come and go by themselves. */
  readonly visiting: boolean;
}

/** Who is inside and has no room: as the server says, or everybody but staff while nothing is planned. */
export function unassigned(view: Room): readonly Person[] {
  if (view.breakouts !== null) return view.breakouts.unassigned;
  return view.members.filter(({ personId, role }) => personId !== view.you.personId && role !== "facilitator");
}

const chipOf = (person: Person, member: Member | undefined, visiting: boolean): Chip => ({
  person,
  here: member !== undefined,
  interrupted: member?.interrupted ?? false,
  visiting,
});

/** The people of one room: first who belongs there, then who is only visiting. */
export function chipsOf(room: SideRoom): readonly Chip[] {
  const there = new Map(room.members.map((member) => [member.personId, member]));
  const belong = new Set(room.assigned.map(({ personId }) => personId));
  return [
    ...room.assigned.map((person) => chipOf(person, there.get(person.personId), false)),
    ...room.members.filter(({ personId }) => !belong.has(personId)).map((member) => chipOf(member, member, true)),
  ];
}

/** The plan as a command tells it. */
export function planOf(breakouts: Breakouts | null): readonly PlannedRoom[] {
  return (breakouts?.rooms ?? []).map(({ roomId, name, assigned }) => ({
    roomId,
    name,
    people: assigned.map(({ personId }) => personId),
  }));
}

/** An earlier plan over the present one: rooms that are gone since then are made anew. */
export function restored(earlier: readonly PlannedRoom[], now: Breakouts | null): readonly PlannedRoom[] {
  const known = new Set(now?.rooms.map(({ roomId }) => roomId));
  return earlier.map((room) => (known.has(room.roomId) ? room : { ...room, roomId: "" }));
}

/** Where somebody belongs: a room's id, or "". */
export const roomOf = (breakouts: Breakouts | null, personId: string): string =>
  breakouts?.rooms.find(({ assigned }) => assigned.some((person) => person.personId === personId))?.roomId ?? "";

/** The next room to the left (-1) or right (1) of somebody's; the main room ("") is the leftmost. */
export function beside(breakouts: Breakouts | null, personId: string, step: -1 | 1): string {
  const ids = ["", ...(breakouts?.rooms ?? []).map(({ roomId }) => roomId)];
  const at = ids.indexOf(roomOf(breakouts, personId));
  return ids[Math.min(ids.length - 1, Math.max(0, at + step))] ?? "";
}

/** Rooms that ask for staff, the longest waiting first. */
export function helpQueue(breakouts: Breakouts | null): readonly SideRoom[] {
  return (breakouts?.rooms ?? [])
    .filter(({ helpSince }) => helpSince !== null)
    .sort((one, other) => Date.parse(one.helpSince ?? "") - Date.parse(other.helpSince ?? ""));
}
