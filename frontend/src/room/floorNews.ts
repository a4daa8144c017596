/** What changed on the floor between two views of one room: hands, breaks, who is large, who leads. Pure. */
import type { Member, Part, Room } from "../protocol/messages.gen";

export type FloorNews =
  | { readonly kind: "hand"; readonly member: Member }
  | { readonly kind: "myHand"; readonly up: boolean }
  | { readonly kind: "break"; readonly minutes: number }
  | { readonly kind: "breakOver" }
  | { readonly kind: "part"; readonly part: Part }
  | { readonly kind: "spotlight"; readonly member: Member }
  | { readonly kind: "lead"; readonly member: Member; readonly mine: boolean }
  | { readonly kind: "locked" };

/** In the order in which it should be told. Nothing is news after a move: it was so before one came. */
export function floorNews(before: Room | null, after: Room): readonly FloorNews[] {
  if (before === null || before.you.place !== after.you.place || before.you.roomId !== after.you.roomId) return [];
  const told: FloorNews[] = [];
  const me = after.you.personId;
  const one = (personId: string) => after.members.find((member) => member.personId === personId);

  for (const member of after.members) {
    const earlier = before.members.find(({ personId }) => personId === member.personId);
    if (member.personId !== me && member.hand !== null && earlier?.hand === null) told.push({ kind: "hand", member });
  }
  if ((before.you.hand === null) !== (after.you.hand === null)) told.push({ kind: "myHand", up: after.you.hand !== null });
  if (before.pause === null && after.pause !== null) {
    const { startedAt, endsAt } = after.pause;
    told.push({ kind: "break", minutes: Math.max(1, Math.round((Date.parse(endsAt) - Date.parse(startedAt)) / 60_000)) });
  }
  if (before.pause !== null && after.pause === null) told.push({ kind: "breakOver" });
  const part = after.agenda?.now == null ? undefined : after.agenda.parts[after.agenda.now];
  const begun = after.agenda?.since !== before.agenda?.since;
  if (part !== undefined && begun && !part.isBreak) told.push({ kind: "part", part }); // a break is told as one
  const large = after.spotlight === before.spotlight ? undefined : one(after.spotlight);
  if (large !== undefined) told.push({ kind: "spotlight", member: large });
  const leader = after.lead === before.lead ? undefined : one(after.lead);
  if (leader !== undefined && before.lead !== "") told.push({ kind: "lead", member: leader, mine: after.lead === me });
  if (!before.locked && after.locked) told.push({ kind: "locked" });
  return told;
}
