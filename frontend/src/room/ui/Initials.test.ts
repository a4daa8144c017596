import { expect, test } from "vitest";
import { firstNameOf, hueOf, initialsOf } from "./Initials";

test.each([
  ["Maya Lindqvist", "ML", "Maya"],
  ["Luis O.", "LO", "Luis"],
  ["Ana María R.", "AR", "Ana María"],
  ["Ñusta", "Ñ", "Ñusta"],
  ["  Jo   van der Berg ", "JB", "Jo"],
  ["", "", ""],
])("%s: %s, called %s", (name, initials, first) => {
  expect(initialsOf(name)).toBe(initials);
  expect(firstNameOf(name)).toBe(first);
});

test("a person has the same ground everywhere", () => {
  expect(hueOf("0b9e")).toBe(hueOf("0b9e"));
  expect(hueOf("0b9e")).toBeLessThan(6);
});
