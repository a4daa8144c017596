import type { ChatLine, LateReason, Lobby, Room, Seat, ToBrowser } from "../protocol/messages.gen";
import { Declined, Wire, type Command, type Link } from "../protocol/wire";
import { Care, WELL, type Wellbeing } from "./care";
import { heard, noLines, readAll, type ChatLog } from "./chat";
import { socketUrl, type RoomConfig } from "./config";
import { Media, type MediaState } from "./media";
import { news, type News } from "./news";
import { inside } from "./place";
import {
  rememberDevices,
  chosenDevices,
  readUpTo,
  rememberedPreferences,
  rememberPreferences,
  rememberRead,
  rememberWanted,
  wantedIn,
  type Devices,
  type Preferences,
  type Wanted,
} from "./remembered";
import type { Trouble } from "./trouble";

/** All that the page shows is a function of this (and of the media engine's own events). */
export interface Snapshot {
  readonly link: Link;
  /** The server's last word. */
  readonly view: Room | null;
  /** This tab wants to be in: it went past the device check and has not left. */
  readonly coming: boolean;
  /** This tab left by its own act. */
  readonly left: boolean;
  readonly media: MediaState;
  readonly wanted: Wanted;
  readonly troubles: Readonly<Partial<Record<keyof Wanted, Trouble>>>;
  /** People about whom a command is on its way. */
  readonly pending: ReadonlySet<string>;
  /** Lines this person may see now, oldest first. */
  readonly chat: ChatLog;
  readonly preferences: Preferences;
  readonly wellbeing: Wellbeing;
}

export type Tidings =
  | News
  | { readonly kind: "line"; readonly line: ChatLine }
  | { readonly kind: "silenced" }
  | { readonly kind: "refused"; readonly text: string };

const KNOCK_AGAIN_MS = 3_000;
const EVERYBODY = "*";
const ALREADY_SO = "already-so";
const PROBE_PATIENCE_MS = 4_000;

/** One tab's part in one meeting: the line to the clinic, the seat in the media room, and what the person wants. */
export class Session {
  readonly media: Media;
  readonly care: Care;
  readonly #wire: Wire;
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Set<(tidings: Tidings) => void>();
  #snapshot: Snapshot;
  #knockedMs = 0;
  #turnedAway = false; // from where this tab stood: when asked back, it is in line again without a new knock
  #nowMs: number;
  #probed: ((seat: Seat | null) => void) | null = null; // who waits for a ticket to try the line with
  #aheadMs = Date.now() - performance.now(); // of the monotonic clock; the server's, once it has spoken

