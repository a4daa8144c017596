import type { Session } from "../session";
import { useWords } from "../words";
import { Dialog } from "./Dialog";

const NOTICES_S = [60, 30] as const;

/** When everybody should come back. Each answer is one act. */
export function Recall(props: { readonly session: Session; readonly onClose: () => void }) {
  const words = useWords();
  const recall = (inSeconds: number) => () => {
    void props.session.act({ type: "closeBreakouts", inSeconds }, "rooms");
    props.onClose();
  };
  return (
    <Dialog title={words.recallTitle} onClose={props.onClose}>
      <p>{words.recallText}</p>
      <div className="stack">
        {NOTICES_S.map((seconds) => (
          <button
            key={seconds}
            type="button"
            className={seconds === NOTICES_S[0] ? "button primary wide" : "button wide"}
            data-testid={`recall-${seconds}`}
            autoFocus={seconds === NOTICES_S[0]}
            onClick={recall(seconds)}
          >
            {words.recallIn(seconds)}
          </button>
        ))}
        <button type="button" className="button wide" data-testid="recall-now" onClick={recall(0)}>
          {words.recallNow}
        </button>
      </div>
    </Dialog>
  );
}
