/** One seat through every change of place, with rooms that do as the test says. */
import { EventEmitter } from "node:events";
import { DisconnectReason, RoomEvent, type Room as MediaRoom, type RoomConnectOptions } from "livekit-client";
import { beforeEach, describe, expect, test } from "vitest";
import type { Seat } from "../protocol/messages.gen";
import { mediaRoomOf } from "./connecting";
import { Media, type MediaState } from "./media";

const PAGE = { protocol: "https:", host: "clinic.test" };
const SOON_MS = 100;

/** What happened, in order, over all rooms: "b connects". */
let journal: string[] = [];
let rooms: FakeRoom[] = [];
let states: MediaState[] = [];
let asked = 0;
let failing = new Set<string>(); // media rooms that cannot be reached
let slow = { socketMs: 0, peerMs: 0 }; // how long the engine takes to answer, and then the connection to come up
let due: { readonly atMs: number; readonly happens: () => void }[] = [];
let [underWay, mostUnderWay] = [0, 0]; // connections that are coming up at one time
let answering: string | null = null; // the media room that every question for a seat is answered with
let nowMs = 0;
let media: Media;

class FakeRoom extends EventEmitter {
  name = "";
  options = {};
  readonly localParticipant = {
    isMicrophoneEnabled: false,
    isCameraEnabled: false,
    getTrackPublication: () => undefined,
    setMicrophoneEnabled: (on: boolean) => {
      this.localParticipant.isMicrophoneEnabled = on;
      journal.push(`${this.name} ${on ? "hears us" : "hears us no more"}`);
      return Promise.resolve();
    },
    setCameraEnabled: (on: boolean) => {
      this.localParticipant.isCameraEnabled = on;
      journal.push(`${this.name} ${on ? "sees us" : "sees us no more"}`);
      return Promise.resolve();
    },
  };

  connect(_url: string, token: string, { websocketTimeout = 0, peerConnectionTimeout = 0 }: RoomConnectOptions): Promise<void> {
    const name = mediaRoomOf(token);
    const answered = slow.socketMs <= websocketTimeout;
    const takesMs = answered ? slow.socketMs + Math.min(slow.peerMs, peerConnectionTimeout) : websocketTimeout;
    const comesUp = () => {
      underWay -= 1;
      if (failing.has(name) || !answered || slow.peerMs > peerConnectionTimeout) {
        journal.push(`${name} is out of reach`);
        throw new Error("no way");
      }
      this.name = name;
      journal.push(`${name} connects`);
    };
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    if (takesMs > 0) return new Promise<void>((happens) => due.push({ atMs: nowMs + takesMs, happens })).then(comesUp);
    return new Promise((happens) => {
      comesUp();
      happens();
    });
  }

  disconnect(): Promise<void> {
    journal.push(`${this.name} hangs up`);
    return Promise.resolve();
  }
}

const seat = (room: string): Seat => ({
  type: "seat",
  url: "/rtc",
  identity: "i-maya",
  expiresIn: 60,
  token: `x.${btoa(JSON.stringify({ video: { room } }))}.x`,
});

/** Everything that was promised has happened. */
const settled = () => new Promise((done) => setTimeout(done));

/** Time goes on in the steps of the room's metronome. Questions for a seat are answered at once, if at all. */
async function pass(ms: number): Promise<void> {
  for (const end = nowMs + ms; nowMs < end; ) {
    const before = asked;
    nowMs += SOON_MS;
    media.tick(nowMs);
    const now = due.filter(({ atMs }) => atMs <= nowMs);
    due = due.filter(({ atMs }) => atMs > nowMs);
    for (const { happens } of now) happens();
    if (now.length > 0) await settled();
    if (answering !== null && asked > before) await sits(answering);
  }
  await settled();
}

async function sits(room: string): Promise<void> {
  media.sit(seat(room));
  await settled();
}

