import { useId, useRef, useState, type ReactNode, type RefObject } from "react";
import type { Member, Room } from "../../protocol/messages.gen";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { BreakoutsPanel } from "./Breakouts";
import { FloorControls, Hands } from "./FloorControls";
import { others } from "./Gallery";
import { useFocusKept, useFocusOnArrival } from "./hooks";
import { Icon } from "./Icon";
import { Initials } from "./Initials";
import { TurnAway } from "./TurnAway";
import { AwayList, Flags, Lobbies, NotifyOffer } from "./Lobby";

type Asking = { readonly personId: string; readonly name: string };

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
  readonly onPerson: (personId: string) => void;
  readonly onClose: () => void;
}

type Side = "people" | "rooms";

/** Beside the faces, for staff: the people, and the small rooms. */
export function Rail(props: Props) {
  const { session, snapshot, view } = props;
  const words = useWords();
  const [side, setSide] = useState<Side>("people");
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const rail = useRef<HTMLElement>(null);
  useFocusKept(rail, heading);
  const helps = view.breakouts?.rooms.filter(({ helpSince }) => helpSince !== null).length ?? 0;
  const tab = (which: Side, name: string, count: number): ReactNode => (
    <button
      type="button"
      className="rail-tab"
      data-testid={`rail-${which}`}
      aria-pressed={side === which}
      onClick={() => setSide(which)}
    >
      {name} {count > 0 && <span className="tag attention">{count}</span>}
    </button>
  );
  return (
    <aside className="rail" ref={rail} aria-label={words.people} data-testid="rail" data-side={side}>
      <header className="rail-head">
        <h2 className="visually-hidden" ref={heading} tabIndex={-1}>
          {words.people}
        </h2>
        <div className="rail-tabs">
          {tab("people", words.railPeople, view.waiting.length)}
          {tab("rooms", words.railRooms, helps)}
        </div>
        <button type="button" className="round quiet" aria-label={words.close} onClick={props.onClose}>
          <Icon name="close" />
        </button>
      </header>
      {side === "rooms" ? <BreakoutsPanel session={session} snapshot={snapshot} view={view} /> : <People {...props} heading={heading} />}
    </aside>
  );
}

/** Who waits and who is here, with one act at hand and the rest behind it. */
function People(props: Props & { readonly heading: RefObject<HTMLHeadingElement | null> }) {
  const { session, snapshot, view, heading } = props;
  const words = useWords();
  const [asking, setAsking] = useState<Asking | null>(null);
  const here = others(view);
  const hereId = useId();

  return (
    <>
      <Lobbies
        session={session}
        snapshot={snapshot}
        view={view}
        onDecline={({ personId, name }) => setAsking({ personId, name })}
      />
      <NotifyOffer />

      <Hands session={session} snapshot={snapshot} view={view} />

      <section aria-labelledby={hereId}>
        <h3 id={hereId}>
          {words.here} <span className="rail-count">{here.length + 1}</span>
        </h3>
        {here.length === 0 ? (
          <p className="soft">{words.onlyYou}</p>
        ) : (
          <ul className="rail-list">
            {here.map((member) => (
              <MemberRow
                key={member.personId}
                member={member}
                busy={Session.busy(snapshot, member.personId)}
                onMute={() => session.mute(member.personId)}
                onMore={() => props.onPerson(member.personId)}
              />
            ))}
          </ul>
        )}
      </section>

      <AwayList session={session} snapshot={snapshot} view={view} />

      <FloorControls session={session} snapshot={snapshot} view={view} />

      {asking && (
        <TurnAway
          title={words.declineTitle(asking.name)}
          text={words.declineText(asking.name)}
          yes={words.notToday}
          home={heading}
          onYes={(reason) => session.decline(asking.personId, reason)}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

function MemberRow(props: {
  readonly member: Member;
  readonly busy: boolean;
  readonly onMute: () => void;
  readonly onMore: () => void;
}) {
  const words = useWords();
  const { member, busy } = props;
  const staff = member.role === "facilitator";
  const below = member.interrupted ? words.tileInterrupted : staff ? words.roleFacilitator : member.role === "family" ? words.roleFamily : "";
  return (
    <li className="rail-row" data-testid="member" data-person={member.personId}>
      <Initials name={member.name} personId={member.personId} />
      <span className="rail-name">
        {member.name}
        {below !== "" && <small>{below}</small>}
      </span>
      <span className="rail-acts">
        <button
          type="button"
          className="button small quiet"
          data-testid="mute"
          aria-label={words.muteName(member.name)}
          disabled={busy}
          onClick={props.onMute}
        >
          {words.muteShort}
        </button>
        <button
          type="button"
          className="round quiet"
          data-testid="member-more"
          aria-label={words.actsFor(member.name)}
          aria-haspopup="dialog"
          onClick={props.onMore}
        >
          <Icon name="more" />
        </button>
      </span>
      <Flags flags={member.flags} />
    </li>
  );
}
