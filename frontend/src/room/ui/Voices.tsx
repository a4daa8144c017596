import { useParticipants } from "@livekit/components-react";
import type { Participant, Track } from "livekit-client";
import { useEffect, useRef } from "react";
import { useShown } from "./participant";

function Sound({ track }: { readonly track: Track }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    if (element === null) return;
    track.attach(element);
    return () => void track.detach(element);
  }, [track]);
  return <audio ref={audio} />;
}

function Voice({ participant }: { readonly participant: Participant }) {
  const { voice, screenSound } = useShown(participant);
  return (
    <>
      {voice && <Sound track={voice} />}
      {screenSound && <Sound track={screenSound} />}
    </>
  );
}

/** Everybody else's sound, whether or not they have a tile. By the track itself: livekit's own renderer goes by the
 * participant and the source, which stay the same through a full reconnect, and then now and then plays nobody. */
export function Voices() {
  return useParticipants().map(
    (participant) => !participant.isLocal && <Voice key={participant.identity} participant={participant} />,
  );
}
