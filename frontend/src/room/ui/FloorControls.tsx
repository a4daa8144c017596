import { useId } from "react";
import type { Room } from "../../protocol/messages.gen";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { clockIn } from "../words/clock";
import { AgendaControls } from "./Agenda";
import { useServerNow } from "./hooks";
import { Icon } from "./Icon";
import { Initials } from "./Initials";
import { TimeLeft } from "./TimeLeft";

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
}

const BREAKS_MIN = [5, 10, 15];

/** Who would like to speak, in the order in which they said so. */
export function Hands({ session, snapshot, view }: Props) {
  const words = useWords();
  const headingId = useId();
  const raised = view.members
    .filter(({ hand }) => hand !== null)
    .sort((one, other) => (one.hand ?? 0) - (other.hand ?? 0));
  if (raised.length === 0) return null;
  return (
    <section aria-labelledby={headingId} data-testid="hands">
      <h3 id={headingId}>
        {words.hands} <span className="rail-count">{raised.length}</span>
      </h3>
      <ol className="rail-list">
        {raised.map(({ personId, name, hand }) => (
          <li className="rail-row" key={personId} data-testid="raised" data-person={personId}>
            <span className="rail-order figures">{hand}</span>
            <Initials name={name} personId={personId} />
            <span className="rail-name">{name}</span>
            <button
              type="button"
              className="button small quiet"
              aria-label={words.lowerHandOf(name)}
              data-testid="lower-hand"
              disabled={Session.busy(snapshot, personId)}
              onClick={() => void session.act({ type: "lowerHand", personId }, personId)}
            >
              {words.lowerHandOfOne}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Switch(props: {
  readonly on: boolean;
  readonly testid: string;
  readonly busy: boolean;
  readonly word: string;
  readonly hint?: string;
  readonly onChange: (on: boolean) => void;
}) {
  const hintId = useId();
  return (
    <label className="choice switch">
      <input
        type="checkbox"
        role="switch"
        checked={props.on}
        disabled={props.busy}
        data-testid={props.testid}
        aria-describedby={props.hint === undefined ? undefined : hintId}
        onChange={({ target }) => props.onChange(target.checked)}
      />
      <span>
        {props.word}
        {props.hint !== undefined && <small id={hintId}>{props.hint}</small>}
      </span>
    </label>
  );
}

/** What concerns the whole group: sound, the door, screens, the break, who leads. */
export function FloorControls({ session, snapshot, view }: Props) {
  const words = useWords();
  const [headingId, breakId] = [useId(), useId()];
  const nowMs = useServerNow(session);
  const busy = (about: string) => Session.busy(snapshot, about);
  const planned = view.meeting.breaks.find(({ endsAt }) => Date.parse(endsAt) > nowMs);
  const leader = view.members.find(({ personId }) => personId === view.lead);
  const mine = view.lead === "" || view.lead === view.you.personId;
  const time = clockIn(session.config.language, session.config.timeZone);
  return (
    <section className="floor" aria-labelledby={headingId} data-testid="floor">
      <h3 id={headingId}>{words.forGroup}</h3>
      <button
        type="button"
        className="button wide"
        data-testid="mute-all"
        disabled={busy("muteAll")}
        onClick={() => void session.act({ type: "muteAll" }, "muteAll")}
      >
        <Icon name="microphoneOff" /> {words.muteAll}
      </button>
      <div className="floor-switches">
        <Switch
          on={view.autoAdmit}
          testid="auto-admit"
          busy={busy("autoAdmit")}
          word={words.autoAdmit}
          hint={words.autoAdmitHint}
          onChange={(on) => void session.act({ type: "setAutoAdmit", on }, "autoAdmit")}
        />
        <Switch
          on={view.locked}
          testid="lock"
          busy={busy("lock")}
          word={words.lock}
          hint={words.lockHint}
          onChange={(on) => void session.act({ type: "setLock", on }, "lock")}
        />
        <Switch
          on={view.screens === "everyone"}
          testid="screens"
          busy={busy("screens")}
          word={words.screensEveryone}
          onChange={(on) => void session.act({ type: "setScreens", by: on ? "everyone" : "staff" }, "screens")}
        />
      </div>
      <AgendaControls session={session} snapshot={snapshot} view={view} />
      <div role="group" aria-labelledby={breakId} className="floor-break">
        <h4 id={breakId}>{words.breakTitle}</h4>
        {view.pause !== null ? (
          <>
            <p>
              {words.breakNow} <TimeLeft session={session} endsAt={view.pause.endsAt} />
            </p>
            <button
              type="button"
              className="button"
              data-testid="end-break"
              disabled={busy("break")}
              onClick={() => void session.act({ type: "endBreak" }, "break")}
            >
              {words.breakEnd}
            </button>
          </>
        ) : (
          <>
            {planned && (
              <p className="soft">
                {words.breakPlanned(
                  time(planned.startedAt),
                  Math.round((Date.parse(planned.endsAt) - Date.parse(planned.startedAt)) / 60_000),
                )}
              </p>
            )}
            <div className="floor-breaks">
              {BREAKS_MIN.map((minutes) => (
                <button
                  type="button"
                  className="button small"
                  key={minutes}
                  aria-label={words.breakStartLabel(minutes)}
                  data-testid={`break-${minutes}`}
                  disabled={busy("break")}
                  onClick={() => void session.act({ type: "startBreak", minutes }, "break")}
                >
                  <Icon name="pause" /> {words.breakStart(minutes)}
                </button>
              ))}
            </div>
          </>
        )}
      </div>
      {view.lead !== "" && (
        <p className="floor-lead" data-testid="lead">
          <Icon name="facilitator" /> {mine ? words.leadIsYou : words.leadIs(leader?.name ?? "")}{" "}
          {!mine && (
            <button
              type="button"
              className="button small"
              data-testid="take-lead"
              disabled={busy("lead")}
              onClick={() => void session.act({ type: "handOver", personId: view.you.personId }, "lead")}
            >
              {words.takeLead}
            </button>
          )}
        </p>
      )}
    </section>
  );
}
