import { expect, test } from "vitest";
import type { ChatLine, ChatTo } from "../protocol/messages.gen";
import { heard, noLines, readAll, turns, unread } from "./chat";

const line = (lineId: number, personId = "dana", minute = 0, to: ChatTo = "room"): ChatLine => ({
  lineId,
  at: `2026-11-22T18:0${minute}:00Z`,
  personId,
  name: personId,
  to,
  text: `line ${lineId}`,
  personName: "",
});
const chat = (lines: readonly ChatLine[], reset = false) => ({ type: "chat", lines, reset }) as const;
const ids = (lines: readonly ChatLine[]) => lines.map(({ lineId }) => lineId);

test("what was said before is history, what is said now is news", () => {
  const first = heard(noLines(0), chat([line(1), line(2)], true), "maya");
  expect([ids(first.log.lines), ids(first.fresh)]).toEqual([[1, 2], []]);
  const second = heard(first.log, chat([line(3)]), "maya");
  expect([ids(second.log.lines), ids(second.fresh)]).toEqual([[1, 2, 3], [3]]);
});

test("one's own line is no news to oneself, and is not unread", () => {
  const { log, fresh } = heard(noLines(0), chat([line(1, "maya")]), "maya");
  expect([ids(log.lines), fresh, unread(log, "maya"), unread(log, "dana")]).toEqual([[1], [], 0, 1]);
});

test("a line that comes twice is kept once", () => {
  const { log } = heard(noLines(0), chat([line(1), line(2)]), "maya");
  expect(ids(heard(log, chat([line(2), line(3)]), "maya").log.lines)).toEqual([1, 2, 3]);
});

test("in another room the lines of the last one are forgotten", () => {
  const { log } = heard(noLines(0), chat([line(1), line(2)]), "maya");
  expect(ids(heard(log, chat([line(5)], true), "maya").log.lines)).toEqual([5]);
});

test("what was read stays read, also over a reload", () => {
  const { log } = heard(noLines(0), chat([line(1), line(2)]), "maya");
  const looked = readAll(log);
  expect([unread(log, "maya"), unread(looked, "maya"), looked.readTo]).toEqual([2, 0, 2]);
  expect(readAll(looked)).toBe(looked);
  const again = heard(noLines(looked.readTo), chat([line(1), line(2), line(3)], true), "maya");
  expect(unread(again.log, "maya")).toBe(1);
});

test("lines of one person stand together, unless others hear them or time has passed", () => {
  const said = [line(1), line(2, "dana", 1), line(3, "maya", 1), line(4, "dana", 2), line(5, "dana", 2, "staff"), line(6, "dana", 6, "staff")];
  expect(turns(said).map(({ texts }) => ids(texts))).toEqual([[1, 2], [3], [4], [5], [6]]);
});
