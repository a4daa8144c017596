import { ConnectionQuality, RemoteTrackPublication, Track, VideoQuality, type LocalTrackPublication, type Room as MediaRoom } from "livekit-client";
import { gauge, type Look, type Voice, type Word } from "./gauge";
import { anew, AT_BEST, choose, climb, RUNGS, type Ladder, type Reading, type Rung } from "./ladder";
import type { Media } from "./media";
import type { Preferences, Wanted } from "./remembered";
import { Listener } from "./sound";
import { isStill, watch, type Given, type Stillness } from "./still";
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
const LATE_MS = 1_000; // between two ticks: this device is too busy to say anything about the line
const SETTLE_MS = 4_000; // a new connection begins with losses of its own
const SMALL: MediaTrackConstraints = { width: 640, height: 360, frameRate: 12 }; // its smallest layer still shows a face

const RATED: Readonly<Record<ConnectionQuality, Reading["rated"]>> = {
  [ConnectionQuality.Excellent]: "well",
  [ConnectionQuality.Good]: "fair",
  [ConnectionQuality.Poor]: "poor",
  [ConnectionQuality.Lost]: "fair", // said of a signal line that was cut; who hears it has it back
  [ConnectionQuality.Unknown]: "well",
};

const WEAK: readonly ConnectionQuality[] = [ConnectionQuality.Poor, ConnectionQuality.Lost];

/** Watches over one seat: spares a weak line, notices a microphone that is silent or talked into while muted, and a
 * device that the system took away. It owns no timer: `tick` is called about four times a second. */
export class Care {
  #ladder: Ladder = AT_BEST;
  #ear: Ear = FRESH;
  #listener: Listener | null = null;
  #heardOn = false;
  #readMs = 0;
  #reading = false;
  #look: Look | null = null; // at the counts of `#of`
  #of: MediaRoom | null = null; // the connection that is watched; null while there is none
  #sinceMs = 0; // it has been there
  #tickMs = 0;
  #gapMs = 0; // the longest between two ticks since the last reading
  #hidden = new WeakSet<RemoteTrackPublication>(); // pictures that were left out
  #pausedMs: Record<keyof Wanted, number | null> = { microphone: null, camera: null };
  #restartMs = 0;
  #still: Stillness | null = null;
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
    this.#gapMs = Math.max(this.#gapMs, nowMs - this.#tickMs);
    this.#tickMs = nowMs;
    const room = live ? this.media.room : null;
    if (room !== this.#of) this.#watch(room, nowMs);
    if (room !== null && !this.#reading && nowMs - this.#readMs >= READ_MS) {
      const busy = this.#gapMs >= LATE_MS;
      this.#readMs = nowMs;
      this.#gapMs = 0;
      this.#reading = true;
      void this.#read(room, nowMs, busy).finally(() => (this.#reading = false));
    }
    this.#tell();
  }

  /** The page is looked at again, or was touched: what the system stopped may go on. */
  wake(): void {
    const { room } = this.media;
    if (this.media.state === "live") void room.startAudio().catch(() => undefined);
    this.#restartMs = 0;
  }

