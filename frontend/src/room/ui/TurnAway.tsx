import { useId, useState, type RefObject } from "react";
import { useWords } from "../words";
import { Dialog } from "./Dialog";

const LONGEST = 200;

/** Before somebody is declined or removed: what it means, and a reason for the team if there is one. */
export function TurnAway(props: {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly home?: RefObject<HTMLElement | null>;
  readonly onYes: (reason: string) => void;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const id = useId();
  const [reason, setReason] = useState("");
  return (
    <Dialog title={props.title} onClose={props.onClose} home={props.home}>
      <p>{props.text}</p>
      <p className="field">
        <label htmlFor={id}>{words.reason}</label>
        <input
          id={id}
          value={reason}
          maxLength={LONGEST}
          autoComplete="off"
          data-testid="reason"
          onChange={({ target }) => setReason(target.value)}
        />
      </p>
      <div className="dialog-acts">
        <button type="button" className="button" autoFocus onClick={props.onClose}>
          {words.cancel}
        </button>
        <button
          type="button"
          className="button danger"
          data-testid="confirm"
          onClick={() => {
            props.onYes(reason.trim());
            props.onClose();
          }}
        >
          {props.yes}
        </button>
      </div>
    </Dialog>
  );
}
