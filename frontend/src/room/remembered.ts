/** What this device and this tab remember. No names, nothing of health; a browser that forbids storage just forgets. */
export interface Wanted {
  readonly microphone: boolean;
  readonly camera: boolean;
}

export interface Devices {
  readonly audioinput?: string;
  readonly videoinput?: string;
  readonly audiooutput?: string;
}

function read(storage: () => Storage, key: string): unknown {
  try {
    return JSON.parse(storage().getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(storage: () => Storage, key: string, value: unknown): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    // private browsing may refuse; the page works without
  }
}

const tab = () => sessionStorage;
const device = () => localStorage;

/** How this tab went in, so that a reload goes straight back, still muted if it was. Null before going in. */
export const wantedIn = (meetingId: string) => read(tab, `viop.in.${meetingId}`) as Wanted | null;
export const rememberWanted = (meetingId: string, wanted: Wanted | null) => write(tab, `viop.in.${meetingId}`, wanted);

export const chosenDevices = () => (read(device, "viop.devices") ?? {}) as Devices;
export const rememberDevices = (devices: Devices) => write(device, "viop.devices", devices);

/** Whether somebody on this device said yes to camera and microphone here before. */
export const saidYes = () => read(device, "viop.saidYes") === true;
export const rememberYes = () => write(device, "viop.saidYes", true);

/** The last chat line that was read in this tab. */
export const readUpTo = (meetingId: string) => (read(tab, `viop.read.${meetingId}`) ?? 0) as number;
export const rememberRead = (meetingId: string, lineId: number) => write(tab, `viop.read.${meetingId}`, lineId);

export const shortcutsOn = () => read(device, "viop.shortcuts") !== false;
export const rememberShortcuts = (on: boolean) => write(device, "viop.shortcuts", on);

/** How this device shows people, and what it spares. */
export interface Preferences {
  readonly layout: "gallery" | "speaker";
  /** One's own picture as in a mirror. Others always see it the right way round. */
  readonly mirror: boolean;
  readonly hideSelf: boolean;
  readonly blur: boolean;
  readonly lowPower: boolean;
}

const USUAL: Preferences = { layout: "gallery", mirror: true, hideSelf: false, blur: false, lowPower: false };

export const rememberedPreferences = (): Preferences => ({
  ...USUAL,
  ...(read(device, "viop.view") as Partial<Preferences> | null),
});
export const rememberPreferences = (preferences: Preferences) => write(device, "viop.view", preferences);
