import { useId, useRef, useState, type SyntheticEvent } from "react";
import type { Agenda, Part, Room } from "../../protocol/messages.gen";
import { MOST_MINUTES, MOST_PARTS, nameless, next, partEndsAt, proposed } from "../agenda";
import { Session, type Snapshot } from "../session";
import { useWords, type Words } from "../words";
import { clockIn } from "../words/clock";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
}

const ABOUT = "agenda";

export const titleOf = (words: Words, { title, isBreak }: Part): string => (isBreak ? words.breakTitle : title);

/** In the strip on top, for everybody: what is on, until when, and what comes then. */
export function AgendaNow({ session, agenda }: { readonly session: Session; readonly agenda: Agenda }) {
  const words = useWords();
  const time = clockIn(session.config.language, session.config.timeZone);
  const [endsAt, then] = [partEndsAt(agenda), next(agenda)];
  const part = agenda.now === null ? undefined : agenda.parts[agenda.now];
  const after = then === null ? undefined : agenda.parts[then];
  if (part === undefined || endsAt === null) return null;
  return (
    <p className="strip-agenda" data-testid="agenda-now">
      <strong>{titleOf(words, part)}</strong>{" "}
      <span className="soft">
        {words.until(time(endsAt))}
        {after !== undefined && <> · {words.agendaThen(titleOf(words, after))}</>}
      </span>
    </p>
  );
}

/** All parts in order; which one is on is said in words. With `onBegin` each is begun by a press. */
export function AgendaParts(props: { readonly agenda: Agenda; readonly busy?: boolean | undefined; readonly onBegin?: (part: number) => void }) {
  const words = useWords();
  const { agenda, onBegin } = props;
  return (
    <ol className="agenda" data-testid="agenda">
      {agenda.parts.map((part, number) => {
        const on = number === agenda.now;
        const title = titleOf(words, part);
        const line = (
          <>
            <span>
              {part.isBreak && <Icon name="pause" />} {title} {on && <span className="tag">{words.agendaOn}</span>}
            </span>
            <span className="soft figures">{words.breakStart(part.minutes)}</span>
          </>
        );
        return (
          <li key={number} aria-current={on ? "step" : undefined}>
            {onBegin === undefined ? (
              <span className="agenda-part">{line}</span>
            ) : (
              <button
                type="button"
                className="agenda-part"
                data-testid="agenda-part"
                aria-label={on ? `${title}, ${words.agendaOn}` : words.agendaBegin(title)}
                disabled={props.busy}
                onClick={() => onBegin(number)}
              >
                {line}
              </button>
            )}
          </li>
        );
      })}
    </ol>
  );
}

/** For staff: what the meeting is to have, and going on with it. */
export function AgendaControls({ session, snapshot, view }: Props) {
  const words = useWords();
  const heading = useId();
  const [writing, setWriting] = useState(false);
  const { agenda } = view;
  const busy = Session.busy(snapshot, ABOUT);
  const begin = (part: number | null) => void session.act({ type: "beginPart", part }, ABOUT);
  const then = agenda === null ? null : next(agenda);
  const after = agenda === null || then === null ? undefined : agenda.parts[then];
  return (
    <div role="group" aria-labelledby={heading} className="floor-agenda" data-testid="agenda-controls">
      <h4 id={heading}>{words.agendaTitle}</h4>
      {agenda !== null && <AgendaParts agenda={agenda} busy={busy} onBegin={begin} />}
      {agenda !== null && (
        <button type="button" className="button wide" data-testid="agenda-next" disabled={busy} onClick={() => begin(then)}>
          {after === undefined
            ? words.agendaOver
            : agenda.now === null
              ? words.agendaBegin(titleOf(words, after))
              : words.agendaNext(titleOf(words, after))}
        </button>
      )}
      <button type="button" className="button quiet wide" data-testid="agenda-write" onClick={() => setWriting(true)}>
        {agenda === null ? words.agendaWrite : words.agendaChange}
      </button>
      {writing && <AgendaForm session={session} view={view} onClose={() => setWriting(false)} />}
    </div>
  );
}

