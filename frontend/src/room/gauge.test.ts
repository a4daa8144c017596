import { expect, test } from "vitest";
import { gauge, type Look, type Voice, type Word } from "./gauge";

const voice = (id: string, received: number, lost: number, weakOverThere = false): Voice => ({ id, received, lost, weakOverThere });
const word = (id: string, atMs: number, loss: number | null, tripMs: number | null = 40): Word => ({ id, atMs, loss, tripMs });
const look = (voices: readonly Voice[], words: readonly Word[] = []): Look => ({ voices, words });
const NOTHING = { lossIn: null, lossOut: null, tripMs: null };

test("the first look has nothing to compare with", () => {
  expect(gauge(null, look([voice("maya", 500, 400)], [word("me", 1_000, 0.9, 3_000)]))).toEqual(NOTHING);
});

test("sound that did not come, of all voices together", () => {
  const before = look([voice("maya", 100, 0), voice("ben", 100, 50)]);
  expect(gauge(before, look([voice("maya", 190, 10), voice("ben", 190, 60)])).lossIn).toBeCloseTo(0.1);
});

test("a few packets say nothing", () => {
  expect(gauge(look([voice("maya", 100, 0)]), look([voice("maya", 105, 5)])).lossIn).toBeNull();
});

test("who has a weak line is no sign of our own", () => {
  const before = look([voice("maya", 100, 0), voice("alice", 100, 0)]);
  const now = look([voice("maya", 200, 0), voice("alice", 150, 50, true)]);
  expect(gauge(before, now).lossIn).toBe(0);
  expect(gauge(look([voice("alice", 100, 0)]), look([voice("alice", 150, 50, true)])).lossIn).toBeNull();
});

test("a voice that is new or counts anew is no loss", () => {
  expect(gauge(look([voice("maya", 100, 90)]), look([voice("maya", 30, 0), voice("ben", 500, 500)])).lossIn).toBeNull();
});

test("the last word on a stream that rests is not said again", () => {
  const before = look([], [word("microphone", 1_000, 0), word("large picture", 900, 0.5, 2_000)]);
  const now = look([], [word("microphone", 2_000, 0.02, 80), word("large picture", 900, 0.5, 2_000)]);
  expect(gauge(before, now)).toEqual({ lossIn: null, lossOut: 0.02, tripMs: 80 });
  expect(gauge(now, now)).toEqual(NOTHING);
});

test("the worst of what was said counts; a stream heard of for the first time does not yet", () => {
  const before = look([], [word("microphone", 1_000, 0), word("picture", 1_000, null, null)]);
  const now = look([], [word("microphone", 2_000, 0.02, 900), word("picture", 2_000, 0.3, null), word("other", 2_000, 0.9, 5_000)]);
  expect(gauge(before, now)).toEqual({ lossIn: null, lossOut: 0.3, tripMs: 900 });
});
