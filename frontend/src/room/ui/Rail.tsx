import { useEffect, useId, useRef, useState, type ReactNode, type RefObject } from "react";
import type { Member, Room } from "../../protocol/messages.gen";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { BreakoutsPanel } from "./Breakouts";
import { Confirm } from "./Dialog";
import { others } from "./Gallery";
import { useFocusOnArrival } from "./hooks";
import { Icon } from "./Icon";
import { Initials } from "./Initials";
import { AwayList, Flags, Lobbies, NotifyOffer } from "./Lobby";

type Asking = { readonly about: "decline" | "remove"; readonly personId: string; readonly name: string };

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
  readonly onClose: () => void;
}

type Side = "people" | "rooms";

/** Beside the faces, for staff: the people, and the small rooms. */
export function Rail(props: Props) {
  const { session, snapshot, view } = props;
  const words = useWords();
  const [side, setSide] = useState<Side>("people");
  const heading = useFocusOnArrival<HTMLHeadingElement>();
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
    <aside className="rail" aria-label={words.people} data-testid="rail" data-side={side}>
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
        onDecline={({ personId, name }) => setAsking({ about: "decline", personId, name })}
      />
      <NotifyOffer />

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
                onSendBack={() => session.sendBack(member.personId)}
                onRemove={() => setAsking({ about: "remove", personId: member.personId, name: member.name })}
              />
            ))}
          </ul>
        )}
      </section>

      <AwayList session={session} snapshot={snapshot} view={view} />

      {asking && (
        <Confirm
          title={asking.about === "remove" ? words.removeTitle(asking.name) : words.declineTitle(asking.name)}
          text={asking.about === "remove" ? words.removeText(asking.name) : words.declineText(asking.name)}
          no={words.cancel}
          home={heading}
          onClose={() => setAsking(null)}
        >
          <button
            type="button"
            className="button danger"
            data-testid="confirm"
            onClick={() => {
              if (asking.about === "remove") session.remove(asking.personId);
              else session.decline(asking.personId);
              setAsking(null);
            }}
          >
            {asking.about === "remove" ? words.removeYes : words.notToday}
          </button>
        </Confirm>
      )}
    </>
  );
}

function MemberRow(props: {
  readonly member: Member;
  readonly busy: boolean;
  readonly onMute: () => void;
  readonly onSendBack: () => void;
  readonly onRemove: () => void;
}) {
  const words = useWords();
  const { member, busy } = props;
  const [open, setOpen] = useState(false);
  const row = useRef<HTMLLIElement>(null);
  const more = useRef<HTMLButtonElement>(null);
  const menuId = useId();
  const staff = member.role === "facilitator";

  useEffect(() => {
    if (!open) return;
    const elsewhere = ({ target }: Event) => {
      if (!row.current?.contains(target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopImmediatePropagation(); // closes the menu, not the rail around it
      setOpen(false);
      more.current?.focus();
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("keydown", escape, { capture: true });
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("keydown", escape, { capture: true });
    };
  }, [open]);

  const act = (doIt: () => void) => () => {
    setOpen(false);
    more.current?.focus();
    doIt();
  };
  const below = member.interrupted ? words.tileInterrupted : staff ? words.roleFacilitator : member.role === "family" ? words.roleFamily : "";
  return (
    <li className="rail-row" ref={row} data-testid="member" data-person={member.personId}>
      <Initials name={member.name} personId={member.personId} />
      <span className="rail-name">
        {member.name}
        {below !== "" && <small>{below}</small>}
      </span>
      <span className="rail-acts">
        <button
          type="button"
          className="round quiet"
          data-testid="mute"
          aria-label={words.muteName(member.name)}
          title={words.mute}
          disabled={busy}
          onClick={props.onMute}
        >
          <Icon name="microphoneOff" />
        </button>
        {!staff && (
          <button
            type="button"
            className="round quiet"
            ref={more}
            data-testid="member-more"
            aria-label={words.actsFor(member.name)}
            aria-expanded={open}
            aria-controls={menuId}
            onClick={() => setOpen(!open)}
          >
            <Icon name="more" />
          </button>
        )}
      </span>
      <Flags flags={member.flags} />
      <div className="rail-menu" id={menuId} hidden={!open}>
        <button type="button" className="button wide" data-testid="send-back" disabled={busy} onClick={act(props.onSendBack)}>
          {words.sendBack}
        </button>
        <button type="button" className="button danger wide" data-testid="remove" disabled={busy} onClick={act(props.onRemove)}>
          {words.remove}
        </button>
      </div>
    </li>
  );
}
