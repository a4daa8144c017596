import { useEffect, useId, useRef, useState, type SyntheticEvent } from "react";
import type { Agenda, Part, Pause, Room } from "../../protocol/messages.gen";
import { MOST_MINUTES, MOST_PARTS, breakOver, movedUp, nameless, newPart, partEndsAt, partNext, partOn, proposed } from "../agenda";
import { Session, type Snapshot } from "../session";
import { useWords, type Words } from "../words";
import { clockIn } from "../words/clock";
import { Dialog } from "./Dialog";
import { useServerNow } from "./hooks";
import { Icon } from "./Icon";

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
}

const ABOUT = "agenda";

export const titleOf = (words: Words, { title, isBreak }: Part): string => (isBreak ? words.breakTitle : title);

/** In the strip on top, for everybody, while the group has no break: what is on, until when, and what comes then. */
export function AgendaNow(props: { readonly session: Session; readonly agenda: Agenda; readonly meetingEndsAt: string }) {
  const { session, agenda } = props;
  const words = useWords();
  const nowMs = useServerNow(session);
  const time = clockIn(session.config.language, session.config.timeZone);
  const [part, after, endsAt] = [partOn(agenda), partNext(agenda), partEndsAt(agenda, props.meetingEndsAt)];
  if (part === undefined || endsAt === null) return null;
  const over = breakOver(agenda, null);
  // A part may take longer than was planned; nobody is shown a time that has passed.
  const until = over || Date.parse(endsAt) <= nowMs ? "" : words.until(time(endsAt));
  const then = after === undefined ? "" : `· ${words.agendaThen(titleOf(words, after))}`;
  return (
    <p className="strip-agenda" data-testid="agenda-now">
      <strong>{over ? words.agendaBreakOver : titleOf(words, part)}</strong> <span className="soft">{`${until} ${then}`.trim()}</span>
    </p>
  );
}

