import { describe, expect, test } from "vitest";
import { anew, AT_BEST, choose, climb, judge, RUNGS, type Ladder, type Reading } from "./ladder";

const reading = (nowMs: number, parts: Partial<Reading> = {}): Reading => ({ nowMs, lossIn: 0, lossOut: 0, tripMs: 40, rated: "well", busy: false, ...parts });
const BAD = { lossIn: 0.15 };
const DEAD = { rated: "lost" } as const;
const FAIR = { lossIn: 0.05 };

/** Readings every two seconds over `seconds`, from where `ladder` stood. */
function over(ladder: Ladder, fromMs: number, seconds: number, parts: Partial<Reading>): [Ladder, number] {
  let now = fromMs;
  for (let passed = 0; passed < seconds; passed += 2) {
    now += 2_000;
    ladder = climb(ladder, reading(now, parts));
  }
  return [ladder, now];
}

test.each<[string, Partial<Reading>, string]>([
  ["a fine line", {}, "good"],
  ["nobody heard yet", { lossIn: null, lossOut: null, tripMs: null }, "good"],
  ["a little loss", FAIR, "so-so"],
  ["a long way", { tripMs: 600 }, "so-so"],
  ["much loss on the way in", BAD, "bad"],
  ["much loss on the way out", { lossOut: 0.2 }, "bad"],
  ["a very long way", { tripMs: 1200 }, "slow"],
  ["the other end calls it poor", { rated: "poor" }, "bad"],
  ["half of it missing", { lossIn: 0.5 }, "dead"],
  ["the other end hears nothing", DEAD, "dead"],
  ["much loss while the device was too busy to look", { ...BAD, busy: true }, "so-so"],
  ["a very long way while the device was too busy to look", { tripMs: 3_000, busy: true }, "so-so"],
  ["a fine line on a busy device", { busy: true }, "good"],
])("%s", (_, parts, verdict) => {
  expect(judge(reading(0, parts))).toBe(verdict);
});

describe("down", () => {
  test("a hiccup changes nothing", () => {
    const [ladder, now] = over(AT_BEST, 0, 6, BAD);
    expect(over(ladder, now, 2, {})[0].rung).toBe("full");
  });
  test("one thing after the other, sound last of all", () => {
    let [ladder, now]: [Ladder, number] = [AT_BEST, 0];
    const seen = new Set<string>();
    for (let n = 0; n < 20; n += 1) {
      [ladder, now] = over(ladder, now, 2, BAD);
      seen.add(ladder.rung);
    }
    expect([...seen]).toEqual([...RUNGS]);
  });
  test("each step has its time to help", () => {
    const [ladder, now] = over(AT_BEST, 0, 8, BAD);
    expect(ladder.rung).toBe("small");
    expect(over(ladder, now, 4, BAD)[0].rung).toBe("small");
  });
  test("faster when nothing gets through", () => {
    expect(over(AT_BEST, 0, 6, DEAD)[0].rung).toBe("faceless");
    expect(over(AT_BEST, 0, 6, BAD)[0].rung).toBe("full");
    expect(over(AT_BEST, 0, 12, DEAD)[0].rung).toBe("sound");
  });
  test("a long way alone leaves out the others' pictures and takes nobody's own camera", () => {
    expect(over(AT_BEST, 0, 300, { tripMs: 2_000 })[0].rung).toBe("faceless");
  });
  test("a device that is too busy for long gives nothing up", () => {
    expect(over(AT_BEST, 0, 300, { ...DEAD, tripMs: 5_000, busy: true })[0].rung).toBe("full");
  });
  test("a busy moment breaks a bad stretch", () => {
    const [ladder, now] = over(AT_BEST, 0, 6, BAD);
    const [after, then] = over(ladder, now, 2, { ...BAD, busy: true });
    expect(over(after, then, 6, BAD)[0].rung).toBe("full");
  });
  test("a so-so line stays where it is", () => {
    const [ladder, now] = over(AT_BEST, 0, 8, BAD);
    expect(over(ladder, now, 300, FAIR)[0].rung).toBe("small");
  });
});

describe("up", () => {
  const [low, lowAt] = over(AT_BEST, 0, 60, BAD);
  test("one step after eight good seconds, not all at once", () => {
    expect(low.rung).toBe("sound");
    expect(low.failures).toBe(0);
    expect(over(low, lowAt, 8, {})[0].rung).toBe("sound");
    expect(over(low, lowAt, 10, {})[0].rung).toBe("faceless");
    expect(over(low, lowAt, 26, {})[0].rung).toBe("full");
  });
  test("what was too early is taken back at once", () => {
    const [ladder, now] = over(low, lowAt, 18, {});
    expect(ladder.rung).toBe("small");
    expect(over(ladder, now, 2, { lossIn: 0.5 })[0].rung).toBe("faceless");
    expect(over(ladder, now, 4, BAD)[0].rung).toBe("faceless");
    expect(over(ladder, now, 2, BAD)[0].rung).toBe("small");
  });
  test("whoever fell again soon waits twice as long, but not for ever", () => {
    let [ladder, now] = over(AT_BEST, 0, 8, BAD);
    [ladder, now] = over(ladder, now, 10, {});
    expect(ladder.rung).toBe("full");
    [ladder, now] = over(ladder, now, 4, BAD);
    expect([ladder.rung, ladder.failures]).toEqual(["small", 1]);
    expect(over(ladder, now, 16, {})[0].rung).toBe("small");
    expect(over(ladder, now, 18, {})[0].rung).toBe("full");
  });
  test("after two steady minutes the past is forgotten", () => {
    const [ladder] = over({ ...AT_BEST, failures: 2, changedMs: 1 }, 0, 130, {});
    expect(ladder.failures).toBe(0);
  });
});

describe("another connection", () => {
  test("a bad stretch on the old one is not continued on the new one", () => {
    const [ladder, now] = over(AT_BEST, 0, 6, BAD);
    expect(over(anew(ladder), now, 6, BAD)[0].rung).toBe("full");
  });
  test("what was given up stays so, and comes back as after a first failure", () => {
    const [ladder, now] = over({ ...AT_BEST, rung: "sound", failures: 4 }, 0, 8, {});
    expect(over(anew(ladder), now, 8, {})[0].rung).toBe("sound");
    expect(over(anew(ladder), now, 10, {})[0].rung).toBe("faceless");
  });
  test("sound alone that was asked for stays asked for", () => {
    expect(over(anew(choose(true, 0)), 0, 600, {})[0].rung).toBe("sound");
  });
});

describe("the person", () => {
  test("who asked for sound alone keeps it on the best of lines", () => {
    expect(over(choose(true, 0), 0, 600, {})[0].rung).toBe("sound");
  });
  test("who wants the pictures back gets them, until the line fails again", () => {
    const [ladder] = over(AT_BEST, 0, 60, BAD);
    expect(ladder.rung).toBe("sound");
    const back = choose(false, 100_000);
    expect(back.rung).toBe("full");
    expect(over(back, 100_000, 8, BAD)[0].rung).toBe("small");
  });
});

test("nothing changed is the same ladder", () => {
  const [ladder, now] = over(AT_BEST, 0, 4, FAIR);
  expect(climb(ladder, reading(now + 2_000, FAIR))).toBe(ladder);
});