beforeEach(async () => {
  [journal, rooms, states, asked, failing, nowMs] = [[], [], [], 0, new Set(), 0];
  [slow, due, underWay, mostUnderWay, answering] = [{ socketMs: 0, peerMs: 0 }, [], 0, 0, null];
  media = new Media(
    {
      askSeat: () => (asked += 1),
      state: (state) => states.push(state),
      renewed: () => journal.push("the page shows the other room"),
      silenced: () => journal.push("silenced"),
      trouble: (source) => journal.push(`trouble with the ${source}`),
    },
    PAGE,
    { phone: false, cores: 4 },
    () => {
      const room = new FakeRoom();
      rooms.push(room);
      return room as unknown as MediaRoom;
    },
  );
  media.enter({ microphone: true, camera: false }, "");
  await sits("main");
  await pass(SOON_MS);
  expect(journal).toEqual(["main connects", "main hears us"]);
  journal = [];
});

test("moved by the engine, nothing is joined, nothing is published again", async () => {
  media.enter({ microphone: true, camera: false }, "b1");
  await pass(500);
  rooms[0]?.emit(RoomEvent.Moved);
  await pass(10_000);
  expect([journal, asked, rooms.length]).toEqual([[], 1, 1]);
});

test("the engine's move may come before the clinic's word", async () => {
  rooms[0]?.emit(RoomEvent.Moved);
  await pass(1_000);
  media.enter({ microphone: true, camera: false }, "b1");
  await pass(10_000);
  expect([journal, asked]).toEqual([[], 1]);
});

test("otherwise the new room is joined before the old one is left", async () => {
  media.enter({ microphone: true, camera: false }, "b1");
  await pass(1_400);
  expect(asked).toBe(1);
  await pass(200);
  expect(asked).toBe(2);
  await sits("b1");
  expect(journal).toEqual(["b1 connects", "the page shows the other room", "b1 hears us", "main hangs up"]);
  expect(media.room.name).toBe("b1");
  expect(states).toEqual(["joining", "live"]);
});

test("what is off stays off in the new room", async () => {
  media.want({ microphone: false, camera: false });
  await settled();
  journal = [];
  media.enter({ microphone: false, camera: false }, "b1");
  await pass(1_600);
  await sits("b1");
  expect(journal).toEqual(["b1 connects", "the page shows the other room", "main hangs up"]);
});

test("a new room out of reach leaves us where we are, and is tried again", async () => {
  failing.add("b1");
  media.enter({ microphone: true, camera: false }, "b1");
  await pass(1_600);
  await sits("b1");
  expect(journal).toEqual(["b1 is out of reach"]);
  expect([media.room.name, media.state]).toEqual(["main", "live"]);
  failing.clear();
  await pass(1_600);
  expect(asked).toBe(3);
  await sits("b1");
  expect(journal.slice(1)).toEqual(["b1 connects", "the page shows the other room", "b1 hears us", "main hangs up"]);
});

test("the ticket for the room one is in already changes nothing", async () => {
  media.enter({ microphone: true, camera: false }, "b1");
  await pass(1_600);
  await sits("main");
  await pass(10_000);
  expect([journal, media.state]).toEqual([[], "live"]);
});

test("who leaves while the new room is being joined is in neither", async () => {
  media.enter({ microphone: true, camera: false }, "b1");
  await pass(1_600);
  media.sit(seat("b1"));
  media.exit();
  await settled();
  expect(journal).toEqual(["b1 connects", "b1 hangs up", "main hangs up", "b1 hangs up"]);
  expect(media.state).toBe("off");
});

test("the old room's end counts for nothing once the new one is in use", async () => {
  media.enter({ microphone: true, camera: false }, "b1");
  await pass(1_600);
  await sits("b1");
  rooms[0]?.emit(RoomEvent.Disconnected, DisconnectReason.CLIENT_INITIATED);
  await pass(1_000);
  expect([media.state, asked]).toEqual(["live", 2]);
});

test("a lost room is joined anew with another ticket", async () => {
  rooms[0]?.emit(RoomEvent.Disconnected, DisconnectReason.SIGNAL_CLOSE);
  expect(media.state).toBe("mending");
  await pass(SOON_MS);
  await sits("main");
  expect(journal).toEqual(["main hangs up", "the page shows the other room", "main connects", "main hears us"]);
  expect(media.state).toBe("live");
});

