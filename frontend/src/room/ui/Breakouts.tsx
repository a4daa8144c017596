import { useEffect, useId, useRef, useState, type DragEvent } from "react";
import type { Breakouts, PlannedRoom, Room, SideRoom } from "../../protocol/messages.gen";
import type { Command } from "../../protocol/wire";
import { beside, chipsOf, helpQueue, planOf, restored, roomOf, unassigned, type Chip } from "../rooms";
import { Session, type Snapshot } from "../session";
import { useWords } from "../words";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";
import { Initials } from "./Initials";
import { Recall } from "./Recall";
import { TimeLeft, useSecondsLeft } from "./TimeLeft";

const TIMES_MIN = [5, 10, 15, 20, 30, 45, 60] as const;
const SIZES = [2, 3, 4, 5, 6] as const;
const DRAGGED = "application/x-viop-person";
const ABOUT = "rooms"; // what is pending while a command about rooms is on its way

interface Props {
  readonly session: Session;
  readonly snapshot: Snapshot;
  readonly view: Room;
}

/** Takes back the last thing that was done to the rooms. */
type Undo = (now: Breakouts | null) => Command;

/** The small rooms: prepared, opened, watched and closed by a facilitator. */
export function BreakoutsPanel(props: Props) {
  const { session, snapshot, view } = props;
  const words = useWords();
  const { breakouts } = view;
  const running = breakouts !== null && breakouts.state !== "planned";
  const [undo, setUndo] = useState<Undo | null>(null);
  const [moving, setMoving] = useState<Chip | null>(null);
  const [moved, setMoved] = useState<string | null>(null); // whose chip takes the focus when it arrives
  const [said, setSaid] = useState("");
  const panel = useRef<HTMLDivElement>(null);
  const busy = Session.busy(snapshot, ABOUT);
  const nameOf = (roomId: string) =>
    breakouts?.rooms.find((room) => room.roomId === roomId)?.name ?? (running ? words.mainRoom : words.noRoomYet);

  useEffect(() => {
    if (moved === null || busy) return;
    panel.current?.querySelector<HTMLElement>(`[data-chip="${CSS.escape(moved)}"]`)?.focus();
  }, [moved, busy, breakouts]);

  const act = async (command: Command, inverse: Undo | null) => {
    if (await session.act(command, ABOUT)) setUndo(() => inverse);
  };
  const plan = (rooms: readonly PlannedRoom[]) => act({ type: "planBreakouts", rooms }, backToPlan(breakouts));
  const assign = async (chip: Chip, roomId: string) => {
    const { personId, name } = chip.person;
    const from = roomOf(breakouts, personId);
    if (from === roomId) return;
    await act({ type: "assign", personId, roomId }, () => ({ type: "assign", personId, roomId: from }));
    setMoved(personId);
    setSaid(words.saysPlaced(name, nameOf(roomId)));
  };

  const column = {
    busy,
    onMove: setMoving,
    onStep: (chip: Chip, step: -1 | 1) => void assign(chip, beside(breakouts, chip.person.personId, step)),
    onDrop: (personId: string, roomId: string) => {
      const all = [...unassigned(view).map(toChip), ...(breakouts?.rooms ?? []).flatMap(chipsOf)];
      const chip = all.find(({ person }) => person.personId === personId);
      if (chip !== undefined) void assign(chip, roomId);
    },
    onTaken: () => setMoved(null),
  };
  const free = unassigned(view).map(toChip);

  return (
    <div className="rooms" ref={panel} data-testid="rooms-panel" data-state={breakouts?.state ?? "none"}>
      <p className="visually-hidden" aria-live="polite">
        {said}
      </p>
      {running ? (
        <Running {...props} breakouts={breakouts} />
      ) : (
        <Preparing {...props} busy={busy} onPlan={(rooms) => void plan(rooms)} onAct={(command) => void act(command, backToPlan(breakouts))} />
      )}
      {undo !== null && (
        <button
          type="button"
          className="button quiet small"
          data-testid="rooms-undo"
          disabled={busy}
          onClick={() => {
            const back = undo;
            setUndo(null);
            void session.act(back(breakouts), ABOUT).then((done) => done && setSaid(words.undone));
          }}
        >
          <Icon name="undo" /> {words.undo}
        </button>
      )}
      <div className="rooms-columns">
        {(free.length > 0 || breakouts === null || breakouts.rooms.length === 0) && (
          <Column {...column} roomId="" name={running ? words.mainRoom : words.noRoomYet} chips={free} />
        )}
        {breakouts?.rooms.map((room) => (
          <Column
            {...column}
            key={room.roomId}
            roomId={room.roomId}
            name={room.name}
            chips={chipsOf(room)}
            running={running}
            helpSince={room.helpSince}
            onName={
              running ? undefined : (name) => void plan(planOf(breakouts).map((each) => (each.roomId === room.roomId ? { ...each, name } : each)))
            }
            onRemove={running ? undefined : () => void plan(planOf(breakouts).filter(({ roomId }) => roomId !== room.roomId))}
            acts={running && <Going {...props} room={room} />}
          />
        ))}
      </div>
      {breakouts?.rooms.length !== 0 && breakouts !== null && <p className="soft small">{words.moveHint}</p>}
      {!running && breakouts !== null && breakouts.rooms.length > 0 && (
        <Opening rooms={breakouts.rooms.length} busy={busy} onOpen={(minutes) => void act({ type: "openBreakouts", minutes }, null)} />
      )}
      {running && <Steering {...props} breakouts={breakouts} />}
      {view.asides.length > 0 && <Asides {...props} />}
      {moving !== null && (
        <Dialog
          title={words.moveTitle(moving.person.name)}
          onClose={() => {
            setMoved(moving.person.personId);
            setMoving(null);
          }}
        >
          <div className="stack">
            {[{ roomId: "", name: running ? words.mainRoom : words.noRoomYet }, ...(breakouts?.rooms ?? [])].map(({ roomId, name }) => (
              <button
                key={roomId}
                type="button"
                className="button wide"
                data-testid="move-to"
                aria-current={roomOf(breakouts, moving.person.personId) === roomId ? "true" : undefined}
                onClick={() => {
                  void assign(moving, roomId);
                  setMoving(null);
                }}
              >
                {name}
              </button>
            ))}
          </div>
        </Dialog>
      )}
    </div>
  );
}

