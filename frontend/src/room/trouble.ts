/** Why a camera or microphone does not come, in terms a person can do something about. */
export type Trouble = "refused" | "blocked" | "missing" | "busy" | "unsupported";

/** `blocked`: refused by the system rather than on this page. Source: Media Capture and Streams, 10.2 getUserMedia(). */
export function trouble(error: unknown): Trouble {
  const { name, message } = error instanceof Error ? error : { name: "", message: "" };
  switch (name) {
    case "NotAllowedError":
    case "PermissionDeniedError":
      return /system/i.test(message) ? "blocked" : "refused";
    case "NotFoundError":
    case "DevicesNotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "SecurityError":
    case "TypeError":
      return "unsupported";
    default:
      return "busy"; // NotReadableError, AbortError and the browsers' own names for them
  }
}

const OF_DEVICES: ReadonlySet<string> = new Set([
  "AbortError",
  "DevicesNotFoundError",
  "DeviceUnsupportedError", // livekit-client's, where the page has no media devices at all
  "NotAllowedError",
  "NotFoundError",
  "NotReadableError",
  "OverconstrainedError",
  "PermissionDeniedError",
  "SecurityError",
  "TrackStartError",
]);

/** Whether it was the device that failed, and not the connection over which its picture or sound was to go.
 *
 * livekit-client's `MediaDeviceFailure.getFailure` takes every error for a device's.
 */
export function ofDevice(error: unknown): boolean {
  return error instanceof Error && OF_DEVICES.has(error.name);
}

export type Browser = "chrome" | "chromeAndroid" | "edge" | "firefox" | "firefoxAndroid" | "samsung" | "safari" | "safariPhone";

/** Which way to the permission switch applies. */
export function browser(userAgent: string): Browser {
  const phone = /Android/.test(userAgent);
  if (/iPhone|iPad|iPod/.test(userAgent)) return "safariPhone";
  if (/SamsungBrowser/.test(userAgent)) return "samsung";
  if (/Firefox/.test(userAgent)) return phone ? "firefoxAndroid" : "firefox";
  if (/Edg\//.test(userAgent)) return "edge";
  if (/Chrome/.test(userAgent)) return phone ? "chromeAndroid" : "chrome";
  return "safari";
}
