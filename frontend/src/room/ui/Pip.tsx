import { useCallback, useEffect, useState } from "react";
import { createPortal } from "react-dom";
import type { Room } from "../../protocol/messages.gen";
import { firstToLetIn } from "../late";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { Bar, type Panel } from "./Bar";
import { Gallery, type Look } from "./Gallery";
import type { Marks } from "./Tile";
import { Icon } from "./Icon";

interface PictureInPictureWindows {
  requestWindow(options: { readonly width: number; readonly height: number }): Promise<Window>;
}

const windows = () => (window as { readonly documentPictureInPicture?: PictureInPictureWindows }).documentPictureInPicture;

/** `window`: with controls. `picture`: the speaker's picture alone, with the browser's own controls. */
export const pipKind = (): "window" | "picture" | "none" =>
  windows() !== undefined ? "window" : document.pictureInPictureEnabled ? "picture" : "none";

function dress(small: Document): void {
  small.documentElement.lang = document.documentElement.lang;
  small.documentElement.dataset["theme"] = "dark";
  small.title = document.title;
  small.body.className = "room-page pip";
  for (const link of document.querySelectorAll('link[rel="stylesheet"]')) small.head.append(link.cloneNode());
}

export interface Pip {
  readonly on: boolean;
  readonly refused: boolean;
  /** Must be called from a touch or a key. */
  readonly toggle: () => void;
  readonly page: Document | null;
}

/** A small window that stays on top of everything else. */
export function usePip(): Pip {
  const [page, setPage] = useState<Document | null>(null);
  const [picture, setPicture] = useState(false);
  const [refused, setRefused] = useState(false);

  useEffect(() => {
    const over = () => setPicture(false);
    document.addEventListener("leavepictureinpicture", over, { capture: true });
    return () => document.removeEventListener("leavepictureinpicture", over, { capture: true });
  }, []);
  useEffect(() => () => page?.defaultView?.close(), [page]);

  const open = useCallback(async () => {
    const small = await windows()?.requestWindow({ width: 420, height: 320 });
    if (small !== undefined) {
      dress(small.document);
      small.addEventListener("pagehide", () => setPage(null));
      setPage(small.document);
      return;
    }
    const face = document.querySelector<HTMLVideoElement>('[data-large="true"] video, [data-testid="screen"] video, [data-testid="tile"] video');
    if (face === null) throw new Error("nobody has a picture");
    await face.requestPictureInPicture();
    setPicture(true);
  }, []);

  const toggle = () => {
    setRefused(false);
    if (page !== null) page.defaultView?.close();
    else if (picture) void document.exitPictureInPicture();
    else open().catch(() => setRefused(true));
  };
  return { on: page !== null || picture, refused, toggle, page };
}

/** What stands in the small window: faces, who waits, and the controls one needs there. */
export function PipWindow(props: {
  readonly page: Document;
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
  readonly look: Look;
  readonly marks: (personId: string) => Marks;
  readonly onHand: () => void;
  readonly onPanel: (panel: Exclude<Panel, null>) => void;
  readonly onBack: () => void;
}) {
  const words = useWords();
  const { page, session, snapshot, view } = props;
  const first = firstToLetIn(view.waiting);
  const nothing = () => undefined;
  return createPortal(
    <div className="pip-room" data-testid="pip">
      <div className="stage">
        <Gallery view={view} look={{ ...props.look, layout: "speaker" }} marks={props.marks} onOpen={props.onBack} />
      </div>
      {first !== undefined && (
        <div className="pip-waiting">
          <span>{words.saysWaiting(first.name)}</span>
          <button
            type="button"
            className="button primary small"
            aria-label={first.late ? words.lateDecideName(first.name) : words.admitName(first.name)}
            disabled={Session.busy(snapshot, first.personId)}
            onClick={() => (first.late ? props.onBack() : session.admit(first.personId))}
          >
            {first.late ? words.lateDecide : words.admit}
          </button>
        </div>
      )}
      <Bar
        session={session}
        snapshot={snapshot}
        view={view}
        panel={null}
        brief
        onPanel={props.onPanel}
        onHand={props.onHand}
        onReact={nothing}
        sharing="cannot"
        onShare={nothing}
        onMore={nothing}
        onLeave={nothing}
      />
      <button type="button" className="round quiet pip-back" aria-label={words.pipOver} title={words.pipOver} onClick={props.onBack}>
        <Icon name="pip" />
      </button>
    </div>,
    page.body,
  );
}
