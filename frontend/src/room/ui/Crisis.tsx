import { useId, useState } from "react";
import type { Crisis, CrisisEvent, Room } from "../../protocol/messages.gen";
import { dialled, stateName } from "../arrival";
import { Session, type Snapshot } from "../session";
import { useWords, type Words } from "../words";
import { clockIn } from "../words/clock";
import { Confirm, Dialog } from "./Dialog";
import { useFocusOnArrival } from "./hooks";
import { Icon } from "./Icon";
import { firstNameOf } from "./Initials";

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
}

/** Who may need help: clients and alumni. */
export const mayNeedHelp = (role: Room["you"]["role"]): boolean => role === "client" || role === "alumnus";

/** One question before it: opening it pages people. */
export function CrisisAsk(props: Props & { readonly personId: string; readonly name: string; readonly onOpened: () => void; readonly onClose: () => void }) {
  const { session, personId, name, onOpened, onClose } = props;
  const words = useWords();
  return (
    <Confirm title={words.crisisAsk(firstNameOf(name))} text={words.crisisAskText} no={words.cancel} onClose={onClose}>
      <button
        type="button"
        className="button danger"
        data-testid="crisis-open"
        onClick={() => {
          void session.act({ type: "openCrisis", personId }, `crisis ${personId}`).then((done) => done && onOpened());
          onClose();
        }}
      >
        {words.crisisOpen}
      </button>
    </Confirm>
  );
}

/** In the strip: whose crisis is open, and the way to its screen. */
export function CrisisNotes(props: { readonly view: Room; readonly shown: string | null; readonly onShow: (personId: string) => void }) {
  const words = useWords();
  const open = props.view.crises.filter(({ closed, personId }) => !closed && personId !== props.shown);
  return open.map(({ personId, name }) => (
    <p className="strip-note crisis-note" key={personId} data-testid="crisis-note">
      <Icon name="lifebuoy" /> {words.crisisFor(firstNameOf(name))}
      <button type="button" className="button small" data-testid="crisis-show" onClick={() => props.onShow(personId)}>
        {words.crisisShow}
      </button>
    </p>
  ));
}

