import type { ReactNode } from "react";
import type { Wanted } from "../remembered";
import type { Session } from "../session";
import { useWords } from "../words";
import { Icon, type IconName } from "./Icon";

function Item(props: {
  readonly icon: IconName;
  readonly word: string;
  readonly label: string;
  readonly testid: string;
  readonly tone?: "off" | "danger" | "attention" | undefined;
  readonly expanded?: boolean;
  readonly keys?: string;
  readonly onClick: () => void;
  readonly children?: ReactNode;
}) {
  return (
    <button
      type="button"
      className="bar-item"
      data-testid={props.testid}
      data-tone={props.tone}
      aria-label={props.label}
      aria-expanded={props.expanded}
      aria-keyshortcuts={props.keys}
      title={props.label}
      onClick={props.onClick}
    >
      <span className="bar-icon">
        <Icon name={props.icon} />
        {props.children}
      </span>
      <span className="bar-word" aria-hidden="true">
        {props.word}
      </span>
    </button>
  );
}

/** The few things one does during a session. */
export function Bar(props: {
  readonly session: Session;
  readonly wanted: Wanted;
  readonly staff: boolean;
  readonly waiting: number;
  readonly railOpen: boolean;
  readonly onRail: () => void;
  readonly onMore: () => void;
  readonly onLeave: () => void;
}) {
  const words = useWords();
  const { session, wanted, waiting } = props;
  const { microphone, camera } = wanted;
  return (
    <div className="bar" role="group" aria-label={words.bar}>
      <Item
        icon={microphone ? "microphone" : "microphoneOff"}
        word={words.microphoneShort}
        label={microphone ? words.turnMicrophoneOff : words.turnMicrophoneOn}
        testid="bar-microphone"
        tone={microphone ? undefined : "off"}
        keys="m"
        onClick={() => session.want({ ...wanted, microphone: !microphone })}
      />
      <Item
        icon={camera ? "camera" : "cameraOff"}
        word={words.cameraShort}
        label={camera ? words.turnCameraOff : words.turnCameraOn}
        testid="bar-camera"
        tone={camera ? undefined : "off"}
        keys="v"
        onClick={() => session.want({ ...wanted, camera: !camera })}
      />
      {props.staff && (
        <Item
          icon="people"
          word={words.peopleShort}
          label={waiting > 0 ? `${words.people}, ${words.waitingCount(waiting)}` : words.people}
          testid="bar-people"
          tone={waiting > 0 ? "attention" : undefined}
          expanded={props.railOpen}
          keys="p"
          onClick={props.onRail}
        >
          {waiting > 0 && (
            <span className="bar-count" aria-hidden="true">
              {waiting}
            </span>
          )}
        </Item>
      )}
      <Item icon="more" word={words.moreShort} label={words.more} testid="bar-more" onClick={props.onMore} />
      <Item
        icon="leave"
        word={words.leaveShort}
        label={words.leaveTitle}
        testid="bar-leave"
        tone="danger"
        onClick={props.onLeave}
      />
    </div>
  );
}
