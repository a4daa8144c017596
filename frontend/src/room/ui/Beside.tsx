import { useState } from "react";
import type { Room } from "../../protocol/messages.gen";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { others } from "./Gallery";
import { Icon } from "./Icon";
import { firstNameOf } from "./Initials";
import { Recall } from "./Recall";
import { TimeLeft, TimeTold } from "./TimeLeft";

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
}

/** In the strip on top: which room this is, how long it is open, and the way to help or back. */
export function Whereabouts(props: Props) {
  const { view, session } = props;
  const { place } = view.you;
  const { breakouts } = view;
  const open = breakouts !== null && breakouts.state !== "planned";
  if (place === "aside") return <Aside {...props} />;
  return (
    <>
      {open && <Small {...props} endsAt={breakouts.endsAt} closing={breakouts.state === "closing"} />}
      <TimeTold session={session} endsAt={open && breakouts.state === "open" ? breakouts.endsAt : null} />
    </>
  );
}

function Small(props: Props & { readonly endsAt: string | null; readonly closing: boolean }) {
  const { session, snapshot, view, endsAt, closing } = props;
  const words = useWords();
  const [recalling, setRecalling] = useState(false);
  const staff = view.you.role === "facilitator";
  const there = view.you.place === "breakout";
  const time = endsAt !== null && <TimeLeft session={session} endsAt={endsAt} />;
  return (
    <div className="whereabouts" data-testid="whereabouts" data-closing={closing}>
      <p>
        {closing ? (
          <>
            {words.closingIn} {time} <span className="soft">{words.closingHint}</span>
          </>
        ) : (
          <>
            {there ? words.inRoom(view.you.roomName) : words.sideRoomsOpen}{" "}
            {time && (
              <>
                {time} {words.timeLeftWord}
              </>
            )}
          </>
        )}
      </p>
      {there && !staff && !closing && <Help session={session} snapshot={snapshot} asked={view.helpSince !== null} />}
      {there && staff && (
        <button
          type="button"
          className="button small"
          data-testid="back-to-main"
          disabled={Session.busy(snapshot, "visit")}
          onClick={() => void session.act({ type: "visit", roomId: "" }, "visit")}
        >
          {words.backToMain}
        </button>
      )}
      {!there && staff && !closing && (
        <button type="button" className="button small" data-testid="recall" onClick={() => setRecalling(true)}>
          {words.recall}
        </button>
      )}
      {recalling && <Recall session={session} onClose={() => setRecalling(false)} />}
    </div>
  );
}

function Help(props: { readonly session: Session; readonly snapshot: Snapshot; readonly asked: boolean }) {
  const { session, snapshot, asked } = props;
  const words = useWords();
  const ask = (on: boolean) => void session.act({ type: "askHelp", on }, "help");
  return (
    <>
      <p role="status">{asked && words.helpComing}</p>
      <button
        type="button"
        className={asked ? "button small" : "button primary small"}
        data-testid={asked ? "help-back" : "ask-help"}
        disabled={Session.busy(snapshot, "help")}
        onClick={() => ask(!asked)}
      >
        {asked ? words.helpBack : words.askHelp}
      </button>
    </>
  );
}

function Aside({ session, snapshot, view }: Props) {
  const words = useWords();
  const staff = view.you.role === "facilitator";
  return (
    <div className="whereabouts" data-testid="whereabouts">
      <p>{words.asideWith(others(view).map(({ name }) => firstNameOf(name)))}</p>
      {staff && (
        <button
          type="button"
          className="button primary small"
          data-testid="aside-end"
          disabled={Session.busy(snapshot, "aside")}
          onClick={() => void session.act({ type: "returnFromAside", roomId: view.you.roomId }, "aside")}
        >
          {words.asideEnd}
        </button>
      )}
    </div>
  );
}

/** No facilitator: first a word of it in the strip, then, when the group is paused, the whole stage. */
export function HoldNote({ session, view }: Props) {
  const words = useWords();
  if (view.hold === null || view.hold.paused) return null;
  return (
    <p className="strip-note" data-testid="hold-soon">
      <span>
        {words.holdSoon} <TimeLeft session={session} endsAt={view.hold.pausedAt} />
      </span>
    </p>
  );
}

export function HoldCover({ view }: { readonly view: Room }) {
  const words = useWords();
  if (!view.hold?.paused) return null;
  return (
    <div className="hold" data-testid="hold">
      <div className="breath" aria-hidden="true" />
      <div className="calm-words">
        <h2>{words.holdTitle}</h2>
        <p className="lead">{words.holdText}</p>
        <p className="soft">{words.holdMinutes}</p>
      </div>
    </div>
  );
}

/** To staff on call: nobody leads the group, or who leads it has asked for help in a crisis. */
export function TakeOver({ session, snapshot, view }: Props) {
  const words = useWords();
  if (!view.mayTakeOver) return null;
  const led = view.hold === null;
  return (
    <div className="notice attention take-over" role="alert" data-testid="may-take-over">
      <Icon name="notice" />
      <div className="stack tight">
        <p>
          <strong>{led ? words.takeOverCrisis : words.takeOverTitle}</strong> {led ? words.goToHelpText : words.takeOverText}
        </p>
        <button
          type="button"
          className="button primary small"
          data-testid="take-over"
          disabled={Session.busy(snapshot, "takeOver")}
          onClick={() => void session.act({ type: "takeOver" }, "takeOver")}
        >
          {led ? words.goToHelp : words.takeOver}
        </button>
      </div>
    </div>
  );
}
