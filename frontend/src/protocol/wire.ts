import { pauseMs } from "./backoff";
import { CLOSE, PROTOCOL_VERSION, type FromBrowser, type Refused, type ToBrowser } from "./messages.gen";

/** `lost`: trying again by itself. The last three are final: only a new page can help. */
export type Link = "opening" | "open" | "lost" | "signedOut" | "notFound" | "outdated";

type Commands = Extract<FromBrowser, { readonly commandId: string }>;
type WithoutId<C> = C extends Commands ? Omit<C, "commandId"> : never;
/** What changes the room. Kept and sent again over every reconnect until the server has answered it. */
export type Command = WithoutId<Commands>;
/** What concerns only this moment. Dropped while the line is down. */
export type Word = Exclude<FromBrowser, Commands>;

export interface Listener {
  readonly link: (link: Link) => void;
  readonly message: (message: ToBrowser) => void;
}

/** The part of a WebSocket that is used here. */
export type Socket = Pick<WebSocket, "send" | "close" | "readyState" | "onopen" | "onmessage" | "onclose">;

export const PING_MS = 5_000;
export const DEAD_MS = 12_000;
const OPENING_MS = 10_000;
const OPEN = 1;

const FINAL: Readonly<Record<number, Link>> = {
  [CLOSE.SIGNED_OUT]: "signedOut",
  [CLOSE.NOT_FOUND]: "notFound",
  [CLOSE.WRONG_VERSION]: "outdated",
};

/** The server declined a command; `text` is safe to show. */
export class Declined extends Error {
  constructor(readonly refusal: Refused) {
    super(refusal.text);
  }
}

interface Pending {
  readonly frame: string;
  readonly done: (seq: number) => void;
  readonly declined: (reason: Declined) => void;
}

/** One typed line to one meeting. Knows frames, liveness and repetition; nothing of rooms or media.
 *
 * It owns no timer: `tick` is called about four times a second with a monotonic time. Nothing heard for DEAD_MS
 * means the line is dead, whatever the browser believes.
 */
export class Wire {
  #socket: Socket | null = null;
  #link: Link = "opening";
  #pending = new Map<string, Pending>();
  #failures = 0;
  #heardMs = 0;
  #pingedMs = 0;
  #retryMs = 0;
  #nowMs: number;
  #over = false;
  #answered: (() => void) | null = null; // who waits for the next pong

  constructor(
    private readonly dial: (protocol: string) => Socket,
    private readonly listener: Listener,
    nowMs: number,
    private readonly chance: () => number = Math.random,
  ) {
    this.#nowMs = nowMs;
    this.#open();
  }

  get link(): Link {
    return this.#link;
  }

  /** Whether it was handed to an open line. */
  say(word: Word): boolean {
    return this.#send(JSON.stringify(word));
  }

  /** Resolves with the log's seq once the command is in it. Rejects with `Declined`. */
  command(command: Command): Promise<number> {
    const commandId = crypto.randomUUID();
    const frame = JSON.stringify({ ...command, commandId });
    return new Promise((done, declined) => {
      this.#pending.set(commandId, { frame, done, declined });
      this.#send(frame);
    });
  }

  /** The time a question and its answer take, in ms; null when none comes within OPENING_MS, or the line is down. */
  roundTrip(): Promise<number | null> {
    return new Promise((answered) => {
      const began = performance.now();
      const settle = (ms: number | null) => {
        clearTimeout(timer);
        this.#answered = null;
        answered(ms);
      };
      const timer = setTimeout(() => settle(null), OPENING_MS);
      this.#answered = () => settle(performance.now() - began);
      this.#pingedMs = this.#nowMs;
      if (!this.say({ type: "ping" })) settle(null);
    });
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#over) return;
    if (this.#socket === null) {
      if (this.#link === "lost" && nowMs >= this.#retryMs) this.#open();
    } else if (this.#link === "open") {
      if (nowMs - this.#heardMs >= DEAD_MS) this.#drop();
      else if (nowMs - this.#pingedMs >= PING_MS) this.#ping();
    } else if (nowMs - this.#heardMs >= OPENING_MS) {
      this.#drop();
    }
  }

  /** The network is said to be back, or the page is looked at again: do not wait for the pause to end. */
  hurry(): void {
    if (this.#link === "lost") this.#retryMs = this.#nowMs;
  }

  close(): void {
    this.#over = true;
    const socket = this.#release();
    socket?.close(1000);
  }

  #open(): void {
    const socket = this.dial(`viop.${PROTOCOL_VERSION}`);
    this.#socket = socket;
    this.#heardMs = this.#nowMs;
    socket.onopen = () => {
      this.#heardMs = this.#nowMs;
      this.#pingedMs = this.#nowMs;
      this.#become("open");
      for (const { frame } of this.#pending.values()) this.#send(frame);
    };
    socket.onmessage = ({ data }) => {
      this.#heardMs = this.#nowMs;
      this.#failures = 0;
      this.#hear(JSON.parse(data as string) as ToBrowser);
    };
    socket.onclose = ({ code }) => {
      this.#release();
      const final = FINAL[code];
      if (final !== undefined) {
        this.#over = true;
        this.#become(final);
      } else {
        this.#pause(code === CLOSE.TOO_MANY || code === CLOSE.BAD_FRAME ? 4 : 0);
      }
    };
  }

  #hear(message: ToBrowser): void {
    if (message.type === "done") {
      this.#settle(message.commandId)?.done(message.seq);
    } else if (message.type === "refused" && message.commandId !== "") {
      this.#settle(message.commandId)?.declined(new Declined(message));
    }
    if (message.type === "pong") this.#answered?.();
    this.listener.message(message);
  }

  #settle(commandId: string): Pending | undefined {
    const pending = this.#pending.get(commandId);
    this.#pending.delete(commandId);
    return pending;
  }

  #ping(): void {
    this.#pingedMs = this.#nowMs;
    this.#send(JSON.stringify({ type: "ping" } satisfies FromBrowser));
  }

  #send(frame: string): boolean {
    if (this.#link !== "open" || this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(frame);
    return true;
  }

  /** The line is dead although nobody closed it. */
  #drop(): void {
    const socket = this.#release();
    socket?.close(4000);
    this.#pause(0);
  }

  #release(): Socket | null {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  #pause(least: number): void {
    const attempt = Math.max(this.#failures, least);
    this.#failures += 1;
    this.#retryMs = this.#nowMs + pauseMs(attempt, this.chance());
    this.#become("lost");
  }

  #become(link: Link): void {
    if (link === this.#link) return;
    this.#link = link;
    this.listener.link(link);
  }
}
