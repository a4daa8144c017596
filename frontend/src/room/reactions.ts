/** Small signs of feeling: sent to the people in one's own room, shown for a few seconds, kept nowhere. Pure. */
export const REACTIONS = ["heart", "clap", "yes", "smile", "cry", "candle"] as const;
export type Reaction = (typeof REACTIONS)[number];

export const TOPIC = "reaction";
export const SHOWN_MS = 5_000;
export const PAUSE_MS = 800; // between two of one's own
const MAX_BYTES = 200;

/** With the name of the room it is meant for: on the way to another room it is worth nothing. */
export function written(reaction: Reaction, room: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ room, reaction }));
}

/** The reaction, if these bytes are one and meant for `room`; null for everything else. */
export function read(bytes: Uint8Array, room: string): Reaction | null {
  if (bytes.length > MAX_BYTES) return null;
  try {
    const said = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Record<"room" | "reaction", unknown>> | null;
    if (said?.room !== room) return null;
    return REACTIONS.find((known) => known === said.reaction) ?? null;
  } catch {
    return null;
  }
}
