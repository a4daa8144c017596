import { Session, type Snapshot } from "../session";
import type { Ask, Room } from "../../protocol/messages.gen";
import { useWords } from "../words";
import { Icon, type IconName } from "./Icon";

const ICONS: Readonly<Record<Ask, IconName>> = { unmute: "microphone", cameraOn: "camera", cameraOff: "cameraOff" };
const ANSWERING = "ask";

/** A gentle question from the facilitator. Nothing happens until the person says so; the focus stays where it is, so
 * that a key pressed for something else never answers it. */
export function Asked(props: { readonly session: Session; readonly snapshot: Snapshot; readonly view: Room }) {
  const words = useWords();
  const { session, snapshot, view } = props;
  const { ask } = view.you;
  if (ask === null) return null;
  const answer = (yes: boolean) => {
    if (yes) {
      const { wanted } = session.snapshot;
      session.want(ask === "unmute" ? { ...wanted, microphone: true } : { ...wanted, camera: ask === "cameraOn" });
    }
    void session.act({ type: "answerAsk" }, ANSWERING);
  };
  const busy = Session.busy(snapshot, ANSWERING);
  return (
    <section className="asked" role="alert" data-testid="asked">
      <Icon name={ICONS[ask]} />
      <p>{words.asked[ask]}</p>
      <div className="asked-acts">
        <button type="button" className="button" data-testid="asked-no" disabled={busy} onClick={() => answer(false)}>
          {words.askedNo}
        </button>
        <button type="button" className="button primary" data-testid="asked-yes" disabled={busy} onClick={() => answer(true)}>
          {words.askedYes[ask]}
        </button>
      </div>
    </section>
  );
}
