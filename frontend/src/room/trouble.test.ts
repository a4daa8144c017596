import { expect, test } from "vitest";
import { browser, ofDevice, trouble } from "./trouble";

test.each([
  ["NotAllowedError", "Permission denied", "refused"],
  ["NotAllowedError", "Permission denied by system", "blocked"],
  ["NotFoundError", "Requested device not found", "missing"],
  ["OverconstrainedError", "", "missing"],
  ["NotReadableError", "Could not start video source", "busy"],
  ["AbortError", "Starting videoinput failed", "busy"],
  ["SecurityError", "", "unsupported"],
])("%s (%s) means %s", (name, message, expected) => {
  expect(trouble(Object.assign(new Error(message), { name }))).toBe(expected);
});

test.each([
  ["NotAllowedError", true],
  ["NotFoundError", true],
  ["NotReadableError", true],
  ["AbortError", true],
  ["DeviceUnsupportedError", true],
  ["UnexpectedConnectionState", false],
  ["NegotiationError", false],
  ["PublishTrackError", false],
  ["ConnectionError", false],
  ["InvalidStateError", false],
  ["TypeError", false],
  ["Error", false],
])("%s is of the device: %s", (name, expected) => {
  expect(ofDevice(Object.assign(new Error(""), { name }))).toBe(expected);
});

test("a page without media devices (plain http) is unsupported", () => {
  expect(trouble(new TypeError("undefined is not an object"))).toBe("unsupported");
});

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "chrome"],
  ["Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36", "chromeAndroid"],
  ["Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "samsung"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "edge"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox"],
  ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "firefoxAndroid"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1", "safariPhone"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", "safari"],
])("%s is %s", (userAgent, expected) => {
  expect(browser(userAgent)).toBe(expected);
});
