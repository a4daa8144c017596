import { describe, expect, test } from "vitest";
import { arrange, fit } from "./layout";

const PHONE = { width: 374, height: 700 };
const LAPTOP = { width: 1264, height: 690 };
const STAGES = { phone: PHONE, "phone on its side": { width: 780, height: 300 }, laptop: LAPTOP, narrow: { width: 304, height: 480 } };

test.each([
  [1, PHONE, 1, 1],
  [2, PHONE, 1, 2],
  [3, PHONE, 1, 3],
  [4, PHONE, 2, 2],
  [6, PHONE, 2, 3],
  [8, PHONE, 2, 4],
  [12, PHONE, 3, 4],
  [1, LAPTOP, 1, 1],
  [2, LAPTOP, 2, 1],
  [4, LAPTOP, 2, 2],
  [9, LAPTOP, 3, 3],
  [12, LAPTOP, 4, 3],
  [16, LAPTOP, 4, 4],
])("%d people on %o: %d columns, %d rows", (count, stage, columns, rows) => {
  expect(arrange(count, stage, 8)).toMatchObject({ columns, rows });
});

describe.each(Object.entries(STAGES))("on a %s", (_, stage) => {
  test.each(Array.from({ length: 16 }, (_, n) => n + 1))("%d tiles all fit, and none is a sliver", (count) => {
    const { columns, rows, tile } = arrange(count, stage, 8);
    expect(columns * rows).toBeGreaterThanOrEqual(count);
    expect(columns * tile.width + 8 * (columns - 1)).toBeLessThanOrEqual(stage.width);
    expect(rows * tile.height + 8 * (rows - 1)).toBeLessThanOrEqual(stage.height);
    expect(tile.width / tile.height).toBeGreaterThan(0.6);
    expect(tile.width / tile.height).toBeLessThan(1.85);
  });
});

test("a stage without room shows nothing, and does not fail", () => {
  expect(arrange(4, { width: 0, height: 0 }, 8).tile).toEqual({ width: 0, height: 0 });
});

test.each([
  ["a laptop's picture in a wide tile", 16 / 9, 16 / 9, "cover"],
  ["a laptop's picture in a square tile", 16 / 9, 1, "cover"],
  ["a laptop's picture in an upright tile", 16 / 9, 0.62, "cover"],
  ["a phone's upright picture in a wide tile", 9 / 16, 16 / 9, "contain"],
  ["a phone's upright picture in a square tile", 9 / 16, 1, "contain"],
  ["a phone's upright picture in an upright tile", 9 / 16, 0.62, "cover"],
])("%s", (_, picture, tile, expected) => {
  expect(fit(picture, tile)).toBe(expected);
});
