import { useState, type ReactNode } from "react";
import type { Member, Room } from "../../protocol/messages.gen";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { mayNeedHelp } from "./Crisis";
import { Dialog } from "./Dialog";
import { Icon, type IconName } from "./Icon";
import { TurnAway } from "./TurnAway";

function Row(props: {
  readonly icon: IconName;
  readonly testid: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
}) {
  return (
    <li>
      <button
        type="button"
        className={props.danger ? "button danger wide" : "button wide"}
        data-testid={props.testid}
        disabled={props.disabled}
        onClick={props.onClick}
      >
        <Icon name={props.icon} /> {props.children}
      </button>
    </li>
  );
}

/** What one can do about one other person in the room. */
export function PersonSheet(props: {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
  readonly member: Member;
  readonly pinned: boolean;
  readonly onPin: () => void;
  readonly onWrite: () => void;
  readonly onCrisis: () => void;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const { session, snapshot, view, member, onClose } = props;
  const [removing, setRemoving] = useState(false);
  const { personId, name } = member;
  const busy = Session.busy(snapshot, personId);
  const staff = view.you.role === "facilitator";
  const leads = view.lead === "" || view.lead === view.you.personId;
  const media = session.media.room.remoteParticipants.get(member.identity);
  const then = (act: () => void) => () => {
    act();
    onClose();
  };
  const send = (command: Parameters<Session["act"]>[0]) => then(() => void session.act(command, personId));

  if (removing) {
    return (
      <TurnAway
        title={words.removeTitle(name)}
        text={words.removeText(name)}
        yes={words.removeYes}
        onYes={(reason) => session.remove(personId, reason)}
        onClose={onClose}
      />
    );
  }
  return (
    <Dialog title={name} onClose={onClose}>
      <ul className="sheet" data-testid="person-sheet">
        <Row icon="pin" testid="pin" onClick={then(props.onPin)}>
          {props.pinned ? words.unpin : words.pin}
        </Row>
        {staff && (
          <>
            <Row
              icon="spotlight"
              testid="spotlight"
              disabled={busy}
              onClick={send({ type: "spotlight", personId: view.spotlight === personId ? null : personId })}
            >
              {view.spotlight === personId ? words.unspotlight : words.spotlight}
            </Row>
            {member.hand !== null && (
              <Row icon="hand" testid="lower-hand" disabled={busy} onClick={send({ type: "lowerHand", personId })}>
                {words.lowerHandOf(name)}
              </Row>
            )}
            {media?.isMicrophoneEnabled ? (
              <Row icon="microphoneOff" testid="mute-one" disabled={busy} onClick={then(() => session.mute(personId))}>
                {words.mute}
              </Row>
            ) : (
              <Row icon="microphone" testid="ask-unmute" disabled={busy} onClick={send({ type: "askOf", personId, ask: "unmute" })}>
                {words.askUnmute}
              </Row>
            )}
            {media?.isCameraEnabled ? (
              <Row icon="cameraOff" testid="ask-camera-off" disabled={busy} onClick={send({ type: "askOf", personId, ask: "cameraOff" })}>
                {words.askCameraOff}
              </Row>
            ) : (
              <Row icon="camera" testid="ask-camera-on" disabled={busy} onClick={send({ type: "askOf", personId, ask: "cameraOn" })}>
                {words.askCameraOn}
              </Row>
            )}
            <Row icon="chat" testid="write-to" onClick={then(props.onWrite)}>
              {words.writeTo}
            </Row>
            {member.role === "facilitator" && leads && (
              <Row icon="facilitator" testid="hand-over" disabled={busy} onClick={send({ type: "handOver", personId })}>
                {words.handOverTo(name)}
              </Row>
            )}
            {member.role !== "facilitator" && (
              <>
                {view.you.place !== "aside" && (
                  <Row icon="aside" testid="step-aside" disabled={Session.busy(snapshot, "aside")} onClick={then(() => void session.act({ type: "stepAside", personId }, "aside"))}>
                    {words.stepAside}
                  </Row>
                )}
                {member.flags.includes("noIdentity") && (
                  <Row icon="check" testid="verify-identity" disabled={busy} onClick={send({ type: "verifyIdentity", personId })}>
                    {words.verifyIdentity}
                  </Row>
                )}
                {mayNeedHelp(member.role) && (
                  <Row icon="lifebuoy" testid="crisis-row" onClick={then(props.onCrisis)}>
                    {words.crisisButton}
                  </Row>
                )}
                <Row icon="leave" testid="send-back" disabled={busy} onClick={then(() => session.sendBack(personId))}>
                  {words.sendBack}
                </Row>
                <Row icon="close" testid="remove" danger disabled={busy} onClick={() => setRemoving(true)}>
                  {words.remove}
                </Row>
              </>
            )}
          </>
        )}
      </ul>
    </Dialog>
  );
}
