/** Tries the line the way a session would use it: with a ticket for a room where nobody else is. */
import { Room as MediaRoom, Track, type RoomConnectOptions } from "livekit-client";
import type { Seat } from "../protocol/messages.gen";
import { socketUrl } from "./config";
import { ONE_LINE } from "./connecting";

const CONNECT_MS = 8_000;
const MEASURE_MS = 4_000;
const LOOK_MS = 250;
const ONCE: RoomConnectOptions = { maxRetries: 0, websocketTimeout: 5_000, peerConnectionTimeout: CONNECT_MS, rtcConfig: ONE_LINE };

export interface Ways {
  readonly udp: boolean;
  readonly tcp: boolean;
  readonly upBps: number | null;
}

/** Which direct ways reach the media engine, and how much goes up. No way at all: both false. */
export async function direct(seat: Seat, page: Pick<Location, "protocol" | "host">): Promise<Ways> {
  const room = new MediaRoom();
  const picture = noise();
  try {
    await room.connect(socketUrl(seat.url, page), seat.token, ONCE);
    await room.localParticipant.publishTrack(picture.track, {
      source: Track.Source.Camera,
      simulcast: false,
      videoCodec: "vp8",
      videoEncoding: { maxBitrate: 2_500_000, maxFramerate: 30 },
    });
    const found = { udp: false, tcp: false, upBps: 0 };
    const end = performance.now() + MEASURE_MS;
    while (performance.now() < end) {
      await new Promise((later) => setTimeout(later, LOOK_MS));
      const seen = await pairs(room);
      found.udp ||= seen.udp;
      found.tcp ||= seen.tcp;
      found.upBps = Math.max(found.upBps, seen.upBps);
    }
    return { ...found, upBps: found.upBps > 0 ? found.upBps : null };
  } catch {
    return { udp: false, tcp: false, upBps: null };
  } finally {
    picture.stop();
    await room.disconnect();
  }
}

/** Whether the way over the clinic's relay works; null when there is no relay to try. */
export async function relayed(seat: Seat, page: Pick<Location, "protocol" | "host">): Promise<boolean | null> {
  const room = new MediaRoom();
  const seen = { relays: false };
  room.on("signalConnected", () => {
    seen.relays = (room.engine.latestJoinResponse?.iceServers ?? []).some(({ urls }) => urls.some((url) => url.startsWith("turn")));
  });
  try {
    await room.connect(socketUrl(seat.url, page), seat.token, { ...ONCE, rtcConfig: { ...ONE_LINE, iceTransportPolicy: "relay" } });
    return true;
  } catch {
    return seen.relays ? false : null;
  } finally {
    await room.disconnect();
  }
}

/** Bits per second of what the page itself is made of, fetched anew; null when it does not come. */
export async function download(path: string): Promise<number | null> {
  const began = performance.now();
  try {
    const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(CONNECT_MS) });
    const { size } = await answer.blob();
    const [entry] = performance.getEntriesByName(new URL(path, location.href).href).slice(-1);
    const carried = entry instanceof PerformanceResourceTiming && entry.encodedBodySize > 0 ? entry.encodedBodySize : size;
    return answer.ok ? (carried * 8_000) / Math.max(1, performance.now() - began) : null;
  } catch {
    return null;
  }
}

interface Seen {
  readonly udp: boolean;
  readonly tcp: boolean;
  readonly upBps: number;
}

async function pairs(room: MediaRoom): Promise<Seen> {
  const publication = room.localParticipant.getTrackPublication(Track.Source.Camera);
  const report = (await publication?.track?.getRTCStatsReport()) ?? new Map<string, unknown>();
  const rows = [...(report as Map<string, Row>).values()];
  const protocolOf = new Map(rows.filter((row) => row.type === "local-candidate" && !overRelay(row)).map(({ id, protocol }) => [id, protocol]));
  const worked = rows.filter(({ type, state }) => type === "candidate-pair" && state === "succeeded");
  const by = (protocol: string) => worked.some(({ localCandidateId = "" }) => protocolOf.get(localCandidateId) === protocol);
  const upBps = Math.max(0, ...worked.map(({ availableOutgoingBitrate = 0 }) => availableOutgoingBitrate));
  return { udp: by("udp"), tcp: by("tcp"), upBps };
}

/** What goes over the clinic's relay is no direct way; `protocol` is then only how the relay goes on from there. */
const overRelay = ({ candidateType, relayProtocol }: Row): boolean => candidateType === "relay" || relayProtocol !== undefined;

interface Row {
  readonly id: string;
  readonly type: string;
  readonly state?: string;
  readonly protocol?: string;
  readonly candidateType?: string;
  readonly relayProtocol?: string;
  readonly localCandidateId?: string;
  readonly availableOutgoingBitrate?: number;
}

/** A moving picture of nothing, hard to compress: it fills the line without showing anybody. */
function noise(): { readonly track: MediaStreamTrack; readonly stop: () => void } {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const draw = canvas.getContext("2d");
  const grain = new ImageData(64, 36);
  const timer = setInterval(() => {
    if (draw === null) return;
    for (let x = 0; x < canvas.width; x += 64) {
      for (let y = 0; y < canvas.height; y += 36) {
        crypto.getRandomValues(grain.data);
        draw.putImageData(grain, x, y);
      }
    }
  }, 66);
  const [track] = canvas.captureStream(15).getVideoTracks();
  if (track === undefined) throw new Error("a canvas stream has a video track");
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}
