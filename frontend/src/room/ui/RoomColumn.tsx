import { useId, useState, type DragEvent, type ReactNode } from "react";
import type { Chip } from "../rooms";
import { useWords } from "../words";
import { Icon } from "./Icon";
import { Initials } from "./Initials";

const DRAGGED = "application/x-viop-person";

export interface ColumnProps {
  readonly roomId: string;
  readonly name: string;
  readonly chips: readonly Chip[];
  readonly busy: boolean;
  readonly running?: boolean;
  readonly helpSince?: string | null;
  readonly acts?: ReactNode;
  readonly onName?: ((name: string) => void) | undefined;
  readonly onRemove?: (() => void) | undefined;
  readonly onMove: (chip: Chip) => void;
  readonly onStep: (chip: Chip, step: -1 | 1) => void;
  readonly onDrop: (personId: string, roomId: string) => void;
  /** The chip that was waited for has the focus. */
  readonly onTaken: () => void;
}

/** One room and its people. Chips are dragged, chosen and sent, or moved with the arrow keys. */
export function Column(props: ColumnProps) {
  const { roomId, name, chips, onName, onRemove } = props;
  const words = useWords();
  const id = useId();
  const [over, setOver] = useState(false);
  const take = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes(DRAGGED)) return;
    event.preventDefault();
    setOver(true);
  };
  return (
    <section
      className="room-column"
      aria-labelledby={onName === undefined ? id : undefined}
      aria-label={onName === undefined ? undefined : name}
      data-testid="room-column"
      data-room={roomId}
      data-over={over}
      data-help={props.helpSince != null}
      onDragOver={take}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        props.onDrop(event.dataTransfer.getData(DRAGGED), roomId);
      }}
    >
      <header className="room-column-head">
        {onName === undefined ? (
          <h3 id={id}>
            {props.helpSince != null && <Icon name="bell" />} {name}
          </h3>
        ) : (
          <NameField name={name} onName={onName} />
        )}
        {onRemove !== undefined && (
          <button
            type="button"
            className="round quiet"
            data-testid="remove-room"
            aria-label={words.removeRoom(name)}
            title={words.removeRoom(name)}
            disabled={props.busy}
            onClick={onRemove}
          >
            <Icon name="close" />
          </button>
        )}
      </header>
      {chips.length === 0 ? (
        <p className="soft small">{roomId === "" ? words.everybodyPlaced : words.roomEmpty}</p>
      ) : (
        <ul className="chips">
          {chips.map((chip) => (
            <li key={chip.person.personId}>
              <ChipButton {...props} chip={chip} where={name} />
            </li>
          ))}
        </ul>
      )}
      {props.acts}
    </section>
  );
}

function NameField(props: { readonly name: string; readonly onName: (name: string) => void }) {
  const words = useWords();
  const [typed, setTyped] = useState<string | null>(null);
  const save = () => {
    const name = (typed ?? "").trim();
    if (typed !== null && name !== "" && name !== props.name) props.onName(name);
    setTyped(null);
  };
  return (
    <input
      className="input room-name"
      aria-label={words.roomName}
      value={typed ?? props.name}
      maxLength={60}
      autoComplete="off"
      data-testid="room-name"
      onChange={({ target }) => setTyped(target.value)}
      onBlur={save}
      onKeyDown={({ key, currentTarget }) => {
        if (key === "Enter") currentTarget.blur();
      }}
    />
  );
}

function ChipButton(props: ColumnProps & { readonly chip: Chip; readonly where: string }) {
  const words = useWords();
  const { chip, where } = props;
  const { person, here, interrupted, visiting } = chip;
  const state = interrupted ? words.tileInterrupted : here ? "" : words.onTheWay;
  const face = (
    <>
      <Initials name={person.name} personId={person.personId} />
      <span className="chip-name">
        {person.name}
        {person.role === "family" && <small>{words.roleFamily}</small>}
        {person.role === "facilitator" && <small>{words.roleFacilitator}</small>}
        {props.running && state !== "" && <small>{state}</small>}
      </span>
    </>
  );
  if (visiting) return <span className="chip visiting">{face}</span>;
  return (
    <button
      type="button"
      className="chip"
      draggable
      data-testid="chip"
      data-chip={person.personId}
      data-here={here || !props.running}
      aria-label={[words.chip(person.name, where), props.running ? state : ""].filter((part) => part !== "").join(". ")}
      aria-disabled={props.busy}
      aria-keyshortcuts="ArrowLeft ArrowRight"
      onFocus={props.onTaken}
      onClick={() => !props.busy && props.onMove(chip)}
      onDragStart={({ dataTransfer }) => {
        dataTransfer.setData(DRAGGED, person.personId);
        dataTransfer.effectAllowed = "move";
      }}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.preventDefault();
        if (!props.busy) props.onStep(chip, event.key === "ArrowLeft" ? -1 : 1);
      }}
    >
      {face}
    </button>
  );
}
