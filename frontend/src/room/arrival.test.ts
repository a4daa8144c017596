import { describe, expect, test } from "vitest";
import type { Arrival } from "../protocol/messages.gen";
import { asksArrival, dialled, draftOf, missing, STATES, trimmed } from "./arrival";

const told: Arrival = {
  address: "12 Elm Street",
  city: "Albany",
  state: "NY",
  phone: "+1 212 555 0110",
  emergencyName: "Rosa Silva",
  emergencyPhone: "212-555-0199",
  alone: true,
  headphones: false,
  confirmed: false,
};

test("what was told last time needs one tap only", () => {
  expect(missing(draftOf(told))).toEqual([]);
  expect(draftOf(told)).not.toHaveProperty("confirmed");
});

test("a first time asks for everything, in the order of the form", () => {
  expect(missing(draftOf(null))).toEqual(["address", "city", "state", "phone", "emergencyName", "emergencyPhone"]);
});

test.each([
  ["spaces are no address", { address: "   " }, ["address"]],
  ["a state is one of the list", { state: "" }, ["state"]],
  ["a number has at least seven digits", { phone: "555 01" }, ["phone"]],
  ["however it is written", { emergencyPhone: "(212) 555.0199" }, []],
])("%s", (_, change, needs) => {
  expect(missing({ ...draftOf(told), ...change })).toEqual(needs);
});

test("what is sent has no spaces around it", () => {
  expect(trimmed({ ...draftOf(told), city: " Albany " }).city).toBe("Albany");
});

test("clients and alumni are asked; staff and guests are not", () => {
  expect((["client", "alumnus", "family", "facilitator"] as const).map(asksArrival)).toEqual([true, true, false, false]);
});

test("every state stands there once", () => {
  expect(new Set(STATES.map(([code]) => code)).size).toBe(STATES.length);
  expect(STATES).toHaveLength(56);
});

describe("numbers to call", () => {
  test.each([
    ["911", "911"],
    ["988 Suicide & Crisis Lifeline", "988"],
    ["Rosa (mother), +1 212-555-0100", "+12125550100"],
    ["Poison control (24 h): 1-800-222-1222", "18002221222"],
    ["nobody", null],
  ])("%s", (text, number) => {
    expect(dialled(text)).toBe(number);
  });
});
