import { useEffect, useRef, useState } from "react";
import { clockFace, minutesToTell, secondsLeft } from "../countdown";
import type { Session } from "../session";
import { useWords } from "../words";

/** Seconds until `endsAt` by the server's clock, renewed each second; null without an end. */
export function useSecondsLeft(session: Session, endsAt: string | null): number | null {
  const [nowMs, setNowMs] = useState(() => session.serverNowMs());
  useEffect(() => {
    if (endsAt === null) return;
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      const now = session.serverNowMs();
      setNowMs(now);
      const rest = (Date.parse(endsAt) - now) % 1000; // until the shown second is over: all clocks on a page turn together
      timer = setTimeout(look, (rest > 0 ? rest : rest + 1000) + 5);
    };
    timer = setTimeout(look);
    return () => clearTimeout(timer);
  }, [session, endsAt]);
  return endsAt === null ? null : secondsLeft(Date.parse(endsAt), nowMs);
}

/** A clock that runs down. Screen readers are told the minutes that matter, elsewhere (`TimeTold`). */
export function TimeLeft(props: { readonly session: Session; readonly endsAt: string }) {
  const seconds = useSecondsLeft(props.session, props.endsAt) ?? 0;
  return (
    <strong className="time-left" role="timer" data-testid="time-left" data-soon={seconds <= 60}>
      {clockFace(seconds)}
    </strong>
  );
}

/** Says the time left aloud when it matters, and is silent else. */
export function TimeTold(props: { readonly session: Session; readonly endsAt: string | null }) {
  const words = useWords();
  const seconds = useSecondsLeft(props.session, props.endsAt);
  const [told, setTold] = useState("");
  const before = useRef<number | null>(null);
  useEffect(() => {
    const minutes = before.current === null || seconds === null ? null : minutesToTell(before.current, seconds);
    before.current = seconds;
    if (minutes !== null) setTold(words.saysRoomsTime(minutes));
  }, [seconds, words]);
  return (
    <p className="visually-hidden" aria-live="polite" data-testid="time-told">
      {told}
    </p>
  );
}
