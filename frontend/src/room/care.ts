import { ConnectionQuality, RemoteTrackPublication, Track, VideoQuality, type LocalTrackPublication, type Room as MediaRoom } from "livekit-client";
import { AT_BEST, choose, climb, RUNGS, type Ladder, type Reading, type Rung } from "./ladder";
import type { Media } from "./media";
import type { Preferences, Wanted } from "./remembered";
import { Listener } from "./sound";
import { FRESH, hint, listen, switched, type Ear, type Hint } from "./voice";

/** How the line and the person's own devices are, beyond being connected. */
export interface Wellbeing {
  readonly rung: Rung;
  /** The person asked for sound alone. */
  readonly soundOnly: boolean;
  /** The system took the device away for now: a phone call, a lid, another program. */
  readonly paused: Readonly<Record<keyof Wanted, boolean>>;
  readonly hint: Hint;
  /** The camera was given up to keep the sound; the line could carry it again. */
  readonly cameraCouldReturn: boolean;
}

export const WELL: Wellbeing = {
  rung: "full",
  soundOnly: false,
  paused: { microphone: false, camera: false },
  hint: null,
  cameraCouldReturn: false,
};

export interface Keeper {
  readonly wellbeing: (wellbeing: Wellbeing) => void;
  /** Sound is at stake: one's own camera has to go. */
  readonly giveUpCamera: () => void;
  readonly wanted: () => Wanted;
}

const READ_MS = 2_000;
const PAUSED_MS = 1_500; // shorter is a hiccup of the driver
const RESTART_MS = 5_000;
const FEWEST_PACKETS = 20;
const SMALL: MediaTrackConstraints = { width: 320, height: 180, frameRate: 12 };

const RATED: Readonly<Record<ConnectionQuality, Reading["rated"]>> = {
  [ConnectionQuality.Excellent]: "well",
  [ConnectionQuality.Good]: "fair",
  [ConnectionQuality.Poor]: "poor",
  [ConnectionQuality.Lost]: "lost",
  [ConnectionQuality.Unknown]: "well",
};

interface Counted {
  readonly received: number;
  readonly lost: number;
}

/** Watches over one seat: spares a weak line, notices a microphone that is silent or talked into while muted, and a
 * device that the system took away. It owns no timer: `tick` is called about four times a second. */
export class Care {
  #ladder: Ladder = AT_BEST;
  #ear: Ear = FRESH;
  #listener: Listener | null = null;
  #heardOn = false;
  #readMs = 0;
  #reading = false;
  #counted = new Map<string, Counted>();
  #pausedMs: Record<keyof Wanted, number | null> = { microphone: null, camera: null };
  #restartMs = 0;
  #gaveUpCamera = false;
  #wasSound = false;
  #small: MediaStreamTrack | null = null; // the camera's track, while it makes small pictures
  #told: Wellbeing = WELL;
  #nowMs = 0;

  constructor(
    private readonly media: Media,
    private readonly keeper: Keeper,
    private preferences: Preferences,
  ) {}

  prefer(preferences: Preferences): void {
    this.preferences = preferences;
    this.#spare();
  }

  /** Sound alone, or the pictures back whatever the line is like. */
  choose(soundOnly: boolean): void {
    this.#ladder = choose(soundOnly, this.#nowMs);
    this.#spare();
    this.#tell();
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    const live = this.media.state === "live";
    this.#hear(live, nowMs);
    this.#lookAtDevices(live, nowMs);
    if (live && !this.#reading && nowMs - this.#readMs >= READ_MS) {
      this.#readMs = nowMs;
      this.#reading = true;
      void this.#read(nowMs).finally(() => (this.#reading = false));
    }
    this.#tell();
  }

  /** The page is looked at again, or was touched: what the system stopped may go on. */
  wake(): void {
    const { room } = this.media;
    if (this.media.state === "live") void room.startAudio().catch(() => undefined);
    this.#restartMs = 0;
  }

