import { useEffect, useState } from "react";
import { useWords } from "../words";

/** What /week/mine answers: words made by the server, and shares of the ring in hundredths. */
interface OwnWeek {
  readonly today: string;
  readonly got: string;
  readonly required: string;
  readonly credited: number;
  readonly ahead: number;
  readonly summary: string;
  readonly says: string;
}

const EVERY_MS = 15_000; // proposals follow evidence every ten seconds

/** A client's own time today and the ring of this week, live. Nothing for who has no week: staff, guests. */
export function Week({ path }: { readonly path: string }) {
  const words = useWords();
  const [week, setWeek] = useState<OwnWeek | null>(null);

  useEffect(() => {
    const stopped = new AbortController();
    const ask = async () => {
      try {
        const answer = await fetch(path, { signal: stopped.signal, headers: { Accept: "application/json" } });
        if (answer.status === 200) setWeek((await answer.json()) as OwnWeek);
        else if (answer.status === 204) stopped.abort();
      } catch {
        // The next round asks again; what is shown stays true until then.
      }
    };
    void ask();
    const rounds = window.setInterval(() => void (stopped.signal.aborted || document.hidden || ask()), EVERY_MS);
    return () => {
      window.clearInterval(rounds);
      stopped.abort();
    };
  }, [path]);

  if (week === null) return null;
  return (
    <section className="own-week" aria-label={words.yourWeek}>
      <svg className="own-week-ring" viewBox="0 0 36 36" role="img" aria-label={week.summary} focusable="false">
        <circle className="ring-track" cx="18" cy="18" r="15" />
        <circle
          className="ring-ahead"
          cx="18"
          cy="18"
          r="15"
          pathLength={100}
          strokeDasharray={`${week.credited + week.ahead} 100`}
          transform="rotate(-90 18 18)"
        />
        <circle
          className="ring-got"
          cx="18"
          cy="18"
          r="15"
          pathLength={100}
          strokeDasharray={`${week.credited} 100`}
          transform="rotate(-90 18 18)"
        />
      </svg>
      <p>
        <span>{words.yourTimeToday}</span> <strong className="figures">{week.today || "0"}</strong>
        <span className="own-week-of">
          {week.got} / {week.required}
        </span>
      </p>
    </section>
  );
}
