import { expect, test } from "vitest";
import type { Waiter } from "../protocol/messages.gen";
import { firstToLetIn, inTime, LATE_REASONS } from "./late";
import { en } from "./words/en";
import { es } from "./words/es";

const waiter = (personId: string, minutesLate = 0): Waiter => ({
  personId,
  name: personId,
  role: "client",
  since: "2026-11-22T18:00:00Z",
  interrupted: false,
  lobby: "clients",
  flags: [],
  late: minutesLate > 0,
  minutesLate,
});
const [alice, bruno, chidi] = [waiter("alice", 22), waiter("bruno"), waiter("chidi", 40)];

test("everybody means those who came in time, in their order", () => {
  expect(inTime([alice, bruno, chidi])).toEqual([bruno]);
  expect(inTime([alice, chidi])).toEqual([]);
});

test.each([
  ["who needs no decision comes before who waits longer", [alice, bruno], bruno],
  ["when all are late it is the first in line", [alice, chidi], alice],
  ["nobody waits", [], undefined],
] as const)("%s", (_, waiting, first) => {
  expect(firstToLetIn(waiting)).toBe(first);
});

test("every reason has words in both languages", () => {
  for (const words of [en, es]) expect(Object.keys(words.lateReasons)).toEqual([...LATE_REASONS]);
});

test("how late somebody came is told in whole minutes", () => {
  expect([en.cameLate(1), en.cameLate(22)]).toEqual(["came 1 minute after the start", "came 22 minutes after the start"]);
  expect([es.cameLate(1), es.cameLate(22)]).toEqual(["llegó 1 minuto después del inicio", "llegó 22 minutos después del inicio"]);
});