  async #read(nowMs: number): Promise<void> {
    const { room } = this.media;
    const [incoming, outgoing] = await Promise.all([this.#lossIn(room), lossOut(room)]);
    if (room !== this.media.room || this.media.state !== "live") return;
    this.#ladder = climb(this.#ladder, {
      nowMs,
      lossIn: incoming,
      lossOut: outgoing.loss,
      tripMs: outgoing.tripMs,
      rated: RATED[room.localParticipant.connectionQuality],
    });
    this.#spare();
    this.#tell();
  }

  async #lossIn(room: MediaRoom): Promise<number | null> {
    const tracks = [...room.remoteParticipants.values()].flatMap((one) =>
      [...one.audioTrackPublications.values()].flatMap(({ track }) => (track === undefined ? [] : [track])),
    );
    const reports = await Promise.all(tracks.map((track) => track.getRTCStatsReport().catch(() => undefined)));
    let [received, lost] = [0, 0];
    const counted = new Map<string, Counted>();
    for (const report of reports) {
      report?.forEach((one: RTCInboundRtpStreamStats) => {
        if (one.type !== "inbound-rtp") return;
        const now = { received: one.packetsReceived ?? 0, lost: one.packetsLost ?? 0 };
        const before = this.#counted.get(one.id) ?? now;
        counted.set(one.id, now);
        received += Math.max(0, now.received - before.received);
        lost += Math.max(0, now.lost - before.lost);
      });
    }
    this.#counted = counted;
    return received + lost < FEWEST_PACKETS ? null : lost / (received + lost);
  }

  /** Make what is received and sent as small as the rung and the preferences say. */
  #spare(): void {
    const { room } = this.media;
    const height = Math.max(RUNGS.indexOf(this.#ladder.rung), this.preferences.lowPower ? 1 : 0);
    for (const { trackPublications } of room.remoteParticipants.values()) {
      for (const publication of trackPublications.values()) {
        if (!(publication instanceof RemoteTrackPublication) || !publication.isSubscribed) continue;
        if (publication.source === Track.Source.Camera) {
          publication.setEnabled(height < 2);
          publication.setVideoQuality(height > 0 ? VideoQuality.LOW : VideoQuality.HIGH);
        } else if (publication.source === Track.Source.ScreenShare) {
          publication.setEnabled(height < 3);
        }
      }
    }
    const camera = room.localParticipant.getTrackPublication(Track.Source.Camera)?.track?.mediaStreamTrack;
    if (camera !== undefined && height > 0 !== (this.#small === camera)) {
      const { width, height: tall } = room.options.videoCaptureDefaults?.resolution ?? { width: 960, height: 540 };
      this.#small = height > 0 ? camera : null;
      void camera.applyConstraints(height > 0 ? SMALL : { width, height: tall, frameRate: 30 }).catch(() => undefined);
    }
    const sound = this.#ladder.rung === "sound";
    if (sound && !this.#wasSound && this.keeper.wanted().camera) {
      this.keeper.giveUpCamera();
      this.#gaveUpCamera = !this.#ladder.chosen;
    } else if (this.keeper.wanted().camera) {
      this.#gaveUpCamera = false; // the person switched it on again
    }
    this.#wasSound = sound;
  }

  #hear(live: boolean, nowMs: number): void {
    const publication = live ? this.media.room.localParticipant.getTrackPublication(Track.Source.Microphone) : undefined;
    const track = publication?.track?.mediaStreamTrack;
    if (track?.id !== this.#listener?.of) {
      this.#listener?.stop();
      this.#listener = track === undefined || track.readyState === "ended" ? null : new Listener(track);
      this.#ear = switched(this.#ear, publication !== undefined && !publication.isMuted, nowMs);
    }
    const on = publication !== undefined && !publication.isMuted;
    if (on !== this.#heardOn) {
      this.#heardOn = on;
      this.#ear = switched(this.#ear, on, nowMs);
    }
    const level = this.#listener?.level() ?? null;
    if (level === null || this.#told.paused.microphone) this.#ear = switched(this.#ear, on, nowMs);
    else this.#ear = listen(this.#ear, on, level, nowMs);
  }

  #lookAtDevices(live: boolean, nowMs: number): void {
    for (const [source, of] of [
      ["microphone", Track.Source.Microphone],
      ["camera", Track.Source.Camera],
    ] as const) {
      const publication = live ? this.media.room.localParticipant.getTrackPublication(of) : undefined;
      if (!taken(publication)) this.#pausedMs[source] = null;
      else {
        this.#pausedMs[source] ??= nowMs;
        this.#restart(publication, nowMs);
      }
    }
  }

  /** A device that ended does not come back by itself; one that is only silenced does. */
  #restart(publication: LocalTrackPublication | undefined, nowMs: number): void {
    const track = publication?.track;
    const ended = track?.mediaStreamTrack.readyState === "ended";
    if (!ended || document.visibilityState !== "visible" || nowMs - this.#restartMs < RESTART_MS) return;
    this.#restartMs = nowMs;
    const again = publication?.videoTrack ?? publication?.audioTrack;
    void again?.restartTrack().catch(() => undefined);
  }

  #tell(): void {
    const since = (source: keyof Wanted) => {
      const from = this.#pausedMs[source];
      return from !== null && this.#nowMs - from >= PAUSED_MS;
    };
    const now: Wellbeing = {
      rung: this.#ladder.rung,
      soundOnly: this.#ladder.chosen,
      paused: { microphone: since("microphone"), camera: since("camera") },
      hint: hint(this.#ear, this.#heardOn, this.#nowMs),
      cameraCouldReturn: this.#gaveUpCamera && this.#ladder.rung !== "sound",
    };
    if (JSON.stringify(now) === JSON.stringify(this.#told)) return;
    this.#told = now;
    this.keeper.wellbeing(now);
  }
}

/** Whether the system took this device away although it is meant to be on. */
function taken(publication: LocalTrackPublication | undefined): publication is LocalTrackPublication {
  if (publication?.track === undefined || publication.isMuted) return false;
  const { muted, readyState } = publication.track.mediaStreamTrack;
  return muted || readyState === "ended";
}

async function lossOut(room: MediaRoom): Promise<{ readonly loss: number | null; readonly tripMs: number | null }> {
  const sent = [Track.Source.Microphone, Track.Source.Camera].flatMap((source) => {
    const track = room.localParticipant.getTrackPublication(source)?.track;
    return track === undefined ? [] : [track];
  });
  const reports = await Promise.all(sent.map((track) => track.getRTCStatsReport().catch(() => undefined)));
  let [loss, tripMs]: [number | null, number | null] = [null, null];
  for (const report of reports) {
    report?.forEach((one: { type: string; fractionLost?: number; roundTripTime?: number }) => {
      if (one.type !== "remote-inbound-rtp") return;
      if (one.fractionLost !== undefined) loss = Math.max(loss ?? 0, one.fractionLost);
      if (one.roundTripTime !== undefined) tripMs = Math.max(tripMs ?? 0, one.roundTripTime * 1_000);
    });
  }
  return { loss, tripMs };
}
