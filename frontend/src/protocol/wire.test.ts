import { beforeEach, describe, expect, test } from "vitest";
import { pauseMs } from "./backoff";
import type { FromBrowser, ToBrowser } from "./messages.gen";
import { DEAD_MS, Declined, PING_MS, Wire, type Link, type Socket } from "./wire";

/** A pipe in memory with a server's end to pull. */
class Pipe implements Socket {
  readyState: Socket["readyState"] = 0;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: FromBrowser[] = [];
  closedWith: number | undefined;

  send(data: string): void {
    this.sent.push(JSON.parse(data) as FromBrowser);
  }
  close(code?: number): void {
    this.closedWith = code;
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.call(this as unknown as WebSocket, {} as Event);
  }
  deliver(message: ToBrowser): void {
    this.onmessage?.call(this as unknown as WebSocket, { data: JSON.stringify(message) } as MessageEvent);
  }
  hangUp(code: number): void {
    this.readyState = 3;
    this.onclose?.call(this as unknown as WebSocket, { code } as CloseEvent);
  }
}

let pipes: Pipe[];
let links: Link[];
let heard: ToBrowser[];
let wire: Wire;
const newest = () => pipes.at(-1) as Pipe;
const PONG: ToBrowser = { type: "pong", seq: 1, serverTime: "2026-11-22T18:00:00Z" };

beforeEach(() => {
  [pipes, links, heard] = [[], [], []];
  wire = new Wire(
    () => {
      const pipe = new Pipe();
      pipes.push(pipe);
      return pipe;
    },
    { link: (link) => links.push(link), message: (message) => heard.push(message) },
    0,
    () => 1,
  );
});

test("pauses double from half a second to eight, spread over their upper half", () => {
  expect([0, 1, 2, 3, 4, 9, 99].map((n) => pauseMs(n, 1))).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
  expect(pauseMs(2, 0)).toBe(1000);
});

test("words said while the line is down are dropped", () => {
  expect(wire.say({ type: "knock" })).toBe(false);
  newest().accept();
  expect(wire.say({ type: "knock" })).toBe(true);
  expect(newest().sent).toEqual([{ type: "knock" }]);
});

test("a ping goes out every five seconds", () => {
  newest().accept();
  wire.tick(PING_MS - 1);
  wire.tick(PING_MS);
  newest().deliver(PONG);
  wire.tick(2 * PING_MS);
  expect(newest().sent).toEqual([{ type: "ping" }, { type: "ping" }]);
});

test("a line that is silent for twelve seconds is dead, and is dialled again", () => {
  newest().accept();
  wire.tick(DEAD_MS);
  expect(links).toEqual(["open", "lost"]);
  expect(newest().closedWith).toBe(4000);
  wire.tick(DEAD_MS + 499);
  expect(pipes).toHaveLength(1);
  wire.tick(DEAD_MS + 500);
  expect(pipes).toHaveLength(2);
  newest().accept();
  expect(wire.link).toBe("open");
});

test("a dial that nobody answers is given up", () => {
  wire.tick(10_000);
  expect(wire.link).toBe("lost");
});

test("pauses grow while no word comes through, and begin anew once one does", () => {
  newest().hangUp(1006);
  wire.tick(500);
  newest().accept();
  newest().hangUp(1006);
  wire.tick(1000);
  expect(pipes).toHaveLength(2);
  wire.tick(1500);
  newest().accept();
  newest().deliver(PONG);
  newest().hangUp(4012);
  wire.tick(2000);
  expect(pipes).toHaveLength(4);
});

test("the network's return ends the pause", () => {
  newest().hangUp(1006);
  wire.hurry();
  wire.tick(1);
  expect(pipes).toHaveLength(2);
});

describe.each([
  [4401, "signedOut"],
  [4404, "notFound"],
  [4406, "outdated"],
] as const)("close code %d", (code, link) => {
  test(`is final: ${link}`, () => {
    newest().accept();
    newest().hangUp(code);
    wire.tick(60_000);
    expect(wire.link).toBe(link);
    expect(pipes).toHaveLength(1);
  });
});

test("a command is kept over reconnects, with one id, until it is answered", async () => {
  newest().accept();
  const admitted = wire.command({ type: "admit", personId: "p1" });
  newest().hangUp(1006);
  wire.tick(500);
  newest().accept();
  const [first, second] = [pipes[0]?.sent[0], pipes[1]?.sent[0]];
  expect(first).toMatchObject({ type: "admit", personId: "p1" });
  expect(second).toEqual(first);
  newest().deliver({ type: "done", commandId: (second as { commandId: string }).commandId, seq: 7 });
  await expect(admitted).resolves.toBe(7);
  newest().hangUp(1006);
  wire.tick(60_000);
  newest().accept();
  expect(newest().sent).toEqual([]);
});

test("a declined command says why", async () => {
  newest().accept();
  const admitted = wire.command({ type: "admitAll" });
  const { commandId } = newest().sent[0] as { commandId: string };
  newest().deliver({ type: "refused", code: "illegal_move", text: "Nobody is waiting.", commandId });
  await expect(admitted).rejects.toThrow(Declined);
  await expect(admitted).rejects.toThrow("Nobody is waiting.");
});

test("after close nothing more is heard or dialled", () => {
  newest().accept();
  const pipe = newest();
  wire.close();
  pipe.deliver(PONG);
  pipe.hangUp(1006);
  wire.tick(60_000);
  expect(heard).toEqual([]);
  expect(pipes).toHaveLength(1);
});
