import { useState } from "react";
import type { ChatLine } from "../../protocol/messages.gen";
import { asksArrival } from "../arrival";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { ArrivalDialog } from "./Arrival";
import { TakeOver } from "./Beside";
import { DevicePickers } from "./Devices";
import { Dialog } from "./Dialog";
import { useFocusOnArrival } from "./hooks";
import { Icon } from "./Icon";
import { firstNameOf } from "./Initials";
import { NotifyOffer } from "./Lobby";

/** Nothing to do: be welcomed. Shows what the server told this person, which is their own place and who will come. */
export function Waiting(props: { readonly session: Session; readonly snapshot: Snapshot; readonly sentBack: boolean }) {
  const words = useWords();
  const { session, snapshot } = props;
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [choosing, setChoosing] = useState(false);
  const [telling, setTelling] = useState(false);
  const { view, link } = snapshot;
  const waiting = view?.you.place === "waiting";
  const called = view?.mayTakeOver ?? false; // staff on call wait for nobody: they go in when they want to
  const names = view?.meeting.facilitators ?? [];

  return (
    <main className="calm" data-testid="waiting">
      <div className="breath" aria-hidden="true" />
      <div className="calm-words">
        <p className="eyebrow">{session.config.title}</p>
        <h1 ref={heading} tabIndex={-1}>
          {props.sentBack ? words.waitingSentBack : words.hello(firstNameOf(session.config.personName))}
        </h1>
        <div className="stack tight" role="status">
          {link === "lost" ? (
            <p className="lead pending">{words.lostWaiting}</p>
          ) : waiting ? (
            <>
              <p className="calm-place" data-testid="position">
                {view.you.position !== null && words.position(view.you.position)}
              </p>
              {view.locked && <p className="lead">{words.waitingLocked}</p>}
              {view.you.late && (
                <p className="lead" data-testid="late">
                  {words.waitingLate}
                </p>
              )}
              {!(view.you.late && view.staffPresent) && (
                <p className="lead">{view.staffPresent ? words.willLetYouIn(names) : words.staffNotYet(names)}</p>
              )}
            </>
          ) : (
            !called && <p className="lead pending">{words.knocking}</p>
          )}
        </div>
        <Messages lines={snapshot.chat.lines} />
        {waiting && asksArrival(view.you.role) && !(view.you.arrival?.confirmed ?? false) && (
          <div className="calm-card" data-testid="arrival-reminder">
            <p>{words.arrivalReminder}</p>
            <button type="button" className="button small" onClick={() => setTelling(true)}>
              {words.arrivalTell}
            </button>
          </div>
        )}
        {view !== null && <TakeOver session={session} snapshot={snapshot} view={view} />}
        <ul className="calm-notes">
          <li>
            <Icon name="cameraOff" /> {words.waitingPrivacy}
          </li>
          {!called && (
            <li>
              <Icon name="speaker" /> {words.waitingSound}
            </li>
          )}
        </ul>
        {!called && <NotifyOffer />}
        <div className="cluster calm-acts">
          <button type="button" className="button" onClick={() => setChoosing(true)}>
            <Icon name="settings" /> {words.devices}
          </button>
          <button type="button" className="button quiet" data-testid="leave" onClick={() => session.leave()}>
            {words.wayOut}
          </button>
        </div>
      </div>
      {telling && <ArrivalDialog session={session} last={view?.you.arrival ?? null} onClose={() => setTelling(false)} />}
      {choosing && (
        <Dialog title={words.devices} onClose={() => setChoosing(false)}>
          <DevicePickers renewedBy={null} onChoose={(devices) => session.choose(devices)} />
        </Dialog>
      )}
    </main>
  );
}

/** What staff wrote to who waits. */
function Messages({ lines }: { readonly lines: readonly ChatLine[] }) {
  const words = useWords();
  return (
    <section className="calm-messages" aria-label={words.messagesTitle} aria-live="polite" data-testid="waiting-messages">
      {lines.slice(-3).map(({ lineId, name, text }) => (
        <p key={lineId}>
          <Icon name="message" /> <span><strong>{name}</strong> {text}</span>
        </p>
      ))}
    </section>
  );
}
