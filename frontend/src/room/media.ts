import {
  AudioPresets,
  DisconnectReason,
  LocalVideoTrack,
  Room as MediaRoom,
  RoomEvent,
  ScreenSharePresets,
  Track,
  type LocalParticipant,
  type RoomOptions,
  type TrackPublication,
} from "livekit-client";
import { pauseMs } from "../protocol/backoff";
import type { Seat } from "../protocol/messages.gen";
import { blur } from "./blur";
import { socketUrl } from "./config";
import { connecting, mediaRoomOf, options } from "./connecting";
import { chosenDevices, rememberedPreferences, type Devices, type Preferences, type Wanted } from "./remembered";
import { ofDevice, trouble, type Trouble } from "./trouble";

/** `mending`: pictures and sound are interrupted and come back by themselves. `replaced`: another device took the seat. */
export type MediaState = "off" | "joining" | "live" | "mending" | "replaced";

const SEAT_PATIENCE_MS = 5_000; // unanswered: ask again
const SHAKY_MS = 1_500; // a signal line gone for longer has probably taken picture and sound with it
const MOVE_PATIENCE_MS = 1_500; // an engine that moves connections has done it by then
const PUBLISH_AGAIN_MS = 2_000; // the connection refused a publication without falling
const STEADY_MS = 10_000; // live this long, the next failure is a new one

export interface Surroundings {
  /** Ask the clinic for a media ticket; the answer comes in by `sit` or `refuse`. */
  readonly askSeat: () => void;
  readonly state: (state: MediaState) => void;
  /** `room` is another object now. */
  readonly renewed: () => void;
  /** The server muted our microphone. */
  readonly silenced: () => void;
  readonly trouble: (source: keyof Wanted, trouble: Trouble) => void;
}

/** Pictures and sound of one person's seat. It keeps the seat through every failure until told to leave it.
 *
 * livekit-client mends a connection for a while; when it gives up, a new ticket is asked for and the room is joined
 * anew. What the person switched off stays off through all of it.
 */
export class Media {
  room: MediaRoom;
  #state: MediaState = "off";
  #wanted: Wanted = { microphone: false, camera: false };
  #asked: number | null = null; // when a seat was asked for and has not come yet
  #retryMs: number | null = null;
  #shakyMs: number | null = null; // since when livekit-client is mending its signal line
  #failures = 0;
  #liveMs = 0;
  #nowMs = 0;
  #visit = 0; // grows with every entry and exit: what an older one still finishes is void
  #applying = false;
  #used = false; // `room` has been connected before
  #next: MediaRoom | null = null; // is being joined while `room` is still in use
  #fell = false; // `room` ended meanwhile
  #againMs: number | null = null; // when to publish what the connection did not take
  #round = 0; // grows with every new room object: what is still done for an older one counts for nothing
  #stale = false;
  #blurred = rememberedPreferences().blur;
  #place = ""; // of the clinic's: the side room's id, or "" for the main room
  #unmovedMs: number | null = null; // since when the place is another and the engine has not moved this connection
  #movedMs = -Infinity; // when the engine moved it without the clinic's word (which may come later)

  constructor(
    private readonly around: Surroundings,
    private readonly page: Pick<Location, "protocol" | "host">,
    private readonly device: { readonly phone: boolean; readonly cores: number },
    private readonly newRoom = (how: RoomOptions) => new MediaRoom(how),
  ) {
    this.room = this.#made();
  }

  get state(): MediaState {
    return this.#state;
  }