test("another device takes the seat; it is taken back when asked for, never by itself", async () => {
  rooms[0]?.emit(RoomEvent.Disconnected, DisconnectReason.DUPLICATE_IDENTITY);
  await pass(60_000);
  expect([media.state, asked]).toEqual(["replaced", 1]);
  media.takeBack();
  await sits("main");
  expect(media.state).toBe("live");
});

const MINUTE_MS = 60_000;
const SLOW: readonly [string, typeof slow][] = [
  ["the engine answers after 12 s", { socketMs: 12_000, peerMs: 0 }],
  ["the connection takes 12 s", { socketMs: 0, peerMs: 12_000 }],
  ["both take 12 s", { socketMs: 12_000, peerMs: 12_000 }],
  ["the connection takes 25 s", { socketMs: 1_000, peerMs: 25_000 }],
];

describe.each(SLOW)("%s", (_, how) => {
  test("at the beginning: it comes up, once, and stays", async () => {
    media.exit();
    await settled();
    [journal, slow, answering] = [[], how, "main"];
    media.enter({ microphone: true, camera: false }, "");
    await sits("main");
    await pass(2 * MINUTE_MS);
    expect(media.state).toBe("live");
    expect(journal.slice(-2)).toEqual(["main connects", "main hears us"]);
    const tried = asked;
    await pass(10 * MINUTE_MS);
    expect([asked, media.state, mostUnderWay]).toEqual([tried, "live", 1]);
  });

  test("after a connection that was lost: it comes up again, once, and stays", async () => {
    await pass(MINUTE_MS);
    [slow, answering] = [how, "main"];
    rooms[0]?.emit(RoomEvent.Disconnected, DisconnectReason.SIGNAL_CLOSE);
    await pass(10 * MINUTE_MS);
    expect([media.state, mostUnderWay]).toEqual(["live", 1]);
    expect(journal.filter((what) => what === "main connects")).toHaveLength(1);
  });

  test("to another room: the old one is kept until then", async () => {
    [slow, answering] = [how, "b1"];
    media.enter({ microphone: true, camera: false }, "b1");
    await pass(10 * MINUTE_MS);
    expect([media.room.name, media.state, mostUnderWay]).toEqual(["b1", "live", 1]);
    expect(states).toEqual(["joining", "live"]);
    expect(journal.slice(-4)).toEqual(["b1 connects", "the page shows the other room", "b1 hears us", "main hangs up"]);
  });
});

describe("while a new room takes long to be joined", () => {
  beforeEach(async () => {
    slow = { socketMs: 0, peerMs: 4_000 };
    media.enter({ microphone: true, camera: false }, "b1");
    await pass(1_600);
    await sits("b1");
  });

  test.each([
    ["its own seat in it ends the old one", DisconnectReason.DUPLICATE_IDENTITY],
    ["the old one is lost", DisconnectReason.SIGNAL_CLOSE],
  ])("%s: that is no other device, and nothing else is begun", async (_, reason) => {
    rooms[0]?.emit(RoomEvent.Disconnected, reason);
    expect(media.state).toBe("mending");
    await pass(4_000);
    expect([media.room.name, media.state, asked, mostUnderWay]).toEqual(["b1", "live", 2, 1]);
  });

  test("and then is out of reach and the old one lost, it is begun anew", async () => {
    failing.add("b1");
    rooms[0]?.emit(RoomEvent.Disconnected, DisconnectReason.SIGNAL_CLOSE);
    await pass(4_000);
    failing.clear();
    answering = "b1";
    await pass(10_000);
    expect([media.room.name, media.state, mostUnderWay]).toEqual(["b1", "live", 1]);
  });

  test("and everybody is called back, only the last word counts", async () => {
    media.enter({ microphone: true, camera: false }, "b2");
    answering = "b2";
    await pass(20_000);
    expect([media.room.name, media.state, asked]).toEqual(["b2", "live", 3]);
    expect(journal.filter((what) => what.endsWith("hears us"))).toEqual(["b2 hears us"]);
    expect(journal).toContain("b1 hangs up");
  });
});
