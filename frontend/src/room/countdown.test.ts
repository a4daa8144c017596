import { describe, expect, test } from "vitest";
import { clockFace, minutesToTell, secondsLeft } from "./countdown";

test.each([
  [0, "0:00"],
  [9, "0:09"],
  [95, "1:35"],
  [600, "10:00"],
  [3725, "1:02:05"],
])("%d seconds are %s", (seconds, face) => {
  expect(clockFace(seconds)).toBe(face);
});

test("a begun second is still there, and the time never runs below nothing", () => {
  expect(secondsLeft(10_000, 9_001)).toBe(1);
  expect(secondsLeft(10_000, 10_000)).toBe(0);
  expect(secondsLeft(10_000, 99_000)).toBe(0);
});

describe("told aloud", () => {
  test.each([
    ["at five minutes", 301, 300, 5],
    ["once", 300, 299, null],
    ["the nearest, when the page slept", 700, 55, 1],
    ["nothing in between", 250, 200, null],
    ["nothing when the time was made longer", 100, 400, null],
  ])("%s", (_, before, now, told) => {
    expect(minutesToTell(before, now)).toBe(told);
  });
});
