/** What the server tells the page, in <script type="application/json" id="room-config">. */
export interface RoomConfig {
  readonly meetingId: string;
  readonly socketPath: string;
  readonly title: string;
  readonly personName: string;
  readonly role: "facilitator" | "client" | "family" | "alumnus";
  readonly language: string;
  readonly homePath: string;
  readonly timeZone: string; // IANA name
  readonly weekPath?: string; // a client's own week; left out for everybody else
  readonly testHooks: boolean;
}

export function readConfig(document: Document): RoomConfig {
  const element = document.getElementById("room-config");
  if (element === null) throw new Error("the page has no room-config");
  return JSON.parse(element.textContent) as RoomConfig;
}

/** An absolute ws(s) address for a path of this page's origin; absolute addresses stay as they are. */
export function socketUrl(path: string, page: Pick<Location, "protocol" | "host">): string {
  if (/^wss?:\/\//.test(path)) return path;
  return `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}${path}`;
}