/** Everything one needs to send help, on one screen beside the face. */
export function CrisisScreen(props: Props & { readonly crisis: Crisis; readonly onClose: () => void }) {
  const { session, snapshot, view, crisis, onClose } = props;
  const { personId, name, arrival } = crisis;
  const words = useWords();
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [ending, setEnding] = useState(false);
  const first = firstNameOf(name);
  const about = `crisis ${personId}`;
  const [whereId, callId, peopleId, logId] = [useId(), useId(), useId(), useId()];
  return (
    <aside className="rail crisis" aria-label={words.crisisFor(first)} data-testid="crisis">
      <header className="rail-head">
        <h2 ref={heading} tabIndex={-1}>
          <Icon name="lifebuoy" /> {words.crisisFor(first)}
        </h2>
        <button type="button" className="round quiet" aria-label={words.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>

      <section aria-labelledby={whereId}>
        <h3 id={whereId}>{words.crisisWhere}</h3>
        {arrival === null ? (
          <p className="notice danger" data-testid="crisis-unknown">
            <Icon name="notice" /> <span>{words.crisisUnknown(first)}</span>
          </p>
        ) : (
          <>
            <address className="crisis-address" data-testid="crisis-address">
              {arrival.address}
              <br />
              {arrival.city}, {stateName(arrival.state)}
            </address>
            <p className={arrival.confirmed ? "tag now" : "tag attention"}>{arrival.confirmed ? words.crisisConfirmed : words.crisisOld}</p>
          </>
        )}
      </section>

      <section aria-labelledby={callId}>
        <h3 id={callId}>{words.crisisCall}</h3>
        <ul className="crisis-calls">
          {crisis.numbers.map((number) => (
            <Call key={number} text={number} urgent />
          ))}
        </ul>
        <p className="soft small">
          {words.crisisCallHint(first)} {crisis.arrival !== null && words.crisisCallAddress}
        </p>
      </section>

      <section aria-labelledby={peopleId}>
        <h3 id={peopleId}>{words.crisisPeople(first)}</h3>
        <ul className="crisis-calls">
          {arrival !== null && <Call text={`${name}, ${arrival.phone}`} />}
          {arrival !== null && <Call text={`${arrival.emergencyName}, ${arrival.emergencyPhone}`} />}
          {crisis.contacts.map((contact) => (
            <Call key={contact} text={contact} />
          ))}
        </ul>
      </section>

      {!crisis.closed && view.you.place !== "aside" && (
        <button
          type="button"
          className="button primary wide"
          data-testid="crisis-aside"
          disabled={Session.busy(snapshot, "aside")}
          onClick={() => void session.act({ type: "stepAside", personId }, "aside")}
        >
          {words.crisisAside(first)}
        </button>
      )}

      <section aria-labelledby={logId}>
        <h3 id={logId}>{words.crisisLog}</h3>
        <ol className="crisis-log" aria-live="polite">
          {crisis.timeline.map((event) => (
            <LogLine key={`${event.at} ${event.kind} ${event.text}`} event={event} session={session} />
          ))}
        </ol>
        {!crisis.closed && <NoteForm session={session} snapshot={snapshot} personId={personId} about={about} />}
      </section>

      {crisis.closed ? (
        <p className="soft">{words.crisisClosed}</p>
      ) : (
        <button type="button" className="button wide" data-testid="crisis-end" onClick={() => setEnding(true)}>
          {words.crisisEnd}
        </button>
      )}
      {ending && <Outcome {...props} onDone={onClose} onClose={() => setEnding(false)} />}
    </aside>
  );
}

function Call({ text, urgent = false }: { readonly text: string; readonly urgent?: boolean }) {
  const number = dialled(text);
  return (
    <li>
      {number === null ? (
        text
      ) : (
        <a className={urgent ? "button danger wide" : "button wide"} href={`tel:${number}`} data-testid="call">
          <Icon name="phone" /> {text.replace(/([\d)]) (?=[\d(])/g, "$1\u00a0")}
        </a>
      )}
    </li>
  );
}

function happened(words: Words, { kind, by }: CrisisEvent): string {
  switch (kind) {
    case "opened":
      return words.crisisOpened(by);
    case "paged":
      return words.crisisPaged;
    case "answered":
      return words.crisisAnswered(by);
    case "aside":
      return words.crisisStepped(by);
    case "closed":
      return words.crisisEnded(by);
    case "note":
      return by;
  }
}

function LogLine({ event, session }: { readonly event: CrisisEvent; readonly session: Session }) {
  const words = useWords();
  const clock = clockIn(session.config.language, session.config.timeZone);
  return (
    <li data-testid="crisis-event">
      <time dateTime={event.at}>{clock(event.at)}</time>
      <span>
        <strong>{happened(words, event)}</strong> {event.text}
      </span>
    </li>
  );
}

function NoteForm(props: { readonly session: Session; readonly snapshot: Snapshot; readonly personId: string; readonly about: string }) {
  const { session, snapshot, personId, about } = props;
  const words = useWords();
  const id = useId();
  const [text, setText] = useState("");
  return (
    <form
      className="crisis-note-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() === "") return;
        void session.act({ type: "noteCrisis", personId, text: text.trim() }, about).then((done) => done && setText(""));
      }}
    >
      <span className="field">
        <label htmlFor={id}>{words.crisisNote}</label>
        <input
          id={id}
          value={text}
          maxLength={2000}
          autoComplete="off"
          data-testid="crisis-note-text"
          onChange={({ target }) => setText(target.value)}
        />
      </span>
      <button type="submit" className="button" data-testid="crisis-note-add" disabled={Session.busy(snapshot, about)}>
        {words.crisisAdd}
      </button>
    </form>
  );
}

function Outcome(props: Props & { readonly crisis: Crisis; readonly onDone: () => void; readonly onClose: () => void }) {
  const { session, crisis, onDone, onClose } = props;
  const words = useWords();
  const id = useId();
  const [text, setText] = useState("");
  const [looked, setLooked] = useState(false);
  const missing = text.trim() === "";
  return (
    <Dialog title={words.crisisEndTitle} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          setLooked(true);
          if (missing) return;
          const command = { type: "closeCrisis", personId: crisis.personId, outcome: text.trim() } as const;
          void session.act(command, `crisis ${crisis.personId}`).then((done) => done && onDone());
          onClose();
        }}
      >
        <p className="field">
          <label htmlFor={id}>{words.crisisOutcome}</label>
          <textarea
            id={id}
            rows={3}
            maxLength={2000}
            value={text}
            aria-invalid={looked && missing}
            data-testid="crisis-outcome"
            onChange={({ target }) => setText(target.value)}
          />
          {looked && missing && (
            <span className="field-needs" role="alert">
              {words.crisisOutcomeNeeds}
            </span>
          )}
        </p>
        <div className="dialog-acts">
          <button type="button" className="button" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="submit" className="button primary" data-testid="crisis-end-yes">
            {words.crisisEndYes}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
