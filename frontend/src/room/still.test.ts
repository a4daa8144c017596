import { expect, test } from "vitest";
import { isStill, watch, type Given, type Stillness } from "./still";

/** One look every two seconds; the times at which the camera counts as still. */
function looks(all: readonly (Given | null)[]): readonly number[] {
  let still: Stillness | null = null;
  return all.flatMap((given, n) => {
    const nowMs = n * 2_000;
    still = watch(still, given, nowMs);
    return isStill(still, nowMs) ? [nowMs] : [];
  });
}

const camera = (frames: number, id = "one"): Given => ({ id, frames });

test("a camera that gives pictures is never still", () => {
  expect(looks([0, 30, 60, 61, 61, 62, 90, 120].map((frames) => camera(frames)))).toEqual([]);
});

test("one that gives nothing more is still after eight seconds, and until it gives again", () => {
  expect(looks([7, 7, 7, 7, 7, 7, 8, 8].map((frames) => camera(frames)))).toEqual([8_000, 10_000]);
});

test("one that gives nothing from the beginning is still too", () => {
  expect(looks([0, 0, 0, 0, 0].map((frames) => camera(frames)))).toEqual([8_000]);
});

test("another track, or a time without viewers, begins anew", () => {
  expect(looks([camera(7), camera(7), camera(7), camera(7), camera(7, "two"), camera(7, "two")])).toEqual([]);
  expect(looks([camera(7), camera(7), camera(7), null, camera(7), camera(7)])).toEqual([]);
});
