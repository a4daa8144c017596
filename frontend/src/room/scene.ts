/** Who is large and who is small, and where each tile lies. Pure. */
import { arrange, type Size } from "./layout";

export type Layout = "gallery" | "speaker";

export interface Wishes {
  readonly layout: Layout;
  /** Tiles this reader wants large. */
  readonly pins: ReadonlySet<string>;
  /** Whom the facilitator made large for everyone; "" for nobody. */
  readonly spotlight: string;
  /** Who speaks, or spoke last; null while nobody did. Never the reader. */
  readonly speaker: string | null;
  /** Tiles of shared screens. */
  readonly screens: readonly string[];
}

export interface Scene {
  readonly large: readonly string[];
  /** Empty: everybody has the same size. */
  readonly small: readonly string[];
}

/** A shared screen comes before everything, one's own pins before the facilitator's choice, that before who speaks. */
export function scene(people: readonly string[], wishes: Wishes): Scene {
  const split = (large: readonly string[]): Scene => ({
    large,
    small: people.filter((id) => !large.includes(id)),
  });
  const { screens, spotlight, speaker, layout } = wishes;
  const pinned = people.filter((id) => wishes.pins.has(id));
  if (screens.length > 0) return split([...screens, ...pinned]);
  if (pinned.length > 0) return split(pinned);
  if (people.includes(spotlight)) return split([spotlight]);
  const first = people[0];
  if (layout === "speaker" && people.length > 1 && first !== undefined) {
    return split([speaker !== null && people.includes(speaker) ? speaker : first]);
  }
  return { large: people, small: [] };
}

export interface Place extends Size {
  readonly x: number;
  readonly y: number;
}

/** `count` tiles in rows, in the middle of `area`. */
function rows(count: number, area: Place, gap: number): readonly Place[] {
  const { columns, rows: lines, tile } = arrange(count, area, gap);
  const { width, height } = tile;
  const top = area.y + (area.height - lines * height - (lines - 1) * gap) / 2;
  return Array.from({ length: count }, (_, n) => {
    const [row, column] = [Math.floor(n / columns), n % columns];
    const inRow = Math.min(columns, count - row * columns);
    const left = area.x + (area.width - inRow * width - (inRow - 1) * gap) / 2;
    return { x: Math.round(left + column * (width + gap)), y: Math.round(top + row * (height + gap)), width, height };
  });
}

/** What the small tiles get of the longer side: enough to see faces, little enough to leave the large ones large. */
function share(small: number, upright: boolean): number {
  if (upright) return small <= 4 ? 0.24 : small <= 8 ? 0.36 : 0.42;
  return small <= 5 ? 0.19 : 0.27;
}

/** Where the large and then the small tiles lie: beside each other on a wide stage, below each other on a tall one. */
export function compose(stage: Size, large: number, small: number, gap: number): readonly Place[] {
  const whole = { x: 0, y: 0, ...stage };
  if (small === 0) return rows(large, whole, gap);
  const upright = stage.width < stage.height;
  const part = Math.floor((upright ? stage.height : stage.width) * share(small, upright));
  const [main, side]: [Place, Place] = upright
    ? [
        { ...whole, height: stage.height - part - gap },
        { ...whole, y: stage.height - part, height: part },
      ]
    : [
        { ...whole, width: stage.width - part - gap },
        { ...whole, x: stage.width - part, width: part },
      ];
  return [...rows(large, main, gap), ...rows(small, side, gap)];
}

/** Who has the floor, and since when. */
export interface Floor {
  readonly speaker: string | null;
  readonly sinceMs: number;
}

export const NOBODY_YET: Floor = { speaker: null, sinceMs: 0 };
const HOLD_MS = 2_000; // a cough or a "yes" does not turn the picture

/** The floor goes to the loudest, once the one before has had it for a while; in silence it stays. */
export function follow(floor: Floor, loudest: string | null, nowMs: number): Floor {
  if (loudest === null || loudest === floor.speaker) return floor;
  if (floor.speaker !== null && nowMs - floor.sinceMs < HOLD_MS) return floor;
  return { speaker: loudest, sinceMs: nowMs };
}
