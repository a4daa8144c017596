/** One seat through every change of place, with rooms that do as the test says. */
import { EventEmitter } from "node:events";
import { DisconnectReason, RoomEvent, type Room as MediaRoom } from "livekit-client";
import { beforeEach, expect, test } from "vitest";
import type { Seat } from "../protocol/messages.gen";
import { Media, mediaRoomOf, type MediaState } from "./media";

const PAGE = { protocol: "https:", host: "clinic.test" };
const SOON_MS = 100;

/** What happened, in order, over all rooms: "b connects". */
let journal: string[] = [];
let rooms: FakeRoom[] = [];
let states: MediaState[] = [];
let asked = 0;
let failing = new Set<string>(); // media rooms that cannot be reached
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

  connect(_url: string, token: string): Promise<void> {
    const name = mediaRoomOf(token);
    if (failing.has(name)) {
      journal.push(`${name} is out of reach`);
      return Promise.reject(new Error("no way"));
    }
    this.name = name;
    journal.push(`${name} connects`);
    return Promise.resolve();
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

/** Time goes on in the steps of the room's metronome. */
async function pass(ms: number): Promise<void> {
  for (const end = nowMs + ms; nowMs < end; ) {
    nowMs += SOON_MS;
    media.tick(nowMs);
  }
  await settled();
}

async function sits(room: string): Promise<void> {
  media.sit(seat(room));
  await settled();
}

beforeEach(async () => {
  [journal, rooms, states, asked, failing, nowMs] = [[], [], [], 0, new Set(), 0];
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
  expect(journal).toEqual(["b1 connects", "main hangs up", "b1 hangs up"]);
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
