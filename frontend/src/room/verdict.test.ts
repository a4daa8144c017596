import { describe, expect, test } from "vitest";
import { hints, megabits, verdict, type Findings } from "./verdict";

const fine: Findings = { answerMs: 60, udp: true, tcp: true, relay: true, upBps: 2_000_000, downBps: 8_000_000 };

describe("the verdict", () => {
  test.each([
    ["everything works", {}, "good"],
    ["what was not tried counts for nothing", { udp: null, tcp: null, relay: null, upBps: null, downBps: null }, "good"],
    ["a detour works, a little worse", { udp: false }, "fair"],
    ["only the relay works", { udp: false, tcp: false }, "fair"],
    ["a slow answer", { answerMs: 900 }, "fair"],
    ["a thin line up", { upBps: 300_000 }, "fair"],
    ["a very thin line up carries sound", { upBps: 90_000 }, "sound"],
    ["a very thin line down carries sound", { downBps: 200_000 }, "sound"],
    ["no way for picture and sound", { udp: false, tcp: false, relay: false }, "none"],
    ["no way among those tried", { udp: false, tcp: false, relay: null }, "none"],
    ["no answer at all", { answerMs: null }, "none"],
  ] as const)("%s", (_, change, expected) => {
    expect(verdict({ ...fine, ...change })).toBe(expected);
  });
});

describe("the help", () => {
  test.each([
    ["nothing when all is well", {}, []],
    ["without an answer, the line itself", { answerMs: null }, ["line"]],
    ["a blocked network", { udp: false, tcp: false, relay: false }, ["blocked"]],
    ["closer to the router when it is slow", { upBps: 90_000 }, ["closer", "others"]],
    ["a detour is told", { udp: false }, ["detour"]],
  ] as const)("%s", (_, change, expected) => {
    expect(hints({ ...fine, ...change })).toEqual(expected);
  });
});

test("speeds are told in megabits with one digit", () => {
  expect([1_234_567, 90_000, 8_000_000].map(megabits)).toEqual([1.2, 0.1, 8]);
});