function AgendaForm({ session, view, onClose }: Pick<Props, "session" | "view"> & { readonly onClose: () => void }) {
  const words = useWords();
  const [parts, setParts] = useState(() => view.agenda?.parts ?? proposed(view.meeting));
  const [looked, setLooked] = useState(false); // at what is missing
  const form = useRef<HTMLFormElement>(null);
  const set = (number: number, change: Partial<Part>) =>
    setParts((before) => before.map((part, at) => (at === number ? { ...part, ...change } : part)));
  const add = (part: Part) => setParts((before) => [...before, part]);
  const keep = (kept: readonly Part[]) =>
    void session.act({ type: "setAgenda", parts: kept }, ABOUT).then((done) => {
      if (done) onClose();
    });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const missing = nameless(parts);
    if (missing === null) {
      keep(parts.map((part) => ({ ...part, title: part.title.trim() })));
      return;
    }
    setLooked(true);
    form.current?.querySelector<HTMLElement>(`[name="part-${missing}"]`)?.focus();
  };
  const full = parts.length >= MOST_PARTS;
  return (
    <Dialog title={words.agendaTitle} onClose={onClose}>
      <p className="soft">{words.agendaHint}</p>
      <form className="agenda-form" ref={form} noValidate onSubmit={submit}>
        {parts.map((part, number) => (
          <div className="agenda-row" key={number} role="group" aria-label={words.agendaPart(number + 1)}>
            {part.isBreak ? (
              <span className="agenda-break">
                <Icon name="pause" /> {words.breakTitle}
              </span>
            ) : (
              <input
                className="input"
                name={`part-${number}`}
                aria-label={words.agendaName(number + 1)}
                aria-invalid={looked && part.title.trim() === ""}
                value={part.title}
                maxLength={60}
                autoComplete="off"
                onChange={({ target }) => set(number, { title: target.value })}
              />
            )}
            <input
              className="input agenda-minutes"
              type="number"
              inputMode="numeric"
              min={1}
              max={MOST_MINUTES}
              aria-label={words.agendaMinutes(number + 1)}
              value={part.minutes === 0 ? "" : part.minutes}
              onChange={({ target }) => set(number, { minutes: Math.min(MOST_MINUTES, Math.max(0, Math.floor(target.valueAsNumber) || 0)) })}
              onBlur={() => part.minutes === 0 && set(number, { minutes: 1 })}
            />
            <button
              type="button"
              className="round quiet"
              aria-label={words.agendaRemove(number + 1)}
              title={words.agendaRemove(number + 1)}
              onClick={() => setParts((before) => before.filter((_, at) => at !== number))}
            >
              <Icon name="close" />
            </button>
          </div>
        ))}
        <p role="alert" className="field-needs">
          {looked && nameless(parts) !== null && words.agendaNeeds}
        </p>
        <div className="cluster">
          <button
            type="button"
            className="button small"
            data-testid="agenda-add"
            disabled={full}
            onClick={() => add({ title: "", minutes: 15, isBreak: false })}
          >
            <Icon name="plus" /> {words.agendaAdd}
          </button>
          <button
            type="button"
            className="button small"
            data-testid="agenda-add-break"
            disabled={full}
            onClick={() => add({ title: "", minutes: 10, isBreak: true })}
          >
            <Icon name="pause" /> {words.agendaAddBreak}
          </button>
        </div>
        <div className="dialog-acts">
          {view.agenda !== null && (
            <button type="button" className="button quiet" data-testid="agenda-none" onClick={() => keep([])}>
              {words.agendaNone}
            </button>
          )}
          <button type="submit" className="button primary" data-testid="agenda-keep" disabled={parts.length === 0}>
            {words.agendaKeep}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
