import { ConnectionQuality, ParticipantEvent, Track, type Participant } from "livekit-client";
import { useCallback, useRef, useSyncExternalStore } from "react";

/** What of a participant's media is seen and heard. */
export interface Shown {
  readonly picture: Track | undefined;
  /** A shared screen. */
  readonly screen: Track | undefined;
  readonly voice: Track | undefined;
  /** What a shared screen is heard by. */
  readonly screenSound: Track | undefined;
  readonly muted: boolean;
  readonly speaking: boolean;
  readonly weak: boolean;
}

const CHANGES = [
  ParticipantEvent.TrackPublished,
  ParticipantEvent.TrackUnpublished,
  ParticipantEvent.TrackSubscribed,
  ParticipantEvent.TrackUnsubscribed,
  ParticipantEvent.TrackMuted,
  ParticipantEvent.TrackUnmuted,
  ParticipantEvent.TrackStreamStateChanged,
  ParticipantEvent.LocalTrackPublished,
  ParticipantEvent.LocalTrackUnpublished,
  ParticipantEvent.IsSpeakingChanged,
  ParticipantEvent.ConnectionQualityChanged,
] as const;

function look(participant: Participant): Shown {
  const camera = participant.getTrackPublication(Track.Source.Camera);
  const microphone = participant.getTrackPublication(Track.Source.Microphone);
  const screen = participant.getTrackPublication(Track.Source.ScreenShare);
  const muted = microphone === undefined || microphone.isMuted;
  return {
    picture: camera === undefined || camera.isMuted ? undefined : camera.track,
    screen: screen === undefined || screen.isMuted ? undefined : screen.track,
    voice: microphone?.track,
    screenSound: participant.getTrackPublication(Track.Source.ScreenShareAudio)?.track,
    muted,
    speaking: participant.isSpeaking && !muted,
    weak: [ConnectionQuality.Poor, ConnectionQuality.Lost].includes(participant.connectionQuality),
  };
}

const same = (one: Shown, other: Shown) =>
  one.picture === other.picture &&
  one.screen === other.screen &&
  one.voice === other.voice &&
  one.screenSound === other.screenSound &&
  one.muted === other.muted &&
  one.speaking === other.speaking &&
  one.weak === other.weak;

/** A participant's media as it changes, for one's own as for others'. */
export function useShown(participant: Participant): Shown {
  const last = useRef<Shown | null>(null);
  const subscribe = useCallback(
    (changed: () => void) => {
      for (const event of CHANGES) participant.on(event, changed);
      return () => {
        for (const event of CHANGES) participant.off(event, changed);
      };
    },
    [participant],
  );
  return useSyncExternalStore(subscribe, () => {
    const now = look(participant);
    if (last.current === null || !same(last.current, now)) last.current = now;
    return last.current;
  });
}
