import { useEffect, useId, useRef, type ReactNode } from "react";
import { useWords } from "../words";
import { Icon } from "./Icon";

/** A question or a choice over the page. Focus goes in, stays in, and returns to where it was; Escape closes. */
export function Dialog(props: { readonly title: string; readonly onClose: () => void; readonly children: ReactNode }) {
  const words = useWords();
  const frame = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const { onClose } = props;

  useEffect(() => {
    const dialog = frame.current;
    const cameFrom = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (cameFrom instanceof HTMLElement && cameFrom.isConnected) cameFrom.focus();
    };
  }, []);

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
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
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
