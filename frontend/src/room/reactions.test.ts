import { expect, test } from "vitest";
import { read, REACTIONS, written } from "./reactions";

test.each(REACTIONS)("%s arrives in its room, and in no other", (reaction) => {
  const bytes = written(reaction, "blue");
  expect([read(bytes, "blue"), read(bytes, "green")]).toEqual([reaction, null]);
});

test.each([
  ["nothing", ""],
  ["no JSON", "heart"],
  ["null", "null"],
  ["a number", "7"],
  ["an unknown sign", '{"room":"blue","reaction":"bomb"}'],
  ["a name of every object", '{"room":"blue","reaction":"constructor"}'],
  ["no room", '{"reaction":"heart"}'],
  ["too much", JSON.stringify({ room: "blue", reaction: "heart", more: "x".repeat(300) })],
])("%s is not a reaction", (_, text) => {
  expect(read(new TextEncoder().encode(text), "blue")).toBeNull();
});
