import { useRoomContext } from "@livekit/components-react";
import { RoomEvent, type Participant, type RemoteParticipant } from "livekit-client";
import { useEffect, useState } from "react";
import type { Member } from "../../protocol/messages.gen";
import { PAUSE_MS, read, SHOWN_MS, TOPIC, written, type Reaction } from "../reactions";
import { follow, NOBODY_YET } from "../scene";

/** The person who has the floor among `members`, by id; null while nobody spoke. */
export function useFloor(members: readonly Member[]): string | null {
  const room = useRoomContext();
  const [floor, setFloor] = useState(NOBODY_YET);
  useEffect(() => {
    const look = () => {
      const loudest = room.activeSpeakers.find(({ isLocal }) => !isLocal)?.identity ?? null;
      setFloor((before) => follow(before, loudest, performance.now()));
    };
    const timer = setInterval(look, 500); // who began while another was held
    room.on(RoomEvent.ActiveSpeakersChanged, look);
    return () => {
      clearInterval(timer);
      room.off(RoomEvent.ActiveSpeakersChanged, look);
    };
  }, [room]);
  return members.find(({ identity }) => identity === floor.speaker)?.personId ?? null;
}

export interface Felt {
  readonly id: number;
  readonly reaction: Reaction;
}

/** The reactions that are on show, by identity in the media room, and the way to send one. */
export function useReactions(onFelt: (identity: string, reaction: Reaction) => void): {
  readonly felt: ReadonlyMap<string, Felt>;
  readonly send: (reaction: Reaction) => void;
} {
  const room = useRoomContext();
  const [felt, setFelt] = useState<ReadonlyMap<string, Felt>>(new Map());
  const [sentMs, setSentMs] = useState(0);

  const [show] = useState(() => {
    let count = 0;
    return (identity: string, reaction: Reaction) => {
      const id = (count += 1);
      setFelt((before) => new Map(before).set(identity, { id, reaction }));
      setTimeout(() => {
        setFelt((before) => {
          if (before.get(identity)?.id !== id) return before;
          const rest = new Map(before);
          rest.delete(identity);
          return rest;
        });
      }, SHOWN_MS);
    };
  });

  useEffect(() => {
    const hear = (bytes: Uint8Array, from?: RemoteParticipant, _kind?: unknown, topic?: string) => {
      if (topic !== TOPIC || from === undefined) return;
      const reaction = read(bytes, room.name);
      if (reaction === null) return;
      show(from.identity, reaction);
      onFelt(from.identity, reaction);
    };
    room.on(RoomEvent.DataReceived, hear);
    return () => {
      room.off(RoomEvent.DataReceived, hear);
    };
  }, [room, show, onFelt]);

  const send = (reaction: Reaction) => {
    const me: Participant = room.localParticipant;
    const nowMs = performance.now();
    if (sentMs > 0 && nowMs - sentMs < PAUSE_MS) return;
    setSentMs(nowMs);
    show(me.identity, reaction);
    // A sign that is lost on the way is lost: nobody waits for it.
    void room.localParticipant.publishData(written(reaction, room.name), { reliable: true, topic: TOPIC }).catch(() => undefined);
  };
  return { felt, send };
}
