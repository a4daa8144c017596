import { useCallback, useEffect, useState } from "react";
import { inside } from "../place";
import { notify } from "../notify";
import { chosenDevices } from "../remembered";
import type { Session, Snapshot, Tidings } from "../session";
import { chime } from "../sound";
import { useWords, type Words } from "../words";
import { Door } from "./Door";
import { Ending, type EndingKind } from "./Ending";
import { useSession } from "./hooks";
import { MediaRoom } from "./MediaRoom";
import type { Line } from "./Toasts";
import { Waiting } from "./Waiting";

/** Which ending the page shows, if any. */
function endingOf({ link, view, coming, left, media }: Snapshot): EndingKind | null {
  if (link === "signedOut" || link === "notFound" || link === "outdated") return link;
  if (view?.meeting.ended) return "ended";
  if (view?.you.place === "declined" || view?.you.place === "removed") return view.you.place;
  if (coming && media === "replaced") return "replaced";
  return !coming && left ? "left" : null;
}

/** What a screen reader is told, and nobody else. */
function spoken(words: Words, tidings: Tidings): string {
  switch (tidings.kind) {
    case "waiting":
      return words.saysWaiting(tidings.waiter.name);
    case "joined":
      return words.saysJoined(tidings.member.name);
    case "left":
      return words.saysLeft(tidings.member.name);
    case "interrupted":
      return words.saysInterrupted(tidings.member.name);
    case "back":
      return words.saysBack(tidings.member.name);
    case "admitted":
      return words.saysAdmitted;
    case "staffBack":
      return words.saysStaffBack;
    case "moved":
      return tidings.roomName === "" ? words.saysMovedMain : words.saysMoved(tidings.roomName);
    case "recalled":
      return words.saysRecalled;
    case "help":
      return words.saysHelp(tidings.roomName);
    case "held":
      return words.saysHeld;
    case "resumed":
      return words.saysResumed;
    case "line":
    case "movedUp":
    case "sentBack":
    case "staffGone":
    case "silenced":
    case "refused":
      return ""; // shown in a live region of its own
  }
}

export function App({ session }: { readonly session: Session }) {
  const words = useWords();
  const snapshot = useSession(session);
  const [said, setSaid] = useState("");
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [sentBack, setSentBack] = useState(false);
  const { view, coming } = snapshot;
  const waiting = view?.waiting.length ?? 0;

  useEffect(() => {
    let count = 0;
    const show = (text: string) => {
      const line = { id: (count += 1), text };
      setLines((before) => [...before, line].slice(-2));
    };
    return session.listen((tidings) => {
      const text = spoken(words, tidings);
      if (text !== "") setSaid(text);
      const speaker = chosenDevices().audiooutput;
      if (tidings.kind === "admitted") {
        setSentBack(false);
        notify(words.notifyTitle, words.notifyCalled, "called");
        void chime("admitted", speaker).catch(() => undefined);
      } else if (tidings.kind === "sentBack") {
        setSentBack(true);
      } else if (tidings.kind === "waiting") {
        setFresh((before) => new Set(before).add(tidings.waiter.personId));
        void chime("arrival", speaker).catch(() => undefined);
        notify(words.notifyTitle, words.notifyWaiting, "waiting", session.media.room.localParticipant.isScreenShareEnabled);
      } else if (tidings.kind === "help") {
        show(words.helpWanted(tidings.roomName));
        void chime("arrival", speaker).catch(() => undefined);
        notify(words.notifyTitle, words.notifyHelp, "help", session.media.room.localParticipant.isScreenShareEnabled);
      } else if (tidings.kind === "moved") {
        show(tidings.roomName === "" ? words.saysMovedMain : words.saysMoved(tidings.roomName));
      } else if (tidings.kind === "line" && tidings.line.to === "everyone") {
        if (tidings.line.personId !== session.snapshot.view?.you.personId) show(words.toAllRooms(tidings.line.name, tidings.line.text));
      } else if (tidings.kind === "line" && session.snapshot.view?.you.place === "waiting") {
        void chime("arrival", speaker).catch(() => undefined);
      } else if (tidings.kind === "silenced" || tidings.kind === "refused") {
        show(tidings.kind === "silenced" ? words.silenced : tidings.text);
      }
    });
  }, [session, words]);

  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${words.tabTitle}` : words.tabTitle;
  }, [waiting, words]);

  const { microphone, camera } = snapshot.wanted;
  const [told, setTold] = useState({ microphone, camera });
  if (told.microphone !== microphone || told.camera !== camera) {
    setTold({ microphone, camera });
    if (told.microphone !== microphone) setSaid(microphone ? words.saysMicrophoneOn : words.saysMicrophoneOff);
    else setSaid(camera ? words.saysCameraOn : words.saysCameraOff);
  }

  const onSeen = useCallback((personId: string) => {
    setFresh((before) => {
      const rest = new Set(before);
      rest.delete(personId);
      return rest;
    });
  }, []);
  const onLineGone = useCallback((id: number) => setLines((before) => before.filter((line) => line.id !== id)), []);

  const ending = endingOf(snapshot);
  return (
    <>
      <p className="visually-hidden" aria-live="polite" data-testid="said">
        {said}
      </p>
      {ending !== null ? (
        <Ending key={ending} kind={ending} session={session} />
      ) : !coming ? (
        <Door session={session} />
      ) : view && inside(view.you.place) ? (
        <MediaRoom
          session={session}
          snapshot={snapshot}
          view={view}
          fresh={fresh}
          onSeen={onSeen}
          lines={lines}
          onLineGone={onLineGone}
        />
      ) : (
        <Waiting session={session} snapshot={snapshot} sentBack={sentBack} />
      )}
    </>
  );
}
