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
