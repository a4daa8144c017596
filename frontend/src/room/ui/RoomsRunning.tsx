import { useId, useState } from "react";
import type { Breakouts, SideRoom } from "../../protocol/messages.gen";
import { helpQueue } from "../rooms";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { Icon } from "./Icon";
import { Recall } from "./Recall";
import { ABOUT, Times, type RoomsProps } from "./RoomsPlan";
import { TimeLeft, useSecondsLeft } from "./TimeLeft";

/** While the rooms are open: their clock, who asked for help, and the way to call all back. */
export function Running({ session, snapshot, view, breakouts }: RoomsProps & { readonly breakouts: Breakouts }) {
  const words = useWords();
  const [recalling, setRecalling] = useState(false);
  const busy = Session.busy(snapshot, ABOUT);
  const closing = breakouts.state === "closing";
  const helps = helpQueue(breakouts);
  return (
    <>
      <div className="rooms-clock">
        <p>
          <span className="soft">{closing ? words.roomsClosing : words.roomsOpen}</span>
          {breakouts.endsAt !== null && <TimeLeft session={session} endsAt={breakouts.endsAt} />}
        </p>
        <button type="button" className="button primary" data-testid="panel-recall" disabled={busy} onClick={() => setRecalling(true)}>
          {words.recall}
        </button>
      </div>
      {helps.length > 0 && (
        <ul className="rooms-helps" aria-label={words.askHelp}>
          {helps.map((room) => (
            <li key={room.roomId} className="notice attention" data-testid="help-wanted">
              <Icon name="bell" />
              <p>
                <strong>{words.helpWanted(room.name)}</strong>
              </p>
              <span className="rail-acts">
                <Go session={session} snapshot={snapshot} room={room} look="primary" testid="help-go" here={view.you.roomId === room.roomId} />
                <button
                  type="button"
                  className="button quiet small"
                  data-testid="help-done"
                  aria-label={words.helpDoneName(room.name)}
                  disabled={busy}
                  onClick={() => void session.act({ type: "helpDone", roomId: room.roomId }, ABOUT)}
                >
                  {words.helpDone}
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {recalling && <Recall session={session} onClose={() => setRecalling(false)} />}
    </>
  );
}

/** Below the rooms: more or less time, and a word to everybody. */
export function Steering({ session, snapshot, breakouts }: RoomsProps & { readonly breakouts: Breakouts }) {
  const words = useWords();
  const seconds = useSecondsLeft(session, breakouts.endsAt);
  const [minutes, setMinutes] = useState<number | null>(15);
  const [text, setText] = useState("");
  const [sent, setSent] = useState(false);
  const broadcastId = useId();
  const busy = Session.busy(snapshot, ABOUT);
  const setTimer = (to: number | null) => void session.act({ type: "setBreakoutTimer", minutes: to }, ABOUT);
  return (
    <>
      {breakouts.state === "open" && (
        <div className="rooms-time">
          {seconds !== null && (
            <button
              type="button"
              className="button small"
              data-testid="five-more"
              disabled={busy}
              onClick={() => setTimer(Math.min(180, Math.ceil(seconds / 60) + 5))}
            >
              {words.fiveMore}
            </button>
          )}
          <Times label={words.howLong} value={minutes} onChange={setMinutes} />
          <button type="button" className="button small" data-testid="set-time" disabled={busy} onClick={() => setTimer(minutes)}>
            {words.setTime}
          </button>
        </div>
      )}
      <form
        className="rooms-broadcast"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === "") return;
          void session.act({ type: "say", to: "everyone", text: text.trim() }, "broadcast").then((done) => {
            if (!done) return;
            setText("");
            setSent(true);
          });
        }}
      >
        <span className="field">
          <label htmlFor={broadcastId}>{words.broadcast}</label>
          <input
            id={broadcastId}
            value={text}
            maxLength={500}
            autoComplete="off"
            data-testid="broadcast"
            onChange={({ target }) => {
              setText(target.value);
              setSent(false);
            }}
          />
        </span>
        <button type="submit" className="button" data-testid="broadcast-send" disabled={Session.busy(snapshot, "broadcast")}>
          {words.send}
        </button>
        <p className="soft small" role="status">
          {sent && words.sent}
        </p>
      </form>
    </>
  );
}

/** The ways into a room for a facilitator: taking part, or only listening. */
export function Going({ session, snapshot, view, room }: RoomsProps & { readonly room: SideRoom }) {
  const words = useWords();
  if (view.you.roomId === room.roomId) return <p className="tag now">{words.youAreHere}</p>;
  return (
    <span className="rooms-going">
      <Go session={session} snapshot={snapshot} room={room} testid="visit" />
      <Go session={session} snapshot={snapshot} room={room} look="quiet" testid="listen" listening />
    </span>
  );
}

/** One press, and one is there; to listen, without picture and sound of one's own. */
function Go(props: {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly room: SideRoom;
  readonly testid: string;
  readonly look?: "primary" | "quiet";
  readonly listening?: boolean;
  readonly here?: boolean;
}) {
  const { session, snapshot, room, look, listening = false, here = false } = props;
  const words = useWords();
  return (
    <button
      type="button"
      className={look === undefined ? "button small" : `button ${look} small`}
      data-testid={props.testid}
      aria-label={listening ? words.listenName(room.name) : words.visitName(room.name)}
      disabled={here || Session.busy(snapshot, "visit")}
      onClick={() => {
        if (listening) session.want({ microphone: false, camera: false });
        void session.act({ type: "visit", roomId: room.roomId }, "visit");
      }}
    >
      {listening ? words.listen : words.visit}
    </button>
  );
}

/** Who stepped aside, and the way to bring them back. */
export function Asides({ session, snapshot, view }: RoomsProps) {
  const words = useWords();
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{words.asides}</h3>
      <ul className="rail-list">
        {view.asides.map((room) => (
          <li className="rail-row" key={room.roomId} data-testid="aside-room">
            <span className="rail-name">{(room.members.length > 0 ? room.members : room.assigned).map(({ name }) => name).join(", ") || room.name}</span>
            <button
              type="button"
              className="button small"
              disabled={Session.busy(snapshot, "aside")}
              onClick={() => void session.act({ type: "returnFromAside", roomId: room.roomId }, "aside")}
            >
              {words.endAside}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
