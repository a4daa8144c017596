import { useParticipants } from "@livekit/components-react";
import { Track, type Participant } from "livekit-client";
import { useRef } from "react";
import type { Member, Room } from "../../protocol/messages.gen";
import { compose, scene, type Layout } from "../scene";
import { useWords } from "../words";
import { useSize } from "./hooks";
import { useFloor } from "./floor";
import { EmptyTile, ScreenTile, Tile, type Marks } from "./Tile";

const GAP = 8;

/** Everybody in the reader's room but the reader. */
export function others(view: Room): readonly Member[] {
  return view.members.filter(({ personId }) => personId !== view.you.personId);
}

/** Facilitators first, then as the server tells them, oneself last: a face keeps its place while people come and go. */
function inOrder(view: Room, hideSelf: boolean): readonly Member[] {
  const staff = others(view).filter(({ role }) => role === "facilitator");
  const rest = others(view).filter(({ role }) => role !== "facilitator");
  const alone = staff.length + rest.length === 0;
  return hideSelf && !alone ? [...staff, ...rest] : [...staff, ...rest, { ...view.you, interrupted: false, flags: [] }];
}

const screenId = (personId: string) => `screen:${personId}`;
const shares = (participant: Participant) => participant.getTrackPublication(Track.Source.ScreenShare) !== undefined;

export interface Look {
  readonly layout: Layout;
  readonly pins: ReadonlySet<string>;
  readonly hideSelf: boolean;
  /** Others' cameras are not shown: the line does not carry them. */
  readonly facesOff: boolean;
}

/** Who is shown is the server's view; the media engine only adds pictures to it. */
export function Gallery(props: {
  readonly view: Room;
  readonly look: Look;
  readonly marks: (personId: string) => Marks;
  readonly onOpen: (personId: string) => void;
}) {
  const { view, look } = props;
  const words = useWords();
  const stage = useRef<HTMLUListElement>(null);
  const size = useSize(stage);
  const participants = useParticipants();
  const members = inOrder(view, look.hideSelf);
  const of = (member: Member) =>
    participants.find(({ identity, isLocal }) =>
      member.personId === view.you.personId ? isLocal : identity === member.identity,
    );
  const sharing = members.flatMap((member) => {
    const participant = of(member);
    return participant !== undefined && !participant.isLocal && shares(participant) ? [{ member, participant }] : [];
  });
  const spoken = useFloor(others(view));
  const { large, small } = scene(
    members.map(({ personId }) => personId),
    {
      layout: look.layout,
      pins: look.pins,
      spotlight: view.spotlight,
      speaker: spoken,
      screens: sharing.map(({ member }) => screenId(member.personId)),
    },
  );
  const places = compose(size, large.length, small.length, GAP);
  const placeOf = (id: string) => places[large.includes(id) ? large.indexOf(id) : large.length + small.indexOf(id)];
  return (
    <ul className="gallery" ref={stage} aria-label={words.gallery} data-testid="gallery" data-split={small.length > 0}>
      {sharing.map(({ member, participant }) => {
        const place = placeOf(screenId(member.personId));
        return (
          place && <ScreenTile key={screenId(member.personId)} name={member.name} participant={participant} place={place} />
        );
      })}
      {members.map((member) => {
        const place = placeOf(member.personId);
        if (place === undefined) return null;
        const shown = {
          member,
          you: member.personId === view.you.personId,
          place,
          large: small.length > 0 && large.includes(member.personId),
          marks: props.marks(member.personId),
          faceless: look.facesOff && member.personId !== view.you.personId,
          onOpen: () => props.onOpen(member.personId),
        };
        const participant = of(member);
        return participant === undefined ? (
          <EmptyTile key={member.personId} {...shown} />
        ) : (
          <Tile key={member.personId} {...shown} participant={participant} />
        );
      })}
    </ul>
  );
}
