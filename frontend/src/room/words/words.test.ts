import { expect, test } from "vitest";
import { clockIn } from "./clock";
import { en } from "./en";
import { es } from "./es";
import { wordsFor } from ".";

/** Every text in a table, functions called with a name, a number or names. */
function texts(words: unknown): string[] {
  if (typeof words === "string") return [words];
  if (typeof words === "function") {
    const say = words as (value: unknown) => string;
    return [say(words.toString().includes("names") ? ["Dana", "Jo"] : 2)];
  }
  return typeof words === "object" && words !== null ? Object.values(words).flatMap(texts) : [];
}

test("both languages say as many things", () => {
  expect(texts(es)).toHaveLength(texts(en).length);
});

test("nothing is left empty, and nothing blames or uses the clinic's jargon", () => {
  for (const text of [...texts(en), ...texts(es)]) {
    expect(text.trim()).not.toBe("");
    expect(text).not.toMatch(/participant|non-?complian|session initiated|error|invalid|failed|denied|!/i);
  }
});

test("the tab's title names neither treatment nor programme", () => {
  expect([en.tabTitle, es.tabTitle]).toEqual(["Your session", "Su sesión"]);
});

test.each([
  ["es", es],
  ["es-MX", es],
  ["en", en],
  ["fr", en],
])("%s", (language, words) => {
  expect(wordsFor(language)).toBe(words);
});

test.each([
  ["en", "2:30 PM"],
  ["es", "2:30 p.m."],
])("the time of day is said as on the pages: %s", (language, said) => {
  expect(clockIn(language, "America/New_York")("2026-02-23T19:30:00Z").replace(/\s/, " ")).toBe(said);
});

test("one o'clock is one hour", () => {
  expect([es.until("1:00 p.m."), es.until("11:00 a.m.")]).toEqual(["hasta la 1:00 p.m.", "hasta las 11:00 a.m."]);
});