  /** Take one's seat in `place` (a side room's id, or "") and keep it, or go there from another place. */
  enter(wanted: Wanted, place: string): void {
    this.#wanted = wanted;
    const moved = this.#place !== place;
    this.#place = place;
    if (this.#state === "off") this.#begin();
    else if (moved && this.#nowMs - this.#movedMs > 2 * MOVE_PATIENCE_MS) this.#unmovedMs = this.#nowMs;
    if (moved) this.#movedMs = -Infinity;
  }

  /** Give the seat up. */
  exit(): void {
    if (this.#state === "off") return;
    this.#visit += 1;
    this.#asked = this.#retryMs = this.#shakyMs = this.#unmovedMs = null;
    void this.#next?.disconnect();
    this.#next = null;
    this.#fell = false;
    this.#become("off");
    void this.room.disconnect();
  }

  /** Take the seat back from the other device. */
  takeBack(): void {
    if (this.#state === "replaced") this.#begin();
  }

  want(wanted: Wanted): void {
    this.#wanted = wanted;
    void this.#apply();
  }

  prefer(preferences: Preferences): void {
    if (this.#blurred === preferences.blur) return;
    this.#blurred = preferences.blur;
    void this.#apply();
  }

  sit(seat: Seat): void {
    if (this.#asked === null) return;
    this.#asked = null;
    if (this.#state === "live") void this.#follow(seat);
    else void this.#connect(seat, this.#visit);
  }

  refuse(): void {
    if (this.#asked === null) return;
    this.#asked = null;
    this.#retry();
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#againMs !== null && nowMs >= this.#againMs) void this.#apply();
    if (this.#shakyMs !== null && this.#state === "live" && nowMs - this.#shakyMs >= SHAKY_MS) this.#become("mending");
    if (this.#state === "live" && this.#unmovedMs !== null && nowMs - this.#unmovedMs >= MOVE_PATIENCE_MS) this.#ask();
    else if (this.#retryMs !== null && nowMs >= this.#retryMs) this.#ask();
    else if (this.#asked !== null && nowMs - this.#asked >= SEAT_PATIENCE_MS) this.#ask();
  }

  /** The network or the clinic's line is back: try now. */
  hurry(): void {
    if (this.#retryMs !== null) this.#retryMs = this.#nowMs;
    else if (this.#asked !== null) this.#ask(); // the question may have been lost with the old line
  }

  /** Share a screen, with its sound where the browser offers that, or stop sharing. Whether it is as wished. */
  async share(on: boolean): Promise<boolean> {
    try {
      await this.room.localParticipant.setScreenShareEnabled(
        on,
        { audio: true, systemAudio: "include", selfBrowserSurface: "exclude", surfaceSwitching: "include", contentHint: "detail" },
        { simulcast: false, videoEncoding: ScreenSharePresets.h1080fps15.encoding, audioPreset: AudioPresets.music },
      );
      return true;
    } catch {
      return false; // the person closed the browser's question, or the right to share is gone
    }
  }

  async use(kind: keyof Devices, deviceId: string): Promise<void> {
    if (this.#state !== "live") return; // `#connect` reads what was chosen
    await this.room.switchActiveDevice(kind, deviceId).catch((error: unknown) => {
      if (kind !== "audiooutput") {
        this.around.trouble(kind === "audioinput" ? "microphone" : "camera", trouble(error));
      }
    });
  }

  #begin(): void {
    this.#visit += 1;
    this.#failures = 0;
    this.#become("joining");
    this.#ask();
  }

  #ask(): void {
    this.#retryMs = this.#unmovedMs = null;
    this.#asked = this.#nowMs;
    this.around.askSeat();
  }

  async #connect(seat: Seat, visit: number): Promise<void> {
    if (this.#used) this.#renew();
    this.#used = true;
    const devices = chosenDevices();
    const { audioCaptureDefaults: audio, videoCaptureDefaults: video } = this.room.options;
    if (audio && devices.audioinput) audio.deviceId = { ideal: devices.audioinput };
    if (video && devices.videoinput) video.deviceId = { ideal: devices.videoinput };
    if (devices.audiooutput) this.room.options.audioOutput = { deviceId: devices.audiooutput };
    try {
      await this.room.connect(socketUrl(seat.url, this.page), seat.token, connecting(this.#failures));
    } catch {
      if (visit === this.#visit) this.#retry();
      return;
    }
    if (visit === this.#visit) this.#settled();
  }

  /** Another room object: what the old one still waits for (a publication cut off in the middle) never ends. */
  #renew(): void {
    const old = this.room;
    this.room = this.#made();
    Object.assign(this.room.options, old.options); // devices chosen meanwhile
    this.#round += 1;
    this.#applying = false;
    void old.disconnect();
    this.around.renewed();
  }

  /** A room object that speaks to us as long as it is the one in use. */
  #made(): MediaRoom {
    const room = this.newRoom(options(this.device.phone, this.device.cores));
    const current = () => room === this.room;
    return room
      .on(RoomEvent.SignalReconnecting, () => current() && (this.#shakyMs ??= this.#nowMs))
      .on(RoomEvent.Reconnecting, () => current() && this.#become("mending"))
      .on(RoomEvent.Reconnected, () => current() && this.#settled())
      .on(RoomEvent.Moved, () => current() && this.#movedByEngine())
      .on(RoomEvent.Disconnected, (reason) => current() && this.#lost(reason))
      .on(RoomEvent.TrackMuted, (publication, participant) => {
        if (current() && participant === room.localParticipant) this.#muted(publication);
      });
  }

  #movedByEngine(): void {
    const awaited = this.#unmovedMs !== null || this.#asked !== null || this.#next !== null;
    if (!awaited) this.#movedMs = this.#nowMs;
    this.#unmovedMs = null;
  }

  /** The place is another, and the engine did not move this connection: be in the new room before leaving the old. */
  async #follow(seat: Seat): Promise<void> {
    if (mediaRoomOf(seat.token) === this.room.name) return; // it did, after all
    const [old, next] = [this.room, this.#made()];
    Object.assign(next.options, old.options); // devices chosen meanwhile
    void this.#next?.disconnect(); // the place is another once more, before that one was reached
    this.#next = next;
    try {
      await next.connect(socketUrl(seat.url, this.page), seat.token, connecting(this.#failures));
    } catch {
      if (next === this.#next) this.#notFollowed();
      return;
    }
    if (next !== this.#next) {
      void next.disconnect();
      return;
    }
    this.room = next;
    this.#next = null;
    this.#fell = false;
    this.#round += 1;
    this.#applying = false;
    this.#asked = this.#retryMs = this.#shakyMs = null;
    this.around.renewed();
    this.#become("live"); // whatever became of the old one meanwhile
    this.#settled();
    void old.disconnect();
  }

  #notFollowed(): void {
    this.#next = null;
    if (this.#fell) {
      this.#fell = false;
      this.#retry();
    } else {
      this.#failures += 1; // it may only be slow
      this.#unmovedMs = this.#nowMs;
    }
  }

  #settled(): void {
    if (this.#state === "off" || this.#state === "replaced") return;
    this.#liveMs = this.#nowMs;
    this.#shakyMs = null;
    this.#become("live");
    void this.#apply();
  }

  #lost(reason: DisconnectReason | undefined): void {
    if (this.#state === "off" || this.#state === "replaced" || this.#asked !== null || this.#retryMs !== null) return;
    if (this.#next !== null) {
      this.#fell = true; // perhaps by our own seat in the new room: an engine that was late to move has moved this one too
      this.#become("mending");
    } else if (reason === DisconnectReason.DUPLICATE_IDENTITY) {
      this.#visit += 1;
      this.#become("replaced");
    } else if (this.#state !== "joining") {
      this.#become("mending"); // while joining, `#connect` sees the failure itself
      this.#retry();
    }
  }

  #retry(): void {
    if (this.#liveMs > 0 && this.#nowMs - this.#liveMs >= STEADY_MS) this.#failures = 0;
    this.#liveMs = 0;
    this.#retryMs = this.#nowMs + (this.#failures === 0 ? 0 : pauseMs(this.#failures - 1, Math.random()));
    this.#failures += 1;
  }

  #muted(publication: TrackPublication): void {
    const source = publication.source === Track.Source.Microphone ? "microphone" : publication.source === Track.Source.Camera ? "camera" : null;
    if (source === null || !this.#wanted[source]) return;
    // A device that ended and stays away (a phone call took it) is muted by livekit-client itself: nobody else did that.
    if (publication.track?.mediaStreamTrack.readyState === "ended") {
      this.#wanted = { ...this.#wanted, [source]: false };
      this.around.trouble(source, "busy");
    } else if (source === "microphone") {
      this.#wanted = { ...this.#wanted, microphone: false };
      this.around.silenced();
    }
  }

  /** Make what is published equal to what is wanted; one change at a time, the latest wish wins. */
  async #apply(): Promise<void> {
    this.#stale = true;
    if (this.#applying) return;
    this.#applying = true;
    const { localParticipant: me } = this.room;
    const round = this.#round;
    while (this.#stale && this.#state === "live" && round === this.#round) {
      this.#stale = false;
      this.#againMs = null;
      for (const source of ["microphone", "camera"] as const) {
        if (round === this.#round) await this.#publish(me, source, this.#wanted[source], round);
      }
    }
    if (round === this.#round) this.#applying = false;
  }

  async #publish(me: LocalParticipant, source: keyof Wanted, on: boolean, round: number): Promise<void> {
    try {
      if (source === "microphone" && me.isMicrophoneEnabled !== on) await me.setMicrophoneEnabled(on);
      if (source === "camera") await this.#publishCamera(me, on);
    } catch (error) {
      if (round !== this.#round) return; // the connection it was for is gone
      if (!ofDevice(error)) {
        this.#againMs = this.#nowMs + PUBLISH_AGAIN_MS; // the connection's matter: the wish stands
        return;
      }
      this.#wanted = { ...this.#wanted, [source]: false };
      this.around.trouble(source, trouble(error));
    }
  }

  /** With blur no single frame goes out as the camera sees it: the track is blurred before it is published. */
  async #publishCamera(me: LocalParticipant, on: boolean): Promise<void> {
    const publication = me.getTrackPublication(Track.Source.Camera);
    const shown = publication?.track instanceof LocalVideoTrack ? publication.track : undefined;
    if (on && this.#blurred && !me.isCameraEnabled) {
      if (shown !== undefined) await me.unpublishTrack(shown);
      const [track] = await me.createTracks({ video: true });
      if (track === undefined) return;
      try {
        if (track instanceof LocalVideoTrack) await blur(track, true);
        await me.publishTrack(track);
      } catch (error) {
        track.stop(); // nobody else would, and the camera's light would stay on
        throw error;
      }
      return;
    }
    if (me.isCameraEnabled !== on) await me.setCameraEnabled(on);
    if (on && shown !== undefined) await blur(shown, this.#blurred);
  }

  #become(state: MediaState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.around.state(state);
  }
}
