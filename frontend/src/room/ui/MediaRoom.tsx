import { RoomContext } from "@livekit/components-react";
import { useCallback, useEffect, useState } from "react";
import type { Room } from "../../protocol/messages.gen";
import { actOf, type Act } from "../keys";
import type { Reaction } from "../reactions";
import { shortcutsOn } from "../remembered";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { Asked } from "./Asked";
import { Bar, type Panel } from "./Bar";
import { HoldCover } from "./Beside";
import { Chat, TO_ROOM, type Target } from "./Chat";
import { CrisisAsk, CrisisScreen, mayNeedHelp } from "./Crisis";
import { Confirm } from "./Dialog";
import { useReactions } from "./floor";
import { FloorVoice } from "./FloorVoice";
import { Gallery, others, type Look } from "./Gallery";
import { useFocusOnArrival, usePhone, useWakeLock } from "./hooks";
import { Help, More, OwnSheet, Reactions } from "./More";
import { Week } from "./Week";
import { useShown } from "./participant";
import { PersonSheet } from "./PersonSheet";
import { pipKind, PipWindow, usePip } from "./Pip";
import { Rail } from "./Rail";
import { Strip } from "./Strip";
import type { Marks } from "./Tile";
import { Arrivals, Lines, type Line } from "./Toasts";
import { Voices } from "./Voices";

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

type Open = "more" | "leave" | "help" | "react" | null;

const canShare = () => "mediaDevices" in navigator && "getDisplayMedia" in navigator.mediaDevices;

/** The room: faces fill the screen, everything else is small. */
export function MediaRoom(props: Props) {
  return (
    <RoomContext.Provider value={props.session.media.room}>
      <Inside {...props} />
    </RoomContext.Provider>
  );
}

