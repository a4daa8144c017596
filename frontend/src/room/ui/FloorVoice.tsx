import { useEffect, useRef, useState } from "react";
import type { Room } from "../../protocol/messages.gen";
import { floorNews, type FloorNews } from "../floorNews";
import type { Session } from "../session";
import { useWords, type Words } from "../words";
import { TimeTold } from "./TimeLeft";

function spoken(words: Words, news: FloorNews): string {
  switch (news.kind) {
    case "hand":
      return words.saysHand(news.member.name);
    case "myHand":
      return news.up ? words.saysHandUp : words.saysHandDown;
    case "break":
      return words.saysBreak(news.minutes);
    case "breakOver":
      return words.saysBreakOver;
    case "part":
      return words.saysPart(news.part.title);
    case "spotlight":
      return `${news.member.name}: ${words.spotlit}.`;
    case "lead":
      return news.mine ? words.leadIsYou : words.leadIs(news.member.name);
    case "locked":
      return `${words.locked}.`;
  }
}

/** Tells screen readers what happens on the floor: hands, breaks, written lines, signs of feeling, the time that is left. */
export function FloorVoice(props: { readonly session: Session; readonly view: Room; readonly felt: string }) {
  const words = useWords();
  const { session, view, felt } = props;
  const last = useRef<Room | null>(null);
  const [said, setSaid] = useState("");

  useEffect(() => {
    const told = floorNews(last.current, view).map((each) => spoken(words, each));
    last.current = view;
    if (told.length > 0) setSaid(told.join(" "));
  }, [view, words]);

  useEffect(
    () =>
      session.listen((tidings) => {
        if (tidings.kind === "line") setSaid(words.saysLine(tidings.line.name));
      }),
    [session, words],
  );

  return (
    <div className="visually-hidden">
      <p aria-live="polite" data-testid="floor-said">
        {said}
      </p>
      <p aria-live="polite" data-testid="felt-said">
        {felt}
      </p>
      <TimeTold session={session} endsAt={view.pause?.endsAt ?? view.meeting.endsAt} />
    </div>
  );
}
