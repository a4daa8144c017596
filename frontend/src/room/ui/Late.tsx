import { useEffect, useId, useRef } from "react";
import type { LateReason } from "../../protocol/messages.gen";
import { LATE_REASONS } from "../late";
import { useWords } from "../words";

/** Why somebody is let in after the door had closed. One press says it and lets them in; Escape goes back. */
export function LateChoice(props: {
  readonly id: string;
  readonly name: string;
  readonly busy: boolean;
  readonly onChoose: (reason: LateReason) => void;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const question = useId();
  const first = useRef<HTMLButtonElement>(null);
  const { busy, onChoose, onClose } = props;
  useEffect(() => first.current?.focus(), []);
  return (
    <div
      className="rail-why"
      id={props.id}
      role="group"
      aria-labelledby={question}
      data-testid="late-choice"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation(); // closes this, not the panel around it
        onClose();
      }}
    >
      <p id={question}>{words.lateWhy(props.name)}</p>
      {LATE_REASONS.map((reason, at) => (
        <button
          key={reason}
          ref={at === 0 ? first : null}
          type="button"
          className="button small"
          data-testid={`late-${reason}`}
          disabled={busy}
          onClick={() => onChoose(reason)}
        >
          {words.lateReasons[reason]}
        </button>
      ))}
      <button type="button" className="button quiet small" data-testid="late-cancel" onClick={onClose}>
        {words.cancel}
      </button>
    </div>
  );
}
