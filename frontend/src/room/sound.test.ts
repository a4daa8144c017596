import { expect, test } from "vitest";
import { loudness } from "./sound";

const tone = (amplitude: number) => Float32Array.from({ length: 1024 }, (_, n) => amplitude * Math.sin(n / 5));

test.each([
  ["silence", 0, 0, 0],
  ["a quiet room", 0.0015, 0, 0.1],
  ["a calm voice", 0.05, 0.5, 0.8],
  ["a shout", 0.9, 1, 1],
])("%s", (_, amplitude, least, most) => {
  const level = loudness(tone(amplitude));
  expect(level).toBeGreaterThanOrEqual(least);
  expect(level).toBeLessThanOrEqual(most);
});

test("no samples are silence", () => {
  expect(loudness(new Float32Array(0))).toBe(0);
});