function Inside(props: Props) {
  const { session, snapshot, view } = props;
  const words = useWords();
  const phone = usePhone();
  const staff = view.you.role === "facilitator";
  const [panel, setPanel] = useState<Panel>(null);
  const [open, setOpen] = useState<Open>(null);
  const [person, setPerson] = useState<string | null>(null);
  const [asking, setAsking] = useState<string | null>(null); // for whom help is about to be called
  const [helping, setHelping] = useState<string | null>(null); // whose crisis is on the screen
  const [pins, setPins] = useState<ReadonlySet<string>>(new Set());
  const [target, setTarget] = useState<Target>(TO_ROOM);
  const [draft, setDraft] = useState("");
  const [feltSaid, setFeltSaid] = useState("");
  const [notShared, setNotShared] = useState(false);
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const { preferences, wellbeing } = snapshot;
  const pip = usePip();
  const { members } = view;
  const apart = view.breakouts !== null && view.breakouts.state !== "planned";
  useWakeLock();

  const onFelt = useCallback(
    (identity: string, reaction: Reaction) => {
      const from = members.find((one) => one.identity === identity);
      if (from) setFeltSaid(words.saysReacted(from.name, words.reactions[reaction]));
    },
    [members, words],
  );
  const { felt, send } = useReactions(onFelt);
  const sharing = useShown(session.media.room.localParticipant).screen !== undefined;
  const mayShare = view.you.mayShareScreen && canShare();

  const share = useCallback(
    async (on: boolean) => {
      setNotShared(false);
      if (!(await session.media.share(on)) && on) setNotShared(true);
    },
    [session],
  );

  // A screen is shared with one room: it neither follows into another nor outlives the right to it.
  useEffect(() => () => void session.media.share(false), [session, view.you.place, view.you.roomId]);
  useEffect(() => {
    if (sharing && !view.you.mayShareScreen) void session.media.share(false);
  }, [session, sharing, view.you.mayShareScreen]);

  const closePanel = useCallback(() => {
    if (panel !== null) document.querySelector<HTMLElement>(`[data-testid="bar-${panel}"]`)?.focus();
    setPanel(null);
  }, [panel]);
  const toggle = (which: Exclude<Panel, null>) => (panel === which ? closePanel() : setPanel(which));

  useEffect(() => {
    if (panel === null) return;
    const escape = ({ key }: KeyboardEvent) => {
      if (key === "Escape" && document.querySelector("dialog[open]") === null) closePanel();
    };
    document.addEventListener("keydown", escape);
    return () => document.removeEventListener("keydown", escape);
  }, [panel, closePanel]);

  const hand = () => void session.act(view.you.hand === null ? { type: "raiseHand" } : { type: "lowerHand", personId: null }, "hand");
  const acts: Readonly<Record<Act, () => void>> = {
    microphone: () => session.want({ ...snapshot.wanted, microphone: !snapshot.wanted.microphone }),
    camera: () => session.want({ ...snapshot.wanted, camera: !snapshot.wanted.camera }),
    hand,
    chat: () => toggle("chat"),
    react: () => setOpen("react"),
    layout: () => session.prefer({ layout: preferences.layout === "gallery" ? "speaker" : "gallery" }),
    people: () => staff && toggle("people"),
    share: () => (mayShare || sharing) && void share(!sharing),
    help: () => setOpen("help"),
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target: on } = event;
      const typing = on instanceof HTMLElement && on.closest("input, select, textarea, dialog, [contenteditable]") !== null;
      const act = shortcutsOn() ? actOf(event, typing) : null;
      if (act === null) return;
      event.preventDefault();
      acts[act]();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });

  const pin = (personId: string) =>
    setPins((before) => {
      const after = new Set(before);
      if (!after.delete(personId)) after.add(personId);
      return after;
    });
  const inNeed = (personId: string) => members.some((one) => one.personId === personId && mayNeedHelp(one.role));
  const asked = members.find(({ personId }) => personId === asking);
  const crisis = view.crises.filter(({ personId }) => personId === helping).at(-1); // the newest;
  const chosen = members.find(({ personId }) => personId === person);
  const everyone = others(view);

  const look: Look = {
    layout: preferences.layout,
    pins,
    hideSelf: preferences.hideSelf,
    facesOff: wellbeing.rung === "faceless" || wellbeing.rung === "sound",
  };
  const marks = (personId: string): Marks => {
    const identity = personId === view.you.personId ? view.you.identity : members.find((one) => one.personId === personId)?.identity;
    return {
      pinned: pins.has(personId),
      spotlit: view.spotlight === personId,
      reaction: felt.get(identity ?? "")?.reaction,
      mirrored: preferences.mirror,
      onCrisis: staff && inNeed(personId) ? () => setAsking(personId) : undefined,
    };
  };

  return (
    <main
      className="room"
      data-testid="room"
      data-rail={panel !== null}
      data-media={snapshot.media}
      data-room={view.you.roomId}
      data-still={preferences.lowPower}
    >
      <h1 className="visually-hidden" ref={heading} tabIndex={-1}>
        {view.meeting.title}
      </h1>
      <Strip
        session={session}
        snapshot={snapshot}
        view={view}
        sharing={sharing}
        notShared={notShared}
        onShareSeen={() => setNotShared(false)}
        crisis={crisis?.personId ?? null}
        onCrisis={setHelping}
        onStopSharing={() => void share(false)}
        pipRefused={pip.refused}
        onDevices={() => setOpen("more")}
      />
      <div className="stage">
        <Gallery
          view={view}
          look={look}
          marks={marks}
          onOpen={setPerson}
        />
        <HoldCover view={view} />
        {session.config.weekPath !== undefined && <Week path={session.config.weekPath} />}
        {everyone.length === 0 && view.you.place === "main" && (
          <div className="stage-note">
            <p>
              <strong>{apart ? words.allInRooms : words.alone}</strong>
            </p>
            {!apart && <p>{words.aloneHint}</p>}
          </div>
        )}
        <Asked session={session} snapshot={snapshot} view={view} />
      </div>
      {crisis && <CrisisScreen key={crisis.personId} session={session} snapshot={snapshot} view={view} crisis={crisis} onClose={() => setHelping(null)} />}
      {staff && !crisis && panel === "people" && (
        <Rail session={session} snapshot={snapshot} view={view} onPerson={setPerson} onClose={closePanel} />
      )}
      {!crisis && panel === "chat" && (
        <Chat
          session={session}
          snapshot={snapshot}
          view={view}
          target={target}
          onTarget={setTarget}
          draft={draft}
          onDraft={setDraft}
          onClose={closePanel}
        />
      )}
      <div className="toasts" data-under-rail={panel !== null && phone}>
        {staff && panel !== "people" && (
          <Arrivals
            session={session}
            snapshot={snapshot}
            waiting={view.waiting}
            fresh={props.fresh}
            onSeen={props.onSeen}
            onOpen={() => setPanel("people")}
          />
        )}
        <Lines lines={props.lines} onGone={props.onLineGone} />
      </div>
      <Bar
        session={session}
        snapshot={snapshot}
        view={view}
        panel={panel}
        onPanel={toggle}
        onHand={hand}
        onReact={() => setOpen("react")}
        sharing={sharing ? "on" : mayShare ? "off" : "cannot"}
        onShare={() => void share(!sharing)}
        onMore={() => setOpen("more")}
        onLeave={() => setOpen("leave")}
      />
      <Voices />
      {pip.page !== null && (
        <PipWindow
          page={pip.page}
          session={session}
          snapshot={snapshot}
          view={view}
          look={look}
          marks={(personId) => ({ ...marks(personId), onCrisis: undefined })}
          onHand={hand}
          onPanel={toggle}
          onBack={pip.toggle}
        />
      )}
      <FloorVoice session={session} view={view} felt={feltSaid} />
      {open === "react" && (
        <Reactions
          onSend={(reaction) => {
            send(reaction);
            setOpen(null);
          }}
          onClose={() => setOpen(null)}
        />
      )}
      {open === "more" && (
        <More
          session={session}
          snapshot={snapshot}
          onClose={() => setOpen(null)}
          onHelp={() => setOpen("help")}
          onReact={() => setOpen("react")}
          pip={pipKind() === "none" ? undefined : { on: pip.on, toggle: pip.toggle }}
          onShare={mayShare && !staff && !sharing ? () => void share(true) : undefined}
        />
      )}
      {open === "help" && <Help onClose={() => setOpen(null)} />}
      {person === view.you.personId && <OwnSheet session={session} snapshot={snapshot} onClose={() => setPerson(null)} />}
      {chosen && chosen.personId !== view.you.personId && (
        <PersonSheet
          key={chosen.personId}
          session={session}
          snapshot={snapshot}
          view={view}
          member={chosen}
          pinned={pins.has(chosen.personId)}
          onPin={() => pin(chosen.personId)}
          onWrite={() => {
            setTarget({ to: "person", personId: chosen.personId });
            setPanel("chat");
          }}
          onCrisis={() => setAsking(chosen.personId)}
          onClose={() => setPerson(null)}
        />
      )}
      {asked && (
        <CrisisAsk
          session={session}
          snapshot={snapshot}
          view={view}
          personId={asked.personId}
          name={asked.name}
          onOpened={() => setHelping(asked.personId)}
          onClose={() => setAsking(null)}
        />
      )}
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
  );
}
