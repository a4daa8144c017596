import { useState } from "react";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { DevicePickers } from "./Devices";
import { Dialog } from "./Dialog";
import { useFocusOnArrival } from "./hooks";
import { Icon } from "./Icon";
import { firstNameOf } from "./Initials";

/** Nothing to do: be welcomed. Shows what the server told this person, which is their own place and who will come. */
export function Waiting(props: { readonly session: Session; readonly snapshot: Snapshot; readonly sentBack: boolean }) {
  const words = useWords();
  const { session, snapshot } = props;
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [choosing, setChoosing] = useState(false);
  const { view, link } = snapshot;
  const waiting = view?.you.place === "waiting";
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
              <p className="lead">{view.staffPresent ? words.willLetYouIn(names) : words.staffNotYet(names)}</p>
            </>
          ) : (
            <p className="lead pending">{words.knocking}</p>
          )}
        </div>
        <ul className="calm-notes">
          <li>
            <Icon name="cameraOff" /> {words.waitingPrivacy}
          </li>
          <li>
            <Icon name="speaker" /> {words.waitingSound}
          </li>
        </ul>
        <div className="cluster calm-acts">
          <button type="button" className="button" onClick={() => setChoosing(true)}>
            <Icon name="settings" /> {words.devices}
          </button>
          <button type="button" className="button quiet" data-testid="leave" onClick={() => session.leave()}>
            {words.wayOut}
          </button>
        </div>
      </div>
      {choosing && (
        <Dialog title={words.devices} onClose={() => setChoosing(false)}>
          <DevicePickers renewedBy={null} onChoose={(devices) => session.choose(devices)} />
        </Dialog>
      )}
    </main>
  );
}
