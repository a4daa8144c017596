import { useEffect, useId, useRef, useState } from "react";
import type { ChatTo, Room } from "../../protocol/messages.gen";
import { turns, type Turn } from "../chat";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { clockIn } from "../words/clock";
import { others } from "./Gallery";
import { Icon } from "./Icon";
import { Initials } from "./Initials";

const SAYING = "chat";
const LONGEST = 2_000;

/** Whom a line is for: a kind, and for some kinds a person. */
export interface Target {
  readonly to: ChatTo;
  readonly personId: string | null;
}

export const TO_ROOM: Target = { to: "room", personId: null };

const keyOf = ({ to, personId }: Target) => `${to} ${personId ?? ""}`;
const targetOf = (key: string): Target => {
  const [to, personId] = key.split(" ");
  return { to: to as ChatTo, personId: personId === "" ? null : (personId ?? null) };
};

/** Everybody somebody of this role may write to. */
function targetsOf(view: Room): readonly (Target & { readonly name: string })[] {
  const target = (to: ChatTo, personId: string | null = null, name = "") => ({ to, personId, name });
  if (view.you.role !== "facilitator") return [target("room"), target("staff")];
  return [
    target("room"),
    target("everyone"),
    target("staff"),
    ...(view.waiting.length > 0 ? [target("waiting")] : []),
    ...others(view).map(({ personId, name }) => target("person", personId, name)),
    ...view.waiting.map(({ personId, name }) => target("waiting", personId, name)),
  ];
}

/** What is said in writing. The words one is about to send survive whatever happens to the line. */
export function Chat(props: {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
  readonly target: Target;
  readonly onTarget: (target: Target) => void;
  readonly draft: string;
  readonly onDraft: (draft: string) => void;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const { session, snapshot, view, draft } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const [failed, setFailed] = useState(false);
  const [toId, fieldId] = [useId(), useId()];
  const targets = targetsOf(view);
  const key = keyOf(props.target);
  const target = targets.find((one) => keyOf(one) === key) ?? targets[0] ?? { ...TO_ROOM, name: "" };
  const { lines } = snapshot.chat;

  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    session.readChat();
    const element = list.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  }, [session, lines]);

  const send = async () => {
    const text = draft.trim();
    if (text === "" || Session.busy(snapshot, SAYING)) return;
    setFailed(false);
    const { to, personId } = target;
    const said = await session.act({ type: "say", to, text, personId }, SAYING);
    if (said) props.onDraft("");
    else setFailed(true);
    field.current?.focus();
  };

  return (
    <aside className="rail chat" aria-label={words.chat} data-testid="chat">
      <header className="rail-head">
        <h2>{words.chat}</h2>
        <button type="button" className="round quiet" aria-label={words.close} onClick={props.onClose}>
          <Icon name="close" />
        </button>
      </header>
      {lines.length === 0 ? (
        <div className="chat-empty">
          <p>
            <strong>{words.chatEmpty}</strong>
          </p>
          <p className="soft">{words.chatEmptyHint}</p>
        </div>
      ) : (
        <ol className="chat-lines" ref={list} tabIndex={0} aria-label={words.chat} data-testid="chat-lines">
          {turns(lines).map((turn) => (
            <TurnRow key={turn.first.lineId} turn={turn} session={session} me={view.you.personId} />
          ))}
        </ol>
      )}
      <form
        className="chat-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {targets.length > 1 && (
          <p className="chat-to">
            <label htmlFor={toId}>{words.chatTo}</label>
            <select
              id={toId}
              className="input"
              value={keyOf(target)}
              data-testid="chat-to"
              onChange={(event) => props.onTarget(targetOf(event.target.value))}
            >
              {targets.map((one) => (
                <option key={keyOf(one)} value={keyOf(one)}>
                  {one.personId === null
                    ? words.chatToWord[one.to]
                    : one.to === "waiting"
                      ? words.chatToWaiter(one.name)
                      : words.chatToPerson(one.name)}
                </option>
              ))}
            </select>
          </p>
        )}
        {failed && (
          <p className="chat-failed" role="alert">
            {words.chatNotSent}
          </p>
        )}
        <div className="chat-write">
          <label className="visually-hidden" htmlFor={fieldId}>
            {words.chatWrite}
          </label>
          <textarea
            id={fieldId}
            ref={field}
            className="input"
            rows={2}
            maxLength={LONGEST}
            placeholder={words.chatWrite}
            value={draft}
            data-testid="chat-text"
            onChange={(event) => props.onDraft(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              void send();
            }}
          />
          <button
            type="submit"
            className="round chat-send"
            aria-label={words.chatSend}
            title={words.chatSend}
            data-testid="chat-send"
            disabled={draft.trim() === "" || Session.busy(snapshot, SAYING)}
          >
            <Icon name="send" />
          </button>
        </div>
      </form>
    </aside>
  );
}

function TurnRow({ turn, session, me }: { readonly turn: Turn; readonly session: Session; readonly me: string }) {
  const words = useWords();
  const { first, texts } = turn;
  const mine = first.personId === me;
  const time = clockIn(session.config.language, session.config.timeZone);
  return (
    <li className="chat-turn" data-mine={mine} data-to={first.to} data-testid="chat-turn">
      {!mine && <Initials name={first.name} personId={first.personId} />}
      <div className="chat-said">
        <p className="chat-who">
          <strong>{mine ? words.chatYou : first.name}</strong>
          {mine && first.personName !== "" && <span> {words.chatFor(first.personName)}</span>}
          <time dateTime={first.at}>{time(first.at)}</time>
        </p>
        {first.to !== "room" && (
          <p className="chat-heard">
            <Icon name={first.to === "everyone" ? "megaphone" : "lock"} /> {words.chatHeardBy[first.to]}
          </p>
        )}
        {texts.map(({ lineId, text }) => (
          <p className="chat-text" key={lineId}>
            {text}
          </p>
        ))}
      </div>
    </li>
  );
}