  constructor(
    readonly config: RoomConfig,
    page: Pick<Location, "protocol" | "host">,
    device: { readonly phone: boolean; readonly cores: number },
    nowMs: number,
  ) {
    const remembered = wantedIn(config.meetingId);
    this.#nowMs = nowMs;
    this.#snapshot = {
      link: "opening",
      view: null,
      coming: remembered !== null,
      left: false,
      media: "off",
      wanted: remembered ?? { microphone: true, camera: true },
      troubles: {},
      pending: new Set(),
      chat: noLines(readUpTo(config.meetingId)),
      preferences: rememberedPreferences(),
      wellbeing: WELL,
    };
    this.media = new Media(
      {
        askSeat: () => void this.#wire.say({ type: "askSeat" }),
        state: (media) => this.#set({ media }),
        renewed: () => this.#set({}),
        silenced: () => {
          this.want({ ...this.#snapshot.wanted, microphone: false });
          this.#tell({ kind: "silenced" });
        },
        trouble: (source, trouble) => {
          this.want({ ...this.#snapshot.wanted, [source]: false });
          this.#set({ troubles: { ...this.#snapshot.troubles, [source]: trouble } });
        },
      },
      page,
      device,
    );
    this.care = new Care(
      this.media,
      {
        wellbeing: (wellbeing) => this.#set({ wellbeing }),
        giveUpCamera: () => this.want({ ...this.#snapshot.wanted, camera: false }),
        wanted: () => this.#snapshot.wanted,
      },
      this.#snapshot.preferences,
    );
    this.#wire = new Wire(
      (protocol) => new WebSocket(socketUrl(config.socketPath, page), protocol),
      { link: (link) => this.#linked(link), message: (message) => this.#hear(message) },
      nowMs,
    );
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** Hear what happens, once each. */
  listen(listener: (tidings: Tidings) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#wire.tick(nowMs);
    this.media.tick(nowMs);
    this.care.tick(nowMs);
    const { coming, view, link } = this.#snapshot;
    const outside = view !== null && view.you.place === "outside" && !view.meeting.ended;
    if (coming && outside && link === "open" && nowMs - this.#knockedMs >= KNOCK_AGAIN_MS) this.#knock();
  }

  /** A ticket for a media room where nobody else is; null when there is none to have. Only before coming in. */
  probe(): Promise<Seat | null> {
    this.#probed?.(null);
    return new Promise((answered) => {
      const settle = (seat: Seat | null) => {
        clearTimeout(timer);
        this.#probed = null;
        answered(seat);
      };
      const timer = setTimeout(() => settle(null), PROBE_PATIENCE_MS);
      this.#probed = settle;
      if (this.#snapshot.coming || !this.#wire.say({ type: "askSeat", probe: true })) settle(null);
    });
  }

  /** How long the clinic takes to answer, in ms; null when it does not. */
  answerMs(): Promise<number | null> {
    return this.#wire.roundTrip();
  }

  hurry(): void {
    this.#wire.hurry();
    this.media.hurry();
  }

  /** By the server's clock; this device's own may be wrong. */
  serverNowMs(): number {
    return performance.now() + this.#aheadMs;
  }

  // What the person does.

  comeIn(wanted: Wanted): void {
    rememberWanted(this.config.meetingId, wanted);
    this.#set({ coming: true, left: false, wanted, troubles: {} });
    this.#knock();
    this.#follow();
  }

  want(wanted: Wanted): void {
    if (this.#snapshot.coming) rememberWanted(this.config.meetingId, wanted);
    const troubles = { ...this.#snapshot.troubles };
    if (wanted.microphone) delete troubles.microphone;
    if (wanted.camera) delete troubles.camera;
    this.#set({ wanted, troubles });
    this.media.want(wanted);
  }

  /** How this device shows people and what it spares, from now on. */
  prefer(change: Partial<Preferences>): void {
    const preferences = { ...this.#snapshot.preferences, ...change };
    rememberPreferences(preferences);
    this.#set({ preferences });
    this.media.prefer(preferences);
    this.care.prefer(preferences);
  }

  choose(devices: Devices): void {
    rememberDevices({ ...chosenDevices(), ...devices });
    for (const kind of ["audioinput", "videoinput", "audiooutput"] as const) {
      const id = devices[kind];
      if (id !== undefined) void this.media.use(kind, id);
    }
  }

  leave(): void {
    this.#goOut({ left: true });
    void this.#do({ type: "leave" }, this.config.meetingId).then(() => {
      if (this.#snapshot.coming) this.#knock(); // the person was back before the line: this ended the visit before
    });
  }

  end(): void {
    void this.#do({ type: "end" }, EVERYBODY);
  }

  /** The trouble was read. */
  forget(sources: readonly (keyof Wanted)[]): void {
    const troubles = { ...this.#snapshot.troubles };
    if (sources.includes("microphone")) delete troubles.microphone;
    if (sources.includes("camera")) delete troubles.camera;
    this.#set({ troubles });
  }

  /** Back to the device check from an ending. */
  comeBack(): void {
    this.#set({ left: false });
  }

  /** `reason` is asked for about who came after the door had closed. */
  admit(personId: string, reason: LateReason | null = null): void {
    void this.#do({ type: "admit", personId, ...(reason === null ? {} : { reason }) }, personId);
  }

  admitAll(lobby: Lobby | null = null): void {
    void this.#do({ type: "admitAll", lobby }, EVERYBODY);
  }

  decline(personId: string, reason: string): void {
    void this.#do({ type: "decline", personId, reason }, personId);
  }

  sendBack(personId: string): void {
    void this.#do({ type: "sendBack", personId }, personId);
  }

  remove(personId: string, reason: string): void {
    void this.#do({ type: "remove", personId, reason }, personId);
  }

  /** Any other command. `about` (a person, or a word for the thing) is pending meanwhile; a refusal is told.
   *
   * Resolves with whether it was done.
   */
  act(command: Command, about: string): Promise<boolean> {
    return this.#do(command, about);
  }

  mute(personId: string): void {
    void this.#do({ type: "muteOther", personId }, personId);
  }

  /** Everything said so far has been looked at. */
  readChat(): void {
    const chat = readAll(this.#snapshot.chat);
    if (chat === this.#snapshot.chat) return;
    rememberRead(this.config.meetingId, chat.readTo);
    this.#set({ chat });
  }

  /** Whether a command about this person (or about everybody) has not been answered yet. */
  static busy(snapshot: Snapshot, personId: string = EVERYBODY): boolean {
    return snapshot.pending.has(personId) || snapshot.pending.has(EVERYBODY);
  }

  // What the server says.

  #linked(link: Link): void {
    this.#set({ link });
    if (link !== "open" || !this.#snapshot.coming) return;
    this.#knock();
    this.media.hurry();
  }

  #hear(message: ToBrowser): void {
    switch (message.type) {
      case "room": {
        this.#aheadMs = Date.parse(message.serverTime) - performance.now();
        const before = this.#snapshot.view;
        this.#set({ view: message });
        this.#follow();
        for (const each of news(before, message)) this.#tell(each);
        break;
      }
      case "seat":
        if (this.#probed) this.#probed(message);
        else this.media.sit(message);
        break;
      case "refused":
        if (message.commandId !== "") break; // told to who gave the command
        if (this.#probed) this.#probed(null); // the only question without an id is for a seat
        else this.media.refuse();
        break;
      case "pong":
        this.#aheadMs = Date.parse(message.serverTime) - performance.now();
        break;
      case "chat": {
        const { log, fresh } = heard(this.#snapshot.chat, message, this.#snapshot.view?.you.personId ?? "");
        this.#set({ chat: log });
        for (const line of fresh) this.#tell({ kind: "line", line });
        break;
      }
      case "done":
        break;
      default:
        message satisfies never;
    }
  }

  /** Media follows the place that the server gave. */
  #follow(): void {
    const { view, wanted } = this.#snapshot;
    if (view === null) return;
    const { place } = view.you;
    if (this.#turnedAway && (place === "waiting" || inside(place))) {
      this.#turnedAway = false;
      rememberWanted(this.config.meetingId, wanted);
      this.#set({ coming: true });
    }
    if (!this.#snapshot.coming) return;
    if (view.meeting.ended || place === "left" || place === "declined" || place === "removed") {
      // A view from before the knock still says where the last visit ended.
      if (!view.meeting.ended && place === "left" && this.#nowMs - this.#knockedMs < KNOCK_AGAIN_MS) return;
      this.#turnedAway = place === "declined" || place === "removed";
      this.#goOut({ left: place === "left" });
    } else if (inside(place)) {
      this.media.enter(wanted, view.you.roomId);
    } else {
      this.media.exit();
    }
  }

  #goOut(how: { readonly left: boolean }): void {
    this.media.exit();
    rememberWanted(this.config.meetingId, null);
    this.#set({ coming: false, ...how });
  }

  #knock(): void {
    this.#knockedMs = this.#nowMs;
    this.#wire.say({ type: "knock" });
  }

  /** Whether it was done; a refusal is told. */
  async #do(command: Command, about: string): Promise<boolean> {
    this.#set({ pending: new Set(this.#snapshot.pending).add(about) });
    const refusal = await this.#wire.command(command).then(
      () => null,
      (error: unknown) => {
        if (error instanceof Declined) return error;
        throw error;
      },
    );
    const pending = new Set(this.#snapshot.pending);
    pending.delete(about);
    this.#set({ pending });
    if (refusal === null || refusal.refusal.code === ALREADY_SO) return true; // somebody did the same a moment before
    this.#tell({ kind: "refused", text: refusal.message });
    return false;
  }

  #tell(tidings: Tidings): void {
    for (const listener of this.#listeners) listener(tidings);
  }

  #set(change: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const watcher of this.#watchers) watcher();
  }
}
