/** How this page connects to a media room: how much picture it makes, and how long it waits for a line to come up. */
import { AudioPresets, VideoPresets, type ReconnectPolicy, type RoomConnectOptions, type RoomOptions } from "livekit-client";

/** Livekit's own mending: soon and often, since most cuts are short; after that a new ticket mends more than patience. */
const MENDING: ReconnectPolicy = {
  nextRetryDelayInMs: ({ retryCount, elapsedMs }) =>
    elapsedMs > 8_000 ? null : ([0, 300, 700, 1200][retryCount] ?? 1500) * (0.75 + Math.random() / 2),
};
/** Candidates for the one line that is used. Otherwise a browser gathers them for each of a full room's sections: 48 in
 * place of 2 with one address, and with a relay one allocation there for each. */
export const ONE_LINE: RTCConfiguration = { bundlePolicy: "max-bundle" };
/** A device or line that failed before may only be slow: it gets longer each time. */
export const connecting = (failures: number): RoomConnectOptions => ({
  maxRetries: 0,
  rtcConfig: ONE_LINE,
  websocketTimeout: Math.min(20_000, 5_000 * 2 ** failures),
  peerConnectionTimeout: Math.min(30_000, 8_000 * 2 ** failures),
});

/** How much picture this device should make: what it can encode besides receiving a group. */
export function options(phone: boolean, cores: number): RoomOptions {
  const top = phone || cores <= 4 ? VideoPresets.h540 : VideoPresets.h720;
  return {
    adaptiveStream: true,
    dynacast: true,
    disconnectOnPageLeave: true,
    reconnectPolicy: MENDING,
    audioCaptureDefaults: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    videoCaptureDefaults: { resolution: top.resolution, facingMode: "user" },
    publishDefaults: {
      videoCodec: "vp8",
      simulcast: true,
      videoSimulcastLayers: [VideoPresets.h180, VideoPresets.h360],
      videoEncoding: top.encoding,
      audioPreset: AudioPresets.speech,
      dtx: true,
      red: true,
    },
  };
}

/** The name of the media room that a ticket is for. Only read: the server checks it. */
export function mediaRoomOf(token: string): string {
  const claims = token.split(".")[1] ?? "";
  const { video } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))) as { video: { room: string } };
  return video.room;
}
