import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const CSS = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const TOKENS = new Map(
  [...CSS.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name = "", light = "", dark = ""]) => [name, { light, dark }] as const,
  ),
);

/** Relative luminance of `#rrggbb`. Source: WCAG 2.2, "relative luminance". */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const TEXT: readonly (readonly [string, string])[] = [
  ...["paper", "card", "raised", "sunken"].flatMap((ground) => [["ink", ground] as const, ["ink-soft", ground] as const]),
  ["ink", "accent-wash"],
  ["ink", "amber-wash"],
  ["ink", "brick-wash"],
  ["accent", "paper"],
  ["accent", "card"],
  ["accent-strong", "accent-wash"],
  ["on-accent", "accent"],
  ["on-accent", "accent-strong"],
  ["amber-ink", "amber-wash"],
  ["on-amber", "amber"],
  ["brick-ink", "brick-wash"],
  ["brick-ink", "card"],
];
const MARKS: readonly (readonly [string, string])[] = [
  ...["paper", "card", "raised"].map((ground) => ["edge", ground] as const),
  ["accent", "sunken"],
  ["brick", "card"],
];

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  const value = (name: string) => {
    const token = TOKENS.get(name);
    if (token === undefined) throw new Error(`no token --${name}`);
    return token[theme];
  };

  test.each(TEXT)("%s is text on %s: at least 7:1", (ink, ground) => {
    expect(contrast(value(ink), value(ground))).toBeGreaterThanOrEqual(7);
  });

  test.each(MARKS)("%s is a mark on %s: at least 3:1", (mark, ground) => {
    expect(contrast(value(mark), value(ground))).toBeGreaterThanOrEqual(3);
  });

  test("white words on the brick of a button: at least 4.5:1, they are large and bold", () => {
    expect(contrast(value("on-brick"), value("brick-fill"))).toBeGreaterThanOrEqual(4.5);
  });
});
