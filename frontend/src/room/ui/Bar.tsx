import type { ReactNode } from "react";
import type { Room } from "../../protocol/messages.gen";
import { unread } from "../chat";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { Icon, type IconName } from "./Icon";

function Item(props: {
  readonly icon: IconName;
  readonly word: string;
  readonly label: string;
  readonly testid: string;
  readonly tone?: "off" | "on" | "danger" | "attention" | undefined;
  readonly expanded?: boolean;
  readonly pressed?: boolean;
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
      aria-pressed={props.pressed}
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

function Count({ count }: { readonly count: number }) {
  return count === 0 ? null : (
    <span className="bar-count" aria-hidden="true">
      {count > 99 ? "99" : count}
    </span>
  );
}

export type Panel = "people" | "chat" | null;

/** The few things one does during a session: never more than seven. */
export function Bar(props: {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
  readonly panel: Panel;
  readonly onPanel: (panel: Exclude<Panel, null>) => void;
  readonly onHand: () => void;
  readonly onReact: () => void;
  /** Whether a screen can be shared from here, and is. */
  readonly sharing: "cannot" | "off" | "on";
  readonly onShare: () => void;
  readonly onMore: () => void;
  readonly onLeave: () => void;
  /** Only what one needs in a small window. */
  readonly brief?: boolean;
}) {
  const words = useWords();
  const { session, snapshot, view, panel, sharing } = props;
  const { microphone, camera } = snapshot.wanted;
  const staff = view.you.role === "facilitator";
  const waiting = view.waiting.length;
  const hand = view.you.hand;
  const unreadLines = panel === "chat" ? 0 : unread(snapshot.chat, view.you.personId);
  return (
    <div className="bar" role="group" aria-label={words.bar}>
      <Item
        icon={microphone ? "microphone" : "microphoneOff"}
        word={words.microphoneShort}
        label={microphone ? words.turnMicrophoneOff : words.turnMicrophoneOn}
        testid="bar-microphone"
        tone={microphone ? undefined : "off"}
        keys="m"
        onClick={() => session.want({ ...snapshot.wanted, microphone: !microphone })}
      />
      <Item
        icon={camera ? "camera" : "cameraOff"}
        word={words.cameraShort}
        label={camera ? words.turnCameraOff : words.turnCameraOn}
        testid="bar-camera"
        tone={camera ? undefined : "off"}
        keys="v"
        onClick={() => session.want({ ...snapshot.wanted, camera: !camera })}
      />
      {!staff && (
        <Item
          icon="hand"
          word={words.handShort}
          label={hand === null ? words.raiseHand : `${words.lowerHand}. ${words.handUp(hand)}`}
          testid="bar-hand"
          tone={hand === null ? undefined : "on"}
          pressed={hand !== null}
          keys="h"
          onClick={props.onHand}
        >
          <Count count={hand ?? 0} />
        </Item>
      )}
      {props.brief ? null : sharing === "cannot" || (!staff && sharing === "off") ? (
        <Item icon="smile" word={words.reactShort} label={words.react} testid="bar-react" keys="r" onClick={props.onReact} />
      ) : (
        <Item
          icon={sharing === "on" ? "screenOff" : "screen"}
          word={words.shareShort}
          label={sharing === "on" ? words.shareStop : words.share}
          testid="bar-share"
          tone={sharing === "on" ? "on" : undefined}
          keys="s"
          onClick={props.onShare}
        />
      )}
      {!props.brief && (
      <Item
        icon="chat"
        word={words.chatShort}
        label={unreadLines > 0 ? words.chatUnread(unreadLines) : words.chat}
        testid="bar-chat"
        tone={unreadLines > 0 ? "attention" : undefined}
        expanded={panel === "chat"}
        keys="c"
        onClick={() => props.onPanel("chat")}
      >
        <Count count={unreadLines} />
      </Item>
      )}
      {staff && !props.brief && (
        <Item
          icon="people"
          word={words.peopleShort}
          label={waiting > 0 ? `${words.people}, ${words.waitingCount(waiting)}` : words.people}
          testid="bar-people"
          tone={waiting > 0 ? "attention" : undefined}
          expanded={panel === "people"}
          keys="p"
          onClick={() => props.onPanel("people")}
        >
          <Count count={waiting} />
        </Item>
      )}
      {!props.brief && <Item icon="more" word={words.moreShort} label={words.more} testid="bar-more" onClick={props.onMore} />}
      {!props.brief && (
      <Item
        icon="leave"
        word={words.leaveShort}
        label={words.leaveTitle}
        testid="bar-leave"
        tone="danger"
        onClick={props.onLeave}
      />
      )}
    </div>
  );
}
