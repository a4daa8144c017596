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

function read<T>(storage: () => Storage, key: string): T | null {
  try {
    const text = storage().getItem(key);
    return text === null ? null : (JSON.parse(text) as T);
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
export const wantedIn = (meetingId: string) => read<Wanted>(tab, `viop.in.${meetingId}`);
export const rememberWanted = (meetingId: string, wanted: Wanted | null) => write(tab, `viop.in.${meetingId}`, wanted);

export const chosenDevices = () => read<Devices>(device, "viop.devices") ?? {};
export const rememberDevices = (devices: Devices) => write(device, "viop.devices", devices);

export const shortcutsOn = () => read<boolean>(device, "viop.shortcuts") ?? true;
export const rememberShortcuts = (on: boolean) => write(device, "viop.shortcuts", on);
