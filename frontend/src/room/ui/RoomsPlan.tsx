import { useId, useState } from "react";
import type { PlannedRoom, Room } from "../../protocol/messages.gen";
import type { Command } from "../../protocol/wire";
import { planOf } from "../rooms";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { Icon } from "./Icon";

const TIMES_MIN = [5, 10, 15, 20, 30, 45, 60] as const;
const SIZES = [2, 3, 4, 5, 6] as const;
export const ABOUT = "rooms"; // what is pending while a command about rooms is on its way

export interface RoomsProps {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
}

/** The ways to a plan: by family, by chance, by hand. */
export function Preparing(
  props: RoomsProps & {
    readonly busy: boolean;
    readonly onPlan: (rooms: readonly PlannedRoom[]) => void;
    readonly onAct: (command: Command) => void;
  },
) {
  const { view, busy, onAct } = props;
  const words = useWords();
  const [size, setSize] = useState<number>(3);
  const sizeId = useId();
  const families = view.meeting.lobbies.includes("family");
  return (
    <div className="rooms-ways">
      {(view.breakouts?.rooms.length ?? 0) === 0 && <p className="soft">{words.roomsEmpty}</p>}
      {families ? (
        <div className="stack tight">
          <button
            type="button"
            className="button primary wide"
            data-testid="families-together"
            disabled={busy}
            onClick={() => onAct({ type: "proposeBreakouts", by: "household" })}
          >
            <Icon name="home" /> {words.familiesTogether}
          </button>
          <p className="soft small">{words.familiesHint}</p>
        </div>
      ) : (
        <div className="rooms-mix">
          <span className="field">
            <label htmlFor={sizeId}>{words.mixSize}</label>
            <select id={sizeId} value={size} onChange={({ target }) => setSize(Number(target.value))}>
              {SIZES.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </span>
          <button
            type="button"
            className="button"
            data-testid="mix"
            disabled={busy}
            onClick={() => onAct({ type: "proposeBreakouts", by: "random", size })}
          >
            <Icon name="mix" /> {words.mix}
          </button>
        </div>
      )}
      <button
        type="button"
        className="button small"
        data-testid="add-room"
        disabled={busy}
        onClick={() => props.onPlan([...planOf(view.breakouts), { roomId: "", name: "", people: [] }])}
      >
        <Icon name="plus" /> {words.addRoom}
      </button>
    </div>
  );
}

/** The plan is put into effect. */
export function Opening(props: { readonly rooms: number; readonly busy: boolean; readonly onOpen: (minutes: number | null) => void }) {
  const words = useWords();
  const [minutes, setMinutes] = useState<number | null>(15);
  return (
    <div className="rooms-open">
      <Times label={words.howLong} value={minutes} onChange={setMinutes} />
      <button type="button" className="button primary wide" data-testid="open-rooms" disabled={props.busy} onClick={() => props.onOpen(minutes)}>
        {words.openRooms(props.rooms)}
      </button>
    </div>
  );
}

/** How long small rooms stay open; null is no limit. */
export function Times(props: { readonly label: string; readonly value: number | null; readonly onChange: (minutes: number | null) => void }) {
  const words = useWords();
  const id = useId();
  return (
    <span className="field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        data-testid="rooms-minutes"
        value={props.value ?? ""}
        onChange={({ target }) => props.onChange(target.value === "" ? null : Number(target.value))}
      >
        {TIMES_MIN.map((each) => (
          <option key={each} value={each}>
            {words.minutes(each)}
          </option>
        ))}
        <option value="">{words.noLimit}</option>
      </select>
    </span>
  );
}