const toChip = (person: Chip["person"]): Chip => ({ person, here: true, interrupted: false, visiting: false });

function backToPlan(before: Breakouts | null): Undo {
  const earlier = planOf(before);
  return (now) => ({ type: "planBreakouts", rooms: restored(earlier, now) });
}

function Preparing(
  props: Props & {
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

function Opening(props: { readonly rooms: number; readonly busy: boolean; readonly onOpen: (minutes: number | null) => void }) {
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

function Times(props: { readonly label: string; readonly value: number | null; readonly onChange: (minutes: number | null) => void }) {
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

function Running({ session, snapshot, view, breakouts }: Props & { readonly breakouts: Breakouts }) {
  const words = useWords();
  const [recalling, setRecalling] = useState(false);
  const busy = Session.busy(snapshot, ABOUT);
  const closing = breakouts.state === "closing";
  const helps = helpQueue(breakouts);
  return (
    <>
      <div className="rooms-clock">
        <p>
          <span className="soft">{closing ? words.roomsClosing : words.roomsOpen}</span>
          {breakouts.endsAt !== null && <TimeLeft session={session} endsAt={breakouts.endsAt} />}
        </p>
        <button type="button" className="button primary" data-testid="panel-recall" disabled={busy} onClick={() => setRecalling(true)}>
          {words.recall}
        </button>
      </div>
      {helps.length > 0 && (
        <ul className="rooms-helps" aria-label={words.askHelp}>
          {helps.map((room) => (
            <li key={room.roomId} className="notice attention" data-testid="help-wanted">
              <Icon name="bell" />
              <p>
                <strong>{words.helpWanted(room.name)}</strong>
              </p>
              <span className="rail-acts">
                <button
                  type="button"
                  className="button primary small"
                  data-testid="help-go"
                  aria-label={words.visitName(room.name)}
                  disabled={Session.busy(snapshot, "visit") || view.you.roomId === room.roomId}
                  onClick={() => void session.act({ type: "visit", roomId: room.roomId }, "visit")}
                >
                  {words.visit}
                </button>
                <button
                  type="button"
                  className="button quiet small"
                  data-testid="help-done"
                  aria-label={words.helpDoneName(room.name)}
                  disabled={busy}
                  onClick={() => void session.act({ type: "helpDone", roomId: room.roomId }, ABOUT)}
                >
                  {words.helpDone}
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {recalling && <Recall session={session} onClose={() => setRecalling(false)} />}
    </>
  );
}

/** Below the rooms: more or less time, and a word to everybody. */
function Steering({ session, snapshot, breakouts }: Props & { readonly breakouts: Breakouts }) {
  const words = useWords();
  const seconds = useSecondsLeft(session, breakouts.endsAt);
  const [minutes, setMinutes] = useState<number | null>(15);
  const [text, setText] = useState("");
  const [sent, setSent] = useState(false);
  const broadcastId = useId();
  const busy = Session.busy(snapshot, ABOUT);
  const setTimer = (to: number | null) => void session.act({ type: "setBreakoutTimer", minutes: to }, ABOUT);
  return (
    <>
      {breakouts.state === "open" && (
        <div className="rooms-time">
          {seconds !== null && (
            <button
              type="button"
              className="button small"
              data-testid="five-more"
              disabled={busy}
              onClick={() => setTimer(Math.min(180, Math.ceil(seconds / 60) + 5))}
            >
              {words.fiveMore}
            </button>
          )}
          <Times label={words.howLong} value={minutes} onChange={setMinutes} />
          <button type="button" className="button small" data-testid="set-time" disabled={busy} onClick={() => setTimer(minutes)}>
            {words.setTime}
          </button>
        </div>
      )}
      <form
        className="rooms-broadcast"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === "") return;
          void session.act({ type: "say", to: "everyone", text: text.trim() }, "broadcast").then((done) => {
            if (!done) return;
            setText("");
            setSent(true);
          });
        }}
      >
        <span className="field">
          <label htmlFor={broadcastId}>{words.broadcast}</label>
          <input
            id={broadcastId}
            value={text}
            maxLength={500}
            autoComplete="off"
            data-testid="broadcast"
            onChange={({ target }) => {
              setText(target.value);
              setSent(false);
            }}
          />
        </span>
        <button type="submit" className="button" data-testid="broadcast-send" disabled={Session.busy(snapshot, "broadcast")}>
          {words.send}
        </button>
        <p className="soft small" role="status">
          {sent && words.sent}
        </p>
      </form>
    </>
  );
}

/** The ways into a room for a facilitator: taking part, or only listening. */
function Going({ session, snapshot, view, room }: Props & { readonly room: SideRoom }) {
  const words = useWords();
  if (view.you.roomId === room.roomId) return <p className="tag now">{words.youAreHere}</p>;
  const go = (listening: boolean) => {
    if (listening) session.want({ microphone: false, camera: false });
    void session.act({ type: "visit", roomId: room.roomId }, "visit");
  };
  const busy = Session.busy(snapshot, "visit");
  return (
    <span className="rooms-going">
      <button
        type="button"
        className="button small"
        data-testid="visit"
        aria-label={words.visitName(room.name)}
        disabled={busy}
        onClick={() => go(false)}
      >
        {words.visit}
      </button>
      <button
        type="button"
        className="button quiet small"
        data-testid="listen"
        aria-label={words.listenName(room.name)}
        disabled={busy}
        onClick={() => go(true)}
      >
        {words.listen}
      </button>
    </span>
  );
}

function Asides({ session, snapshot, view }: Props) {
  const words = useWords();
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{words.asides}</h3>
      <ul className="rail-list">
        {view.asides.map((room) => (
          <li className="rail-row" key={room.roomId} data-testid="aside-room">
            <span className="rail-name">{(room.members.length > 0 ? room.members : room.assigned).map(({ name }) => name).join(", ") || room.name}</span>
            <button
              type="button"
              className="button small"
              disabled={Session.busy(snapshot, "aside")}
              onClick={() => void session.act({ type: "returnFromAside", roomId: room.roomId }, "aside")}
            >
              {words.endAside}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ColumnProps {
  readonly roomId: string;
  readonly name: string;
  readonly chips: readonly Chip[];
  readonly busy: boolean;
  readonly running?: boolean;
  readonly helpSince?: string | null;
  readonly acts?: React.ReactNode;
  readonly onName?: ((name: string) => void) | undefined;
  readonly onRemove?: (() => void) | undefined;
  readonly onMove: (chip: Chip) => void;
  readonly onStep: (chip: Chip, step: -1 | 1) => void;
  readonly onDrop: (personId: string, roomId: string) => void;
  /** The chip that was waited for has the focus. */
  readonly onTaken: () => void;
}

/** One room and its people. Chips are dragged, chosen and sent, or moved with the arrow keys. */
function Column(props: ColumnProps) {
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
