import { expect, test } from "vitest";
import type { Away } from "../protocol/messages.gen";
import { wentHow } from "./away";
import { clockIn } from "./words/clock";
import { en } from "./words/en";
import { es } from "./words/es";

const away = (place: Away["place"], how: Partial<Away> = {}): Away => ({
  personId: "b",
  name: "Bruno Silva",
  role: "client",
  place,
  reason: "",
  until: null,
  waited: false,
  ...how,
});
const until = "2026-11-22T18:05:00Z";
const at = (language: string) => clockIn(language, "America/New_York");

test.each([
  [away("outside"), "Not here yet", "Aún no llega"],
  [away("outside", { until }), "Was here until 1:05 PM", "Estuvo aquí hasta la 1:05 p.m."],
  [away("outside", { until, waited: true }), "Was waiting until 1:05 PM", "Esperó hasta la 1:05 p.m."],
  [away("left", { until }), "Left at 1:05 PM", "Salió a la 1:05 p.m."],
  [away("left", { until, waited: true }), "Was waiting, left at 1:05 PM", "Esperaba y salió a la 1:05 p.m."],
  [away("left"), "Left", "Salió"],
  [away("declined", { until, waited: true, reason: "Call first" }), "Not let in · Call first", "No entró · Call first"],
  [away("removed", { until, reason: "part-ended" }), "Removed · Not part of this session any more", "Fue sacado · Ya no forma parte de esta sesión"],
])("how somebody went is told as it was: %#", (one, english, spanish) => {
  expect([wentHow(en, one, at("en")), wentHow(es, one, at("es"))]).toEqual([english, spanish]);
});
