import { Track } from "livekit-client";
import { useState, type ReactNode } from "react";
import { blurKind } from "../blur";
import { REACTIONS, type Reaction } from "../reactions";
import { rememberShortcuts, shortcutsOn } from "../remembered";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { AgendaParts } from "./Agenda";
import { Dialog } from "./Dialog";
import { DevicePickers } from "./Devices";
import { Icon, type IconName } from "./Icon";
import { ReactionIcon } from "./ReactionIcon";

/** A choice that holds until it is changed, with a line that says what it does. */
export function Choice(props: {
  readonly on: boolean;
  readonly testid: string;
  readonly hint?: ReactNode;
  readonly onChange: (on: boolean) => void;
  readonly children: ReactNode;
}) {
  return (
    <label className="choice switch">
      <input
        type="checkbox"
        role="switch"
        checked={props.on}
        data-testid={props.testid}
        onChange={({ target }) => props.onChange(target.checked)}
      />
      <span>
        {props.children}
        {props.hint !== undefined && <small>{props.hint}</small>}
      </span>
    </label>
  );
}

/** How faces are shown: one of two. */
function Layouts({ session, snapshot }: { readonly session: Session; readonly snapshot: Snapshot }) {
  const words = useWords();
  const offered: readonly (readonly ["gallery" | "speaker", IconName, string])[] = [
    ["gallery", "grid", words.layoutGallery],
    ["speaker", "speakerView", words.layoutSpeaker],
  ];
  return (
    <fieldset className="layouts">
      <legend>{words.layout}</legend>
      {offered.map(([layout, icon, word]) => (
        <label className="layout-choice" key={layout}>
          <input
            type="radio"
            name="layout"
            checked={snapshot.preferences.layout === layout}
            data-testid={`layout-${layout}`}
            onChange={() => session.prefer({ layout })}
          />
          <Icon name={icon} />
          <span>{word}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** What is not needed every minute: layout, one's own picture, devices, keys. */
export function More(props: {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly onClose: () => void;
  readonly onHelp: () => void;
  readonly onReact: () => void;
  readonly onShare: (() => void) | undefined;
  /** A small window on top, where the browser has one. */
  readonly pip: { readonly on: boolean; readonly toggle: () => void } | undefined;
}) {
  const words = useWords();
  const { session, snapshot, onShare, pip } = props;
  return (
    <Dialog title={words.more} onClose={props.onClose}>
      <div className="more-acts">
        <button type="button" className="button wide" data-testid="more-react" onClick={props.onReact}>
          <Icon name="smile" /> {words.react}
        </button>
        {onShare !== undefined && (
          <button
            type="button"
            className="button wide"
            data-testid="more-share"
            onClick={() => {
              onShare();
              props.onClose();
            }}
          >
            <Icon name="screen" /> {words.share}
          </button>
        )}
        {pip !== undefined && (
          <button
            type="button"
            className="button wide"
            data-testid="more-pip"
            onClick={() => {
              pip.toggle();
              props.onClose();
            }}
          >
            <Icon name="pip" /> {pip.on ? words.pipOver : words.pip}
          </button>
        )}
      </div>
      {snapshot.view?.agenda && (
        <section className="more-agenda" aria-label={words.agendaTitle}>
          <h3>{words.agendaTitle}</h3>
          <AgendaParts agenda={snapshot.view.agenda} pause={snapshot.view.pause} />
        </section>
      )}
      <Layouts session={session} snapshot={snapshot} />
      <details className="disclosure" data-testid="more-self">
        <summary>{words.ownPicture}</summary>
        <OwnPicture session={session} snapshot={snapshot} />
      </details>
      <details className="disclosure" data-testid="more-line">
        <summary>{words.comfort}</summary>
        <div className="stack tight">
          <Choice
            on={snapshot.wellbeing.soundOnly}
            testid="sound-only"
            hint={words.soundOnlyHint}
            onChange={(on) => session.care.choose(on)}
          >
            {words.soundOnly}
          </Choice>
          <Choice
            on={snapshot.preferences.lowPower}
            testid="low-power"
            hint={words.lowPowerHint}
            onChange={(on) => session.prefer({ lowPower: on })}
          >
            {words.lowPower}
          </Choice>
        </div>
      </details>
      <details className="disclosure" data-testid="more-devices">
        <summary>{words.devices}</summary>
        <DevicePickers renewedBy={snapshot.media} onChoose={(devices) => session.choose(devices)} />
      </details>
      <button type="button" className="button quiet wide" data-testid="more-help" onClick={props.onHelp}>
        <Icon name="keys" /> {words.helpTitle}
      </button>
    </Dialog>
  );
}

function OwnPicture({ session, snapshot }: { readonly session: Session; readonly snapshot: Snapshot }) {
  const words = useWords();
  const { mirror, hideSelf, blur } = snapshot.preferences;
  const camera = session.media.room.localParticipant.getTrackPublication(Track.Source.Camera)?.track;
  const background = camera !== undefined && blurKind(camera.mediaStreamTrack) === "background";
  return (
    <div className="stack tight">
      <Choice on={mirror} testid="mirror" hint={words.mirrorHint} onChange={(on) => session.prefer({ mirror: on })}>
        {words.mirror}
      </Choice>
      <Choice on={hideSelf} testid="hide-self" hint={words.hideSelfHint} onChange={(on) => session.prefer({ hideSelf: on })}>
        {words.hideSelf}
      </Choice>
      <Choice
        on={blur}
        testid="blur"
        hint={background ? words.blurBackground : words.blurWhole}
        onChange={(on) => session.prefer({ blur: on })}
      >
        {words.blur}
      </Choice>
    </div>
  );
}

/** What one can do about one's own tile. */
export function OwnSheet(props: { readonly session: Session; readonly snapshot: Snapshot; readonly onClose: () => void }) {
  const words = useWords();
  return (
    <Dialog title={words.ownPicture} onClose={props.onClose}>
      <OwnPicture session={props.session} snapshot={props.snapshot} />
    </Dialog>
  );
}

/** Signs of feeling, each with its meaning in words. */
export function Reactions(props: { readonly onSend: (reaction: Reaction) => void; readonly onClose: () => void }) {
  const words = useWords();
  return (
    <Dialog title={words.react} onClose={props.onClose}>
      <ul className="reactions">
        {REACTIONS.map((reaction) => (
          <li key={reaction}>
            <button type="button" className="reaction-choice" data-testid={`react-${reaction}`} onClick={() => props.onSend(reaction)}>
              <ReactionIcon reaction={reaction} />
              <span>{words.reactions[reaction]}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

export function Help({ onClose }: { readonly onClose: () => void }) {
  const words = useWords();
  const [on, setOn] = useState(shortcutsOn);
  return (
    <Dialog title={words.helpTitle} onClose={onClose}>
      <dl className="facts keys" data-testid="help">
        {words.helpKeys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label className="choice">
        <input
          type="checkbox"
          checked={on}
          onChange={({ target }) => {
            setOn(target.checked);
            rememberShortcuts(target.checked);
          }}
        />
        {words.helpSwitch}
      </label>
    </Dialog>
  );
}
