/** The keys of the room. Pure. */
export const KEYS = {
  m: "microphone",
  v: "camera",
  h: "hand",
  c: "chat",
  r: "react",
  l: "layout",
  p: "people",
  s: "share",
  "?": "help",
} as const;

export type Act = (typeof KEYS)[keyof typeof KEYS];

export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
}

/** What a key does; null when it belongs to the browser, to a screen reader or to what is being typed. */
export function actOf(press: Press, typing: boolean): Act | null {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat || typing) return null;
  const key = press.key.toLowerCase();
  return Object.hasOwn(KEYS, key) ? KEYS[key as keyof typeof KEYS] : null;
}
