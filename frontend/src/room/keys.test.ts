import { expect, test } from "vitest";
import { actOf, KEYS, type Press } from "./keys";
import { en } from "./words/en";
import { es } from "./words/es";

const press = (key: string, also: Partial<Press> = {}): Press => ({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...also });

test.each([
  ["m", "microphone"],
  ["M", "microphone"],
  ["h", "hand"],
  ["?", "help"],
])("%s: %s", (key, act) => {
  expect(actOf(press(key), false)).toBe(act);
});

test.each([
  ["a key without a meaning", press("x"), false],
  ["a name of every object", press("toString"), false],
  ["with Ctrl it is the browser's", press("c", { ctrlKey: true }), false],
  ["with Alt it is the browser's", press("v", { altKey: true }), false],
  ["held down it counts once", press("m", { repeat: true }), false],
  ["while typing it is a letter", press("m"), true],
])("%s", (_, pressed, typing) => {
  expect(actOf(pressed, typing)).toBeNull();
});

test.each([en, es])("the help sheet tells every key", (words) => {
  const told = words.helpKeys.map(([key]) => key.toLowerCase());
  for (const key of Object.keys(KEYS)) expect(told).toContain(key);
});