/** All parts in order; which one is on is said in words. With `onBegin` each is begun by a press. */
export function AgendaParts(props: {
  readonly agenda: Agenda;
  readonly pause: Pause | null;
  readonly busy?: boolean | undefined;
  readonly onBegin?: (part: Part) => void;
}) {
  const words = useWords();
  const { agenda, onBegin } = props;
  const over = breakOver(agenda, props.pause);
  return (
    <ol className="agenda" data-testid="agenda">
      {agenda.parts.map((part, place) => {
        const on = place === agenda.now && !over;
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
          <li key={part.number} aria-current={on ? "step" : undefined}>
            {onBegin === undefined ? (
              <span className="agenda-part">{line}</span>
            ) : (
              <button
                type="button"
                className="agenda-part"
                data-testid="agenda-part"
                aria-label={on ? `${title}, ${words.agendaOn}` : words.agendaBegin(title)}
                disabled={props.busy}
                onClick={() => onBegin(part)}
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
  const begin = (part: Part | undefined) => void session.act({ type: "beginPart", part: part?.number ?? null }, ABOUT);
  const after = agenda === null ? undefined : partNext(agenda);
  return (
    <div role="group" aria-labelledby={heading} className="floor-agenda" data-testid="agenda-controls">
      <h4 id={heading}>{words.agendaTitle}</h4>
      {agenda !== null && <AgendaParts agenda={agenda} pause={view.pause} busy={busy} onBegin={begin} />}
      {agenda !== null && (after !== undefined || agenda.now !== null) && (
        <button type="button" className="button wide" data-testid="agenda-next" disabled={busy} onClick={() => begin(after)}>
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

/** A line of the form; `key` names it on this page alone, also while it has no number yet. */
interface Row {
  readonly key: number;
  readonly part: Part;
}

/** Lines for `parts` beside those of `rows`. */
function withRows(rows: readonly Row[], parts: readonly Part[]): readonly Row[] {
  const first = Math.max(-1, ...rows.map(({ key }) => key)) + 1;
  return parts.map((part, place) => ({ key: first + place, part }));
}

function AgendaForm({ session, view, onClose }: Pick<Props, "session" | "view"> & { readonly onClose: () => void }) {
  const words = useWords();
  const written = view.agenda?.version ?? 0;
  const [from, setFrom] = useState(written); // the writing that this one began with
  const [rows, setRows] = useState(() => withRows([], view.agenda?.parts ?? proposed(view.meeting)));
  const [looked, setLooked] = useState(false); // at what is missing
  const form = useRef<HTMLFormElement>(null);
  const goesTo = useRef(""); // what has the focus after the next change
  useEffect(() => {
    if (goesTo.current !== "") form.current?.querySelector<HTMLElement>(goesTo.current)?.focus();
    goesTo.current = "";
  }, [rows]);

  const parts = rows.map(({ part }) => part);
  const missing = nameless(parts);
  const others = written !== from; // somebody else wrote meanwhile
  const set = (key: number, change: Partial<Part>) =>
    setRows((before) => before.map((row) => (row.key === key ? { key, part: { ...row.part, ...change } } : row)));
  const add = (part: Part) => {
    goesTo.current = ".agenda-row:last-child input";
    setRows((before) => [...before, ...withRows(before, [part])]);
  };
  const remove = (place: number) => {
    const near = rows[place + 1] ?? rows[place - 1];
    goesTo.current = near === undefined ? "[data-testid=agenda-add]" : `[data-row="${near.key}"] [data-testid=agenda-remove]`;
    setRows((before) => before.filter((_, at) => at !== place));
  };
  const up = (place: number) => setRows((before) => movedUp(before, place));
  const keep = (kept: readonly Part[]) =>
    void session.act({ type: "setAgenda", parts: kept, version: from }, ABOUT).then((done) => {
      if (done) onClose();
    });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const first = others ? "[data-testid=agenda-theirs]" : missing === null ? null : `[name="part-${missing}"]`;
    if (first === null) {
      keep(parts.map((part) => ({ ...part, title: part.title.trim() })));
      return;
    }
    setLooked(true);
    form.current?.querySelector<HTMLElement>(first)?.focus();
  };
  const full = parts.length >= MOST_PARTS;
  return (
    <Dialog title={words.agendaTitle} onClose={onClose}>
      <p className="soft">{words.agendaHint}</p>
      <form className="agenda-form" ref={form} noValidate onSubmit={submit}>
        <div className="agenda-rows">
          {rows.map(({ key, part }, place) => (
            <div className="agenda-row" key={key} data-row={key} role="group" aria-label={words.agendaPart(place + 1)}>
              {part.isBreak ? (
                <span className="agenda-break">
                  <Icon name="pause" /> {words.breakTitle}
                </span>
              ) : (
                <input
                  className="input"
                  name={`part-${place}`}
                  aria-label={words.agendaName(place + 1)}
                  aria-invalid={looked && part.title.trim() === ""}
                  value={part.title}
                  maxLength={60}
                  autoComplete="off"
                  onChange={({ target }) => set(key, { title: target.value })}
                />
              )}
              <span className="agenda-length">
                <input
                  className="input"
                  type="number"
                  inputMode="numeric"
                  min={1}
                  max={MOST_MINUTES}
                  aria-label={words.agendaMinutes(place + 1)}
                  value={part.minutes === 0 ? "" : part.minutes}
                  onChange={({ target }) => set(key, { minutes: Math.min(MOST_MINUTES, Math.max(0, Math.floor(target.valueAsNumber) || 0)) })}
                  onBlur={() => part.minutes === 0 && set(key, { minutes: 1 })}
                />
                <span className="soft" aria-hidden="true">
                  {words.agendaUnit}
                </span>
              </span>
              <button
                type="button"
                className="round quiet"
                data-testid="agenda-up"
                aria-disabled={place === 0}
                aria-label={words.agendaUp(place + 1)}
                title={words.agendaUp(place + 1)}
                onClick={() => up(place)}
              >
                <Icon name="up" />
              </button>
              <button
                type="button"
                className="round quiet"
                data-testid="agenda-remove"
                aria-label={words.agendaRemove(place + 1)}
                title={words.agendaRemove(place + 1)}
                onClick={() => remove(place)}
              >
                <Icon name="close" />
              </button>
            </div>
          ))}
        </div>
        <p role="alert" className="field-needs">
          {looked && !others && missing !== null && words.agendaNeeds}
        </p>
        <div className="cluster">
          <button type="button" className="button small" data-testid="agenda-add" disabled={full} onClick={() => add(newPart(15, false))}>
            <Icon name="plus" /> {words.agendaAdd}
          </button>
          <button type="button" className="button small" data-testid="agenda-add-break" disabled={full} onClick={() => add(newPart(10, true))}>
            <Icon name="pause" /> {words.agendaAddBreak}
          </button>
        </div>
        <div role="alert" className="agenda-others">
          {others && (
            <>
              <p>{words.agendaOthers}</p>
              {view.agenda !== null && <AgendaParts agenda={view.agenda} pause={view.pause} />}
              <div className="cluster">
                <button
                  type="button"
                  className="button small"
                  data-testid="agenda-theirs"
                  onClick={() => {
                    if (view.agenda === null) onClose();
                    else setRows(withRows(rows, view.agenda.parts));
                    setFrom(written);
                    goesTo.current = "[data-testid=agenda-keep]";
                  }}
                >
                  {words.agendaTheirs}
                </button>
                <button
                  type="button"
                  className="button small"
                  data-testid="agenda-mine"
                  onClick={() => {
                    setFrom(written);
                    form.current?.querySelector<HTMLElement>("[data-testid=agenda-keep]")?.focus();
                  }}
                >
                  {words.agendaMine}
                </button>
              </div>
            </>
          )}
        </div>
        <div className="dialog-acts">
          {view.agenda !== null && !others && (
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
