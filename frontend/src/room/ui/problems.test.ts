import { expect, test } from "vitest";
import { en } from "../words/en";
import { problemsOf } from "./problems";

const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1";

test("no trouble, nothing told", () => {
  expect(problemsOf(en, {}, IPHONE)).toEqual([]);
});

test("the same trouble with both is told once, with the way out for this browser", () => {
  expect(problemsOf(en, { microphone: "refused", camera: "refused" }, IPHONE)).toEqual([
    { sources: ["microphone", "camera"], what: en.trouble.both.refused, help: en.help.refused.safariPhone },
  ]);
});

test("two troubles are told apart", () => {
  expect(problemsOf(en, { microphone: "busy", camera: "missing" }, IPHONE).map(({ what }) => what)).toEqual([
    en.trouble.microphone.busy,
    en.trouble.camera.missing,
  ]);
});
