import { RoomAudioRenderer, RoomContext, useAudioPlayback } from "@livekit/components-react";
import { useCallback, useEffect, useState } from "react";
import type { Room } from "../../protocol/messages.gen";
import { rememberShortcuts, shortcutsOn } from "../remembered";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { Bar } from "./Bar";
import { HoldCover, HoldNote, TakeOver, Whereabouts } from "./Beside";
import { Confirm, Dialog } from "./Dialog";
import { DevicePickers } from "./Devices";
import { Gallery, others } from "./Gallery";
import { useFocusOnArrival, usePhone, useWakeLock } from "./hooks";
import { Icon } from "./Icon";
import { problemsOf } from "./problems";
import { Rail } from "./Rail";
import { Arrivals, Lines, type Line } from "./Toasts";

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
  /** Arrivals at the door that have not been shown long enough. */
  readonly fresh: ReadonlySet<string>;
  readonly onSeen: (personId: string) => void;
  readonly lines: readonly Line[];
  readonly onLineGone: (id: number) => void;
}

type Open = "more" | "leave" | "help" | null;

/** The room: faces fill the screen, everything else is small. */
export function MediaRoom(props: Props) {
  const { session, snapshot, view } = props;
  const words = useWords();
  const phone = usePhone();
  const staff = view.you.role === "facilitator";
  const [rail, setRail] = useState(false);
  const [open, setOpen] = useState<Open>(null);
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const { wanted } = snapshot;
  const apart = view.breakouts !== null && view.breakouts.state !== "planned";
  useWakeLock();

  const closeRail = useCallback(() => {
    setRail(false);
    document.querySelector<HTMLElement>('[data-testid="bar-people"]')?.focus();
  }, []);

  useEffect(() => {
    if (!rail) return;
    const escape = ({ key }: KeyboardEvent) => {
      if (key === "Escape" && document.querySelector("dialog[open]") === null) closeRail();
    };
    document.addEventListener("keydown", escape);
    return () => document.removeEventListener("keydown", escape);
  }, [rail, closeRail]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !shortcutsOn()) return;
      if (target instanceof HTMLElement && target.closest("input, select, textarea, dialog, [contenteditable]")) return;
      const keys: Readonly<Record<string, () => void>> = {
        m: () => session.want({ ...session.snapshot.wanted, microphone: !session.snapshot.wanted.microphone }),
        v: () => session.want({ ...session.snapshot.wanted, camera: !session.snapshot.wanted.camera }),
        p: () => staff && setRail((before) => !before),
        "?": () => setOpen("help"),
      };
      const act = keys[key.toLowerCase()];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [session, staff]);

  return (
    <RoomContext.Provider value={session.media.room}>
      <main className="room" data-testid="room" data-rail={rail} data-media={snapshot.media}>
        <h1 className="visually-hidden" ref={heading} tabIndex={-1}>
          {view.meeting.title}
        </h1>
        <Strip session={session} snapshot={snapshot} view={view} />
        <div className="stage">
          <Gallery view={view} />
          <HoldCover view={view} />
          {others(view).length === 0 && view.you.place === "main" && (
            <div className="stage-note">
              <p>
                <strong>{apart ? words.allInRooms : words.alone}</strong>
              </p>
              {!apart && <p>{words.aloneHint}</p>}
            </div>
          )}
        </div>
        {staff && rail && <Rail session={session} snapshot={snapshot} view={view} onClose={closeRail} />}
        <div className="toasts" data-under-rail={rail && phone}>
          {staff && !rail && (
            <Arrivals
              session={session}
              snapshot={snapshot}
              waiting={view.waiting}
              fresh={props.fresh}
              onSeen={props.onSeen}
              onOpen={() => setRail(true)}
            />
          )}
          <Lines lines={props.lines} onGone={props.onLineGone} />
        </div>
        <Bar
          session={session}
          wanted={wanted}
          staff={staff}
          waiting={view.waiting.length}
          railOpen={rail}
          onRail={() => (rail ? closeRail() : setRail(true))}
          onMore={() => setOpen("more")}
          onLeave={() => setOpen("leave")}
        />
        <RoomAudioRenderer />
        {open === "more" && <More session={session} snapshot={snapshot} onClose={() => setOpen(null)} onHelp={() => setOpen("help")} />}
        {open === "help" && <Help onClose={() => setOpen(null)} />}
        {open === "leave" && (
          <Confirm
            title={words.leaveTitle}
            text={staff ? words.leaveTextStaff : words.leaveText}
            no={words.stay}
            onClose={() => setOpen(null)}
          >
            <button
              type="button"
              className={staff ? "button primary" : "button danger"}
              data-testid="leave"
              onClick={() => session.leave()}
            >
              {words.leave}
            </button>
            {staff && (
              <button type="button" className="button danger" data-testid="end" onClick={() => session.end()}>
                {words.endForAll}
              </button>
            )}
          </Confirm>
        )}
      </main>
    </RoomContext.Provider>
  );
}

/** The thin line on top: what this is, and in words whatever is not as it should be. */
function Strip(props: { readonly session: Session; readonly snapshot: Snapshot; readonly view: Room }) {
  const { session, snapshot, view } = props;
  const words = useWords();
  const { canPlayAudio, startAudio } = useAudioPlayback(session.media.room);
  const ends = new Intl.DateTimeFormat(session.config.language, {
    hour: "numeric",
    minute: "2-digit",
    timeZone: session.config.timeZone, // the person's own, as on every other page
  });
  return (
    <header className="strip">
      <p className="strip-title">
        <span>{view.meeting.title}</span>{" "}
        <span className="soft">{words.until(ends.format(new Date(view.meeting.endsAt)))}</span>
      </p>
      <Whereabouts {...props} />
      <TakeOver {...props} />
      <div className="strip-notes" role="status">
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
        <HoldNote {...props} />
        {problemsOf(words, snapshot.troubles).map(({ sources, what, help }) => (
          <p className="strip-note" key={what}>
            {what} {help}
            <button type="button" className="round quiet" aria-label={words.close} onClick={() => session.forget(sources)}>
              <Icon name="close" />
            </button>
          </p>
        ))}
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

function More(props: {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly onClose: () => void;
  readonly onHelp: () => void;
}) {
  const words = useWords();
  return (
    <Dialog title={words.devices} onClose={props.onClose}>
      <DevicePickers renewedBy={props.snapshot.media} onChoose={(devices) => props.session.choose(devices)} />
      <button type="button" className="button quiet wide" onClick={props.onHelp}>
        <Icon name="keys" /> {words.helpTitle}
      </button>
    </Dialog>
  );
}

function Help({ onClose }: { readonly onClose: () => void }) {
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
