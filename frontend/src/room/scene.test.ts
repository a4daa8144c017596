import { describe, expect, test } from "vitest";
import { compose, follow, NOBODY_YET, scene, type Wishes } from "./scene";

const people = ["mina", "alice", "bruno", "me"];
const plain: Wishes = { layout: "gallery", pins: new Set(), spotlight: "", speaker: null, screens: [] };

test.each<[string, Partial<Wishes>, string[], string[]]>([
  ["in the gallery all are the same", {}, people, []],
  ["the speaker is large", { layout: "speaker", speaker: "bruno" }, ["bruno"], ["mina", "alice", "me"]],
  ["before anybody spoke the first is large", { layout: "speaker" }, ["mina"], ["alice", "bruno", "me"]],
  ["a speaker who left is nobody", { layout: "speaker", speaker: "gone" }, ["mina"], ["alice", "bruno", "me"]],
  ["the facilitator's choice comes before the speaker", { layout: "speaker", speaker: "bruno", spotlight: "alice" }, ["alice"], ["mina", "bruno", "me"]],
  ["one's own pins come before the facilitator's choice", { pins: new Set(["bruno"]), spotlight: "alice" }, ["bruno"], ["mina", "alice", "me"]],
  ["several pins stand together", { pins: new Set(["bruno", "mina"]) }, ["mina", "bruno"], ["alice", "me"]],
  ["a pin of somebody who left is forgotten", { pins: new Set(["gone"]) }, people, []],
  ["a shared screen is large, everybody small", { screens: ["screen:mina"], spotlight: "alice" }, ["screen:mina"], people],
  ["with a pin beside it", { screens: ["screen:mina"], pins: new Set(["mina"]) }, ["screen:mina", "mina"], ["alice", "bruno", "me"]],
])("%s", (_, wishes, large, small) => {
  expect(scene(people, { ...plain, ...wishes })).toEqual({ large, small });
});

test("alone, one fills the stage in every layout", () => {
  expect(scene(["me"], { ...plain, layout: "speaker" })).toEqual({ large: ["me"], small: [] });
});

const STAGES = [
  ["a phone", { width: 374, height: 640 }],
  ["a phone on its side", { width: 780, height: 300 }],
  ["a laptop", { width: 1264, height: 640 }],
] as const;

describe.each(STAGES)("on %s", (_, stage) => {
  test.each(
    [0, 1, 2, 5, 9, 15].flatMap((small) => [1, 2].map((large) => [large, small] as const)),
  )("%d large and %d small tiles lie inside, apart from each other, the large ones larger", (large, small) => {
    const places = compose(stage, large, small, 8);
    expect(places).toHaveLength(large + small);
    for (const { x, y, width, height } of places) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(stage.width + 1);
      expect(y + height).toBeLessThanOrEqual(stage.height + 1);
    }
    places.forEach((one, n) => {
      for (const other of places.slice(n + 1)) {
        const apart =
          one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
        expect(apart).toBe(true);
      }
    });
    const [first, last] = [places[0], places.at(-1)];
    if (small > 0 && first && last) expect(first.width * first.height).toBeGreaterThan(last.width * last.height);
  });
});

describe("the floor", () => {
  test("goes to whoever speaks first, at once", () => {
    expect(follow(NOBODY_YET, "mina", 100)).toEqual({ speaker: "mina", sinceMs: 100 });
  });
  test("stays in silence", () => {
    expect(follow({ speaker: "mina", sinceMs: 0 }, null, 9_000).speaker).toBe("mina");
  });
  test("is not taken by a cough, but by who goes on", () => {
    const held = { speaker: "mina", sinceMs: 1_000 };
    expect(follow(held, "bruno", 2_900)).toBe(held);
    expect(follow(held, "bruno", 3_000)).toEqual({ speaker: "bruno", sinceMs: 3_000 });
  });
});
