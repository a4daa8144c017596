import { useParticipants } from "@livekit/components-react";
import { useRef } from "react";
import type { Member, Room } from "../../protocol/messages.gen";
import { arrange } from "../layout";
import { useWords } from "../words";
import { useSize } from "./hooks";
import { EmptyTile, Tile } from "./Tile";

const GAP = 8;

/** Everybody in the reader's room but the reader. */
export function others(view: Room): readonly Member[] {
  return view.members.filter(({ personId }) => personId !== view.you.personId);
}

/** Facilitators first, then as the server tells them, oneself last: a face keeps its place while people come and go. */
function inOrder(view: Room): readonly Member[] {
  const staff = others(view).filter(({ role }) => role === "facilitator");
  const rest = others(view).filter(({ role }) => role !== "facilitator");
  return [...staff, ...rest, { ...view.you, interrupted: false, flags: [] }];
}

/** Who is shown is the server's view; the media engine only adds pictures to it. */
export function Gallery({ view }: { readonly view: Room }) {
  const words = useWords();
  const stage = useRef<HTMLUListElement>(null);
  const size = useSize(stage);
  const participants = useParticipants();
  const members = inOrder(view);
  const { tile } = arrange(members.length, size, GAP);
  return (
    <ul className="gallery" ref={stage} aria-label={words.gallery} data-testid="gallery">
      {members.map((member) => {
        const you = member.personId === view.you.personId;
        const participant = participants.find(({ identity, isLocal }) => (you ? isLocal : identity === member.identity));
        const shown = { member, you, tile };
        return participant === undefined ? (
          <EmptyTile key={member.personId} {...shown} />
        ) : (
          <Tile key={member.personId} {...shown} participant={participant} />
        );
      })}
    </ul>
  );
}