  /** Another connection, or the same one mended: nothing is known of it yet. */
  #watch(room: MediaRoom | null, nowMs: number): void {
    this.#of = room;
    this.#look = null;
    this.#sinceMs = nowMs;
    this.#ladder = anew(this.#ladder);
    if (room !== null) this.#spare(); // what was given up is not to flood it
  }

  async #read(room: MediaRoom, nowMs: number, busy: boolean): Promise<void> {
    const [voices, words, given] = await Promise.all([voicesIn(room), wordsOn(room), givenTo(room)]);
    if (room !== this.#of) return;
    this.#still = watch(this.#still, given, nowMs);
    if (isStill(this.#still, nowMs)) this.#wakeCamera(room, nowMs);
    const look: Look = { voices, words };
    if (nowMs - this.#sinceMs >= SETTLE_MS) {
      const measured = gauge(this.#look, look);
      const rated = RATED[room.localParticipant.connectionQuality];
      if (this.#look !== null) this.#ladder = climb(this.#ladder, { nowMs, ...measured, rated, busy });
      this.#look = look;
    }
    this.#spare();
    this.#tell();
  }

  /** Make what is received and sent as small as the rung and the preferences say. */
  #spare(): void {
    const { room } = this.media;
    const height = Math.max(RUNGS.indexOf(this.#ladder.rung), this.preferences.lowPower ? 1 : 0);
    for (const { trackPublications } of room.remoteParticipants.values()) {
      for (const publication of trackPublications.values()) {
        if (!(publication instanceof RemoteTrackPublication) || !publication.isSubscribed) continue;
        if (publication.source === Track.Source.Camera) {
          this.#show(publication, height < 2);
          publication.setVideoQuality(height > 0 ? VideoQuality.LOW : VideoQuality.HIGH);
        } else if (publication.source === Track.Source.ScreenShare) {
          this.#show(publication, height < 3);
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

  /** Only what was left out is asked back: livekit-client itself rests what is off the screen, until it is told otherwise. */
  #show(publication: RemoteTrackPublication, on: boolean): void {
    if (on !== this.#hidden.has(publication)) return;
    publication.setEnabled(on);
    if (on) this.#hidden.delete(publication);
    else this.#hidden.add(publication);
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

  /** It is on and gives nothing: begun anew, it often does. */
  #wakeCamera(room: MediaRoom, nowMs: number): void {
    if (document.visibilityState !== "visible") return;
    this.#still = null;
    this.#restartMs = nowMs;
    const camera = room.localParticipant.getTrackPublication(Track.Source.Camera)?.videoTrack;
    void camera?.restartTrack().catch(() => undefined);
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

/** What the camera gave to be sent; null while it is off, or nobody watches. */
async function givenTo(room: MediaRoom): Promise<Given | null> {
  const publication = room.localParticipant.getTrackPublication(Track.Source.Camera);
  const track = publication?.videoTrack;
  if (publication === undefined || publication.isMuted || track === undefined) return null;
  const watched = (await rowsOf(track, "outbound-rtp")).some(({ active }) => active === true);
  const frames = (await rowsOf(track, "media-source"))[0]?.frames;
  return watched && frames !== undefined ? { id: track.mediaStreamTrack.id, frames } : null;
}

interface StatsRow {
  readonly id: string;
  readonly type: string;
  readonly timestamp: number;
  readonly packetsReceived?: number;
  readonly packetsLost?: number;
  readonly fractionLost?: number;
  readonly roundTripTime?: number;
  readonly active?: boolean;
  readonly frames?: number;
}

async function rowsOf(track: Pick<Track, "sid"> & { getRTCStatsReport(): Promise<RTCStatsReport | undefined> }, type: string): Promise<StatsRow[]> {
  const rows: StatsRow[] = [];
  const report = await track.getRTCStatsReport().catch(() => undefined);
  report?.forEach((row: StatsRow) => {
    if (row.type === type) rows.push(row);
  });
  return rows;
}

/** Every voice that comes in. */
async function voicesIn(room: MediaRoom): Promise<Voice[]> {
  const found = [...room.remoteParticipants.values()].flatMap((one) =>
    [...one.audioTrackPublications.values()].flatMap(({ track }) =>
      track === undefined ? [] : [{ track, weakOverThere: WEAK.includes(one.connectionQuality) }],
    ),
  );
  const voices = found.map(async ({ track, weakOverThere }) =>
    (await rowsOf(track, "inbound-rtp")).map(({ id, packetsReceived = 0, packetsLost = 0 }) => ({
      id,
      received: packetsReceived,
      lost: packetsLost,
      weakOverThere,
    })),
  );
  return (await Promise.all(voices)).flat();
}

/** What the other end said last on everything that we send. */
async function wordsOn(room: MediaRoom): Promise<Word[]> {
  const sent = [Track.Source.Microphone, Track.Source.Camera].flatMap((source) => {
    const track = room.localParticipant.getTrackPublication(source)?.track;
    return track === undefined ? [] : [track];
  });
  const words = sent.map(async (track) =>
    (await rowsOf(track, "remote-inbound-rtp")).map(({ id, timestamp, fractionLost, roundTripTime }) => ({
      id,
      atMs: timestamp,
      loss: fractionLost ?? null,
      tripMs: roundTripTime === undefined ? null : roundTripTime * 1_000,
    })),
  );
  return (await Promise.all(words)).flat();
}
