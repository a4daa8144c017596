import { useEffect, useState } from "react";
import type { Waiter } from "../../protocol/messages.gen";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { Icon } from "./Icon";
import { Initials } from "./Initials";

const SHOWN_MS = 10_000;
const STACKED = 3;

/** A line that goes by itself; hovering or focusing it keeps it. */
function Toast(props: { readonly onGone: () => void; readonly children: React.ReactNode }) {
  const [held, setHeld] = useState(false);
  const { onGone } = props;
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(onGone, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, onGone]);
  return (
    <div
      className="toast"
      data-testid="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {props.children}
    </div>
  );
}

export interface Line {
  readonly id: number;
  readonly text: string;
}

/** Who just arrived at the door, with Admit at hand; after that the faces of all who still wait. */
export function Arrivals(props: {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly waiting: readonly Waiter[];
  readonly fresh: ReadonlySet<string>;
  readonly onSeen: (personId: string) => void;
  readonly onOpen: () => void;
}) {
  const words = useWords();
  const { session, waiting, fresh } = props;
  const arriving = waiting.filter(({ personId }) => fresh.has(personId)).slice(-2);
  const rest = waiting.filter((waiter) => !arriving.includes(waiter));
  return (
    <>
      {arriving.map((waiter) => (
        <Toast key={waiter.personId} onGone={() => props.onSeen(waiter.personId)}>
          <Initials name={waiter.name} personId={waiter.personId} />
          <span className="toast-text">
            {words.saysWaiting(waiter.name)}
            {waiter.late && <small>{words.cameLate(waiter.minutesLate)}</small>}
          </span>
          <button
            type="button"
            className="button primary small"
            data-testid="toast-admit"
            aria-label={waiter.late ? words.lateDecideName(waiter.name) : words.admitName(waiter.name)}
            onClick={() => {
              if (waiter.late) props.onOpen();
              else session.admit(waiter.personId);
              props.onSeen(waiter.personId);
            }}
          >
            {waiter.late ? words.lateDecide : words.admit}
          </button>
        </Toast>
      ))}
      {rest.length > 0 && (
        <button type="button" className="stacked" data-testid="stacked" onClick={props.onOpen}>
          <span className="stacked-faces" aria-hidden="true">
            {rest.slice(0, STACKED).map(({ personId, name }) => (
              <Initials key={personId} personId={personId} name={name} />
            ))}
            {rest.length > STACKED && <span className="initials">{words.moreWaiting(rest.length - STACKED)}</span>}
          </span>
          {words.waitingCount(rest.length)}
        </button>
      )}
    </>
  );
}

export function Lines(props: { readonly lines: readonly Line[]; readonly onGone: (id: number) => void }) {
  const { lines, onGone } = props;
  return lines.map(({ id, text }) => (
    <Toast key={id} onGone={() => onGone(id)}>
      <Icon name="notice" />
      <span className="toast-text">{text}</span>
    </Toast>
  ));
}
