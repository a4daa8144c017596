import { useEffect, useRef, useState } from "react";
import type { Breakouts, PlannedRoom } from "../../protocol/messages.gen";
import type { Command } from "../../protocol/wire";
import { beside, chipsOf, planOf, restored, roomOf, unassigned, type Chip } from "../rooms";
import { Session } from "../session";
import { useWords } from "../words";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";
import { Column } from "./RoomColumn";
import { ABOUT, Opening, Preparing, type RoomsProps } from "./RoomsPlan";
import { Asides, Going, Running, Steering } from "./RoomsRunning";

/** Takes back the last thing that was done to the rooms. */
type Undo = (now: Breakouts | null) => Command;

/** The small rooms: prepared, opened, watched and closed by a facilitator. */
export function BreakoutsPanel(props: RoomsProps) {
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
