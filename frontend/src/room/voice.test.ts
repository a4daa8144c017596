import { describe, expect, test } from "vitest";
import { FRESH, hint, listen, switched, type Ear } from "./voice";

/** Levels ten times a second from `fromMs`. */
function hear(ear: Ear, on: boolean, fromMs: number, levels: readonly number[]): [Ear, number] {
  let now = fromMs;
  for (const level of levels) {
    now += 100;
    ear = listen(ear, on, level, now);
  }
  return [ear, now];
}
const times = (count: number, level: number) => Array.from({ length: count }, () => level);

describe("a microphone that is on", () => {
  test("and never heard is told after a while", () => {
    const [ear, now] = hear(switched(FRESH, true, 0), true, 0, times(240, 0));
    expect(hint(ear, true, now)).toBeNull();
    expect(hint(ear, true, now + 2_000)).toBe("silent");
  });
  test("is fine once it was heard, however quiet the person is then", () => {
    const [ear] = hear(switched(FRESH, true, 0), true, 0, [0, 0.05, ...times(100, 0)]);
    expect(hint(ear, true, 600_000)).toBeNull();
  });
  test("that was exchanged is listened to anew", () => {
    const [ear] = hear(switched(FRESH, true, 0), true, 0, [0.5]);
    expect(hint(switched(ear, true, 1_000), true, 27_000)).toBe("silent");
  });
});

describe("a muted microphone", () => {
  const muted = switched(FRESH, false, 0);
  test("talked into for a second", () => {
    const [ear, now] = hear(muted, false, 0, times(12, 0.6));
    expect(hint(ear, false, now)).toBe("muted");
    expect(hint(ear, false, now + 7_000)).toBeNull();
  });
  test("with breaths between the words", () => {
    const [ear, now] = hear(muted, false, 0, [0.6, 0.6, 0.1, 0.1, 0.6, 0.6, 0.1, 0.1, 0.1, 0.6, 0.6, 0.6]);
    expect(hint(ear, false, now)).toBe("muted");
  });
  test.each([
    ["a cough", [0.9, 0.9, 0.9, ...times(20, 0)]],
    ["a door and another door", [0.9, ...times(10, 0), 0.9, ...times(10, 0)]],
    ["people in the next room", times(60, 0.3)],
  ])("%s is no talking", (_, levels) => {
    const [ear, now] = hear(muted, false, 0, levels);
    expect(hint(ear, false, now)).toBeNull();
  });
  test("whoever goes on talking to somebody at home is not told again and again", () => {
    const [ear, now] = hear(muted, false, 0, times(200, 0.6));
    expect(hint(ear, false, now)).toBeNull();
    const [later, then] = hear(ear, false, now, times(120, 0.6));
    expect(hint(later, false, then)).toBe("muted");
  });
});
