/** How faces fill the screen. Pure geometry, in CSS pixels. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Arrangement {
  readonly columns: number;
  readonly rows: number;
  /** Of every tile. */
  readonly tile: Size;
}

const WIDEST = 16 / 9; // a wider tile only shows wall
/** Shapes (width by height): the narrowest a tile may be, and the one that shows a face best. */
const UPRIGHT = { narrowest: 0.62, best: 1 }; // phones: head and shoulders
const LANDSCAPE = { narrowest: 4 / 3, best: 3 / 2 };

function inside(cell: Size, narrowest: number): Size {
  if (cell.width / cell.height > WIDEST) return { width: cell.height * WIDEST, height: cell.height };
  if (cell.width / cell.height < narrowest) return { width: cell.width, height: cell.width / narrowest };
  return cell;
}

/** The columns and rows that show most of `count` faces on `stage`, with `gap` between tiles.
 *
 * What counts is the area of a tile, less the further its shape is from the best, so that no slivers win.
 */
export function arrange(count: number, stage: Size, gap: number): Arrangement {
  const shape = stage.width < stage.height ? UPRIGHT : LANDSCAPE;
  let best: Arrangement = { columns: 1, rows: Math.max(1, count), tile: { width: 0, height: 0 } };
  let most = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = {
      width: (stage.width - gap * (columns - 1)) / columns,
      height: (stage.height - gap * (rows - 1)) / rows,
    };
    if (cell.width <= 0 || cell.height <= 0) continue;
    const { width, height } = inside(cell, shape.narrowest);
    const away = width / height / shape.best;
    const seen = width * height * Math.sqrt(Math.min(away, 1 / away));
    if (seen > most) {
      most = seen;
      best = { columns, rows, tile: { width: Math.floor(width), height: Math.floor(height) } };
    }
  }
  return best;
}

/** Whether a picture should fill its tile or be shown whole. `picture` and `tile` are width by height.
 *
 * Faces sit in the middle: two thirds of a wide picture's sides may go, but only two fifths of a tall one's top and foot.
 */
export function fit(picture: number, tile: number): "cover" | "contain" {
  const sidesKept = tile / picture;
  const heightKept = picture / tile;
  return sidesKept >= 0.33 && heightKept >= 0.6 ? "cover" : "contain";
}
