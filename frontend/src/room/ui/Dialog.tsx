import { useEffect, useId, useRef, type ReactNode, type RefObject } from "react";
import { useWords } from "../words";
import { Icon } from "./Icon";

function returnFocus(to: Element | null, home: RefObject<HTMLElement | null> | undefined): void {
  if (to instanceof HTMLElement && to.isConnected) to.focus();
  if (document.activeElement === document.body) home?.current?.focus();
}

/** A question or a choice over the page. Focus goes in, stays in, and returns to where it was; Escape closes. */
export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  /** Takes the focus when what had it is gone. */
  readonly home?: RefObject<HTMLElement | null> | undefined;
  readonly children: ReactNode;
}) {
  const words = useWords();
  const frame = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const { onClose, home } = props;

  useEffect(() => {
    const dialog = frame.current;
    const cameFrom = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      returnFocus(cameFrom, home);
    };
  }, [home]);

  return (
    <dialog
      ref={frame}
      className="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === frame.current) onClose(); // the backdrop
      }}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2 id={titleId}>{props.title}</h2>
          <button type="button" className="round quiet" aria-label={words.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

/** A yes-or-no before something that hurts. Focus lies on the way back. */
export function Confirm(props: {
  readonly title: string;
  readonly text: string;
  readonly no: string;
  readonly home?: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose} home={props.home}>
      <p>{props.text}</p>
      <div className="dialog-acts">
        <button type="button" className="button" autoFocus onClick={props.onClose}>
          {props.no}
        </button>
        {props.children}
      </div>
    </Dialog>
  );
}
