import { useId, useRef, useState } from "react";
import type { Away, LateReason, Lobby, Room, Waiter } from "../../protocol/messages.gen";
import { PART_ENDED, wentHow } from "../away";
import { inTime } from "../late";
import { notifiable, useNotifications } from "../notify";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { clockIn } from "../words/clock";
import { useServerNow } from "./hooks";
import { Icon } from "./Icon";
import { Initials } from "./Initials";
import { LateChoice } from "./Late";

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
}

/** Who waits, in order of arrival; in family meetings in two lobbies, each with its own door. */
export function Lobbies(props: Props & { readonly onDecline: (waiter: Waiter) => void }) {
  const { session, snapshot, view } = props;
  const words = useWords();
  const { lobbies } = view.meeting;
  const several = lobbies.length > 1;
  return (
    <>
      {inTime(view.waiting).length > 0 && (
        <button
          type="button"
          className="button primary wide"
          data-testid="admit-all"
          disabled={Session.busy(snapshot)}
          onClick={() => session.admitAll()}
        >
          {words.letEveryoneIn}
        </button>
      )}
      {lobbies.map((lobby) => (
        <Line key={lobby} {...props} lobby={several ? lobby : null} waiting={several ? view.waiting.filter((one) => one.lobby === lobby) : view.waiting} />
      ))}
    </>
  );
}

function Line(
  props: Props & { readonly lobby: Lobby | null; readonly waiting: readonly Waiter[]; readonly onDecline: (waiter: Waiter) => void },
) {
  const { session, snapshot, lobby, waiting } = props;
  const words = useWords();
  const id = useId();
  const nowMs = useServerNow(session);
  const name = lobby === null ? words.waiting : lobby === "family" ? words.lobbyFamily : words.lobbyClients;
  return (
    <section aria-labelledby={id} data-testid={`lobby-${lobby ?? "all"}`}>
      <div className="lobby-head">
        <h3 id={id}>
          {lobby !== null && <span className="soft">{words.waiting}:</span>} {name} <span className="rail-count">{waiting.length}</span>
        </h3>
        {lobby !== null && inTime(waiting).length > 1 && (
          <button
            type="button"
            className="button small"
            data-testid={`admit-${lobby}`}
            disabled={Session.busy(snapshot)}
            onClick={() => session.admitAll(lobby)}
          >
            {words.letLobbyIn[lobby]}
          </button>
        )}
      </div>
      {waiting.length === 0 ? (
        <p className="soft">{words.nobodyWaits}</p>
      ) : (
        <ol className="rail-list">
          {waiting.map((waiter) => (
            <WaiterRow
              key={waiter.personId}
              waiter={waiter}
              minutes={Math.max(0, Math.floor((nowMs - Date.parse(waiter.since)) / 60_000))}
              busy={Session.busy(snapshot, waiter.personId)}
              onAdmit={(reason) => session.admit(waiter.personId, reason)}
              onDecline={() => props.onDecline(waiter)}
            />
          ))}
        </ol>
      )}
    </section>
  );
}

function WaiterRow(props: {
  readonly waiter: Waiter;
  readonly minutes: number;
  readonly busy: boolean;
  readonly onAdmit: (reason: LateReason | null) => void;
  readonly onDecline: () => void;
}) {
  const words = useWords();
  const { waiter, busy } = props;
  const [asking, setAsking] = useState(false);
  const choice = useId();
  const admit = useRef<HTMLButtonElement>(null);
  const close = () => {
    setAsking(false);
    admit.current?.focus();
  };
  return (
    <li className="rail-row" data-testid="waiter" data-person={waiter.personId}>
      <Initials name={waiter.name} personId={waiter.personId} />
      <span className="rail-name">
        {waiter.name}
        <small>{waiter.interrupted ? words.tileInterrupted : words.since(props.minutes)}</small>
      </span>
      <span className="rail-acts">
        <button
          type="button"
          className="button primary small"
          ref={admit}
          data-testid="admit"
          aria-label={words.admitName(waiter.name)}
          aria-expanded={waiter.late ? asking : undefined}
          aria-controls={waiter.late && asking ? choice : undefined}
          disabled={busy}
          onClick={() => {
            if (!waiter.late) props.onAdmit(null);
            else if (asking) close();
            else setAsking(true);
          }}
        >
          {words.admit}
        </button>
        <button
          type="button"
          className="button quiet small"
          data-testid="decline"
          aria-label={words.notTodayName(waiter.name)}
          disabled={busy}
          onClick={props.onDecline}
        >
          {words.notToday}
        </button>
      </span>
      {waiter.late && (
        <small className="rail-under" data-testid="came-late">
          {words.cameLate(waiter.minutesLate)}
        </small>
      )}
      {waiter.late && asking && (
        <LateChoice
          id={choice}
          name={waiter.name}
          busy={busy}
          onChoose={(reason) => {
            close();
            props.onAdmit(reason);
          }}
          onClose={close}
        />
      )}
      <Flags flags={waiter.flags} />
    </li>
  );
}

/** What staff should know about somebody, each in words. */
export function Flags({ flags }: { readonly flags: Waiter["flags"] }) {
  const words = useWords();
  if (flags.length === 0) return null;
  return (
    <ul className="rail-flags">
      {flags.map((flag) => (
        <li key={flag} className={flag === "otherState" || flag === "notAlone" ? "tag attention" : "tag"} data-testid={`flag-${flag}`}>
          {words.flags[flag]}
        </li>
      ))}
    </ul>
  );
}

const SENT_OUT: ReadonlySet<Away["place"]> = new Set(["declined", "removed"]);

/** Who is on the roster or was here, and is not here now. Who was sent away is asked back from here. */
export function AwayList({ session, snapshot, view }: Props) {
  const words = useWords();
  const id = useId();
  if (view.away.length === 0) return null;
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>
        {words.awayTitle} <span className="rail-count">{view.away.length}</span>
      </h3>
      <ul className="rail-list">
        {view.away.map((away) => (
          <AwayRow key={away.personId} session={session} away={away} busy={Session.busy(snapshot, away.personId)} />
        ))}
      </ul>
    </section>
  );
}

function AwayRow({ session, away, busy }: { readonly session: Session; readonly away: Away; readonly busy: boolean }) {
  const words = useWords();
  const { personId, name, place, reason } = away;
  const sentOut = SENT_OUT.has(place);
  return (
    <li className="rail-row" data-testid={sentOut ? "turned-away" : "away"} data-person={personId}>
      <Initials name={name} personId={personId} />
      <span className="rail-name">
        {name}
        <small>{wentHow(words, away, clockIn(session.config.language, session.config.timeZone))}</small>
      </span>
      {sentOut && reason !== PART_ENDED && (
        <button
          type="button"
          className="button small"
          data-testid="ask-back"
          aria-label={words.askBackName(name)}
          disabled={busy}
          onClick={() => session.sendBack(personId)}
        >
          {words.askBack}
        </button>
      )}
    </li>
  );
}

/** The offer to be told by the system too. Shown until the browser has an answer. */
export function NotifyOffer() {
  const words = useWords();
  const [state, ask] = useNotifications();
  if (!notifiable() || state !== "default") return null;
  return (
    <button type="button" className="button quiet small" data-testid="notify" onClick={ask}>
      <Icon name="bell" /> {words.notifyAsk}
    </button>
  );
}
