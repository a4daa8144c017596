import { useCallback, useEffect, useState } from "react";
import { direct, download, relayed } from "../probe";
import type { Session } from "../session";
import { hints, megabits, verdict, type Findings } from "../verdict";
import { useWords, type Words } from "../words";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";

/** Tries what a session needs, one after the other; each finding by itself. */
async function examine(session: Session): Promise<Findings> {
  const answerMs = await session.answerMs();
  const script = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.src;
  const downBps = script === undefined ? null : await download(script);
  const seat = answerMs === null ? null : await session.probe();
  const ways = seat === null ? { udp: null, tcp: null, upBps: null } : await direct(seat, location);
  const another = seat === null ? null : await session.probe();
  const relay = another === null ? null : await relayed(another, location);
  return { answerMs, downBps, ...ways, relay };
}

/** Whether picture and sound will get through from here, in one sentence, with help. */
export function NetworkTest(props: { readonly session: Session; readonly onClose: () => void }) {
  const { session, onClose } = props;
  const words = useWords();
  const [found, setFound] = useState<Findings | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let over = false;
    void examine(session).then((findings) => {
      if (!over) setFound(findings);
    });
    return () => {
      over = true;
    };
  }, [session, round]);
  const again = useCallback(() => {
    setFound(null);
    setRound((before) => before + 1);
  }, []);
  const result = found && verdict(found);
  return (
    <Dialog title={words.lineTitle} onClose={onClose}>
      <div role="status" className="stack" data-testid="line" data-verdict={result ?? "testing"}>
        {found === null || result === null ? (
          <p className="pending">{words.lineTesting}</p>
        ) : (
          <>
            <p className="line-verdict" data-verdict={result}>
              <Icon name={result === "good" || result === "fair" ? "check" : "notice"} /> {words.lineVerdict[result]}
            </p>
            {hints(found).map((hint) => (
              <p key={hint}>{words.lineHint[hint]}</p>
            ))}
          </>
        )}
      </div>
      {found !== null && (
        <>
          <details className="disclosure">
            <summary>{words.lineDetails}</summary>
            <dl className="facts">
              {rowsOf(words, found).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
          <button type="button" className="button wide" data-testid="line-again" onClick={again}>
            {words.lineAgain}
          </button>
        </>
      )}
    </Dialog>
  );
}

function rowsOf(words: Words, found: Findings): readonly (readonly [string, string])[] {
  const { lineRows: row } = words;
  const way = (works: boolean | null) => (works === null ? words.lineNotTried : works ? words.lineYes : words.lineNo);
  const speed = (bps: number | null) => (bps === null ? words.lineNotTried : words.lineMbps(megabits(bps)));
  return [
    [row.answer, found.answerMs === null ? words.lineNo : words.lineMs(Math.round(found.answerMs))],
    [row.udp, way(found.udp)],
    [row.tcp, way(found.tcp)],
    [row.relay, way(found.relay)],
    [row.up, speed(found.upBps)],
    [row.down, speed(found.downBps)],
  ];
}
