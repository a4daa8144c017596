import { useAudioPlayback } from "@livekit/components-react";
import type { Agenda, Room } from "../../protocol/messages.gen";
import { partNext, partOn } from "../agenda";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { clockIn } from "../words/clock";
import { AgendaNow, titleOf } from "./Agenda";
import { HoldNote, TakeOver, Whereabouts } from "./Beside";
import { CrisisNotes } from "./Crisis";
import { Icon } from "./Icon";
import { problemsOf } from "./problems";
import { TimeLeft } from "./TimeLeft";
import { WellbeingNotes } from "./Wellbeing";

/** The thin line on top: what this is, and in words whatever is not as it should be. */
export function Strip(props: {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
  readonly sharing: boolean;
  readonly notShared: boolean;
  readonly onShareSeen: () => void;
  readonly crisis: string | null; // whose is on the screen
  readonly onCrisis: (personId: string) => void;
  readonly onStopSharing: () => void;
  readonly pipRefused: boolean;
  readonly onDevices: () => void;
}) {
  const { session, snapshot, view } = props;
  const words = useWords();
  const { canPlayAudio, startAudio } = useAudioPlayback(session.media.room);
  const ends = clockIn(session.config.language, session.config.timeZone);
  return (
    <header className="strip">
      <p className="strip-title">
        <span>{view.meeting.title}</span>{" "}
        <span className="soft">{words.until(ends(view.meeting.endsAt))}</span>
        {view.locked && view.you.role === "facilitator" && (
          <span className="strip-mark" data-testid="locked">
            <Icon name="lock" /> {words.locked}
          </span>
        )}
      </p>
      <Whereabouts session={session} snapshot={snapshot} view={view} />
      <TakeOver session={session} snapshot={snapshot} view={view} />
      {view.agenda !== null && view.pause === null && <AgendaNow session={session} agenda={view.agenda} meetingEndsAt={view.meeting.endsAt} />}
      {view.pause !== null && <Break session={session} endsAt={view.pause.endsAt} agenda={view.agenda} />}
      <div className="strip-notes" role="status">
        <CrisisNotes view={view} shown={props.crisis} onShow={props.onCrisis} />
        {snapshot.link === "lost" && (
          <p className="strip-note pending" data-testid="lost">
            {words.lost}
          </p>
        )}
        {snapshot.link !== "lost" && snapshot.media === "mending" && (
          <p className="strip-note pending" data-testid="mending">
            {words.mending}
          </p>
        )}
        {!view.staffPresent && view.hold === null && <p className="strip-note">{words.staffGone}</p>}
        <HoldNote session={session} snapshot={snapshot} view={view} />
        {problemsOf(words, snapshot.troubles).map(({ sources, what, help }) => (
          <p className="strip-note" key={what}>
            {what} {help}
            <button type="button" className="round quiet" aria-label={words.close} onClick={() => session.forget(sources)}>
              <Icon name="close" />
            </button>
          </p>
        ))}
        {props.sharing && (
          <p className="strip-note calm-note" data-testid="sharing">
            <Icon name="screen" /> {words.screenYours}{" "}
            <button type="button" className="button small" data-testid="stop-sharing" onClick={props.onStopSharing}>
              {words.shareStop}
            </button>
          </p>
        )}
        {props.notShared && (
          <p className="strip-note">
            {words.shareRefused}
            <button type="button" className="round quiet" aria-label={words.close} onClick={props.onShareSeen}>
              <Icon name="close" />
            </button>
          </p>
        )}
        {props.pipRefused && <p className="strip-note">{words.pipRefused}</p>}
        {snapshot.media === "live" && <WellbeingNotes session={session} snapshot={snapshot} onDevices={props.onDevices} />}
        {!canPlayAudio && snapshot.media === "live" && (
          <p className="strip-note">
            {words.hearNothing}{" "}
            <button type="button" className="button primary small" onClick={() => void startAudio()}>
              {words.startSound}
            </button>
          </p>
        )}
      </div>
    </header>
  );
}

/** The group rests: how long still, and what comes then. */
function Break(props: { readonly session: Session; readonly endsAt: string; readonly agenda: Agenda | null }) {
  const words = useWords();
  const { session, endsAt, agenda } = props;
  // A break between two parts; one within a part goes on with that part.
  const after = agenda !== null && partOn(agenda)?.isBreak === true ? partNext(agenda) : undefined;
  return (
    <p className="strip-note calm-note" data-testid="break">
      <Icon name="pause" />
      <span>
        <strong>{words.breakNow}</strong> <TimeLeft session={session} endsAt={endsAt} /> {words.breakWords}{" "}
        {after !== undefined && words.agendaNextUp(titleOf(words, after))}
      </span>
    </p>
  );
}
