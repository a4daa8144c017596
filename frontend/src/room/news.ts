/** What happened between two views: for the ear, the live region and the toasts. Pure. */
import type { Member, Room, Waiter } from "../protocol/messages.gen";
import { inside } from "./place";

export type News =
  | { readonly kind: "waiting"; readonly waiter: Waiter }
  | { readonly kind: "joined" | "left" | "interrupted" | "back"; readonly member: Member }
  /** Oneself, to a side room or ("") to the main room. */
  | { readonly kind: "moved"; readonly roomName: string }
  /** A side room asks for staff. */
  | { readonly kind: "help"; readonly roomId: string; readonly roomName: string }
  | { readonly kind: "admitted" | "sentBack" | "movedUp" | "staffGone" | "staffBack" | "recalled" | "held" | "resumed" };

const byPerson = <T extends { readonly personId: string }>(people: readonly T[]) =>
  new Map(people.map((person) => [person.personId, person]));

/** In the order in which they should be told. Nothing is news in the first view but who is waiting already. */
export function news(before: Room | null, after: Room): readonly News[] {
  const told: News[] = [];
  const waited = byPerson(before?.waiting ?? []);
  for (const waiter of after.waiting) if (!waited.has(waiter.personId)) told.push({ kind: "waiting", waiter });
  if (before === null) return told;

  const [was, is] = [before.you, after.you];
  if (was.place === "waiting" && inside(is.place)) told.push({ kind: "admitted" });
  if (inside(was.place) && is.place === "waiting") told.push({ kind: "sentBack" });
  if (was.position !== null && is.position !== null && is.position < was.position) told.push({ kind: "movedUp" });

  if (!inside(was.place) || !inside(is.place)) return told;
  const moved = was.roomId !== is.roomId;
  if (moved) told.push({ kind: "moved", roomName: is.roomName });
  if (after.breakouts?.state === "closing" && before.breakouts?.state === "open") told.push({ kind: "recalled" });
  const asked = new Set(before.breakouts?.rooms.filter(({ helpSince }) => helpSince !== null).map(({ roomId }) => roomId));
  for (const { roomId, name, helpSince } of after.breakouts?.rooms ?? []) {
    if (helpSince !== null && !asked.has(roomId) && roomId !== is.roomId) told.push({ kind: "help", roomId, roomName: name });
  }
  if (after.hold?.paused && !before.hold?.paused) told.push({ kind: "held" });
  if (before.hold?.paused && !after.hold?.paused) told.push({ kind: "resumed" });

  if (!moved) {
    const [had, has] = [byPerson(before.members), byPerson(after.members)];
    for (const member of after.members) {
      const earlier = had.get(member.personId);
      if (member.personId === is.personId) continue;
      if (earlier === undefined) told.push({ kind: "joined", member });
      else if (!earlier.interrupted && member.interrupted) told.push({ kind: "interrupted", member });
      else if (earlier.interrupted && !member.interrupted) told.push({ kind: "back", member });
    }
    for (const member of before.members) {
      if (member.personId !== is.personId && !has.has(member.personId)) told.push({ kind: "left", member });
    }
  }
  if (before.staffPresent && !after.staffPresent) told.push({ kind: "staffGone" });
  if (!before.staffPresent && after.staffPresent) told.push({ kind: "staffBack" });
  return told;
}
