/** What was said in writing, as this reader may know it. Pure. */
import type { Chat, ChatLine } from "../protocol/messages.gen";

export interface ChatLog {
  readonly lines: readonly ChatLine[];
  /** The id of the last line that was read; 0 when none was. */
  readonly readTo: number;
}

export const noLines = (readTo: number): ChatLog => ({ lines: [], readTo });

/** The log with what the server sent, and the lines that are news: somebody else's, said just now.
 *
 * After a `reset` (a new connection, another room) nothing is news: those lines were said before. A line that comes
 * twice is kept once.
 */
export function heard(log: ChatLog, { lines, reset }: Chat, me: string): { log: ChatLog; fresh: readonly ChatLine[] } {
  const known = reset ? [] : log.lines;
  const last = known.at(-1)?.lineId ?? 0;
  const added = lines.filter(({ lineId }) => lineId > last);
  return {
    log: { ...log, lines: [...known, ...added] },
    fresh: reset ? [] : added.filter(({ personId }) => personId !== me),
  };
}

export function readAll(log: ChatLog): ChatLog {
  const last = log.lines.at(-1)?.lineId ?? 0;
  return last > log.readTo ? { ...log, readTo: last } : log;
}

/** How many lines of others have not been read. */
export function unread({ lines, readTo }: ChatLog, me: string): number {
  return lines.filter(({ lineId, personId }) => lineId > readTo && personId !== me).length;
}

/** Lines of one person to the same readers within this time stand under one name. */
const TOGETHER_MS = 3 * 60_000;

export interface Turn {
  readonly first: ChatLine;
  readonly texts: readonly ChatLine[];
}

export function turns(lines: readonly ChatLine[]): readonly Turn[] {
  const told: { first: ChatLine; texts: ChatLine[] }[] = [];
  for (const line of lines) {
    const turn = told.at(-1);
    const before = turn?.texts.at(-1);
    const goesOn =
      before !== undefined &&
      before.personId === line.personId &&
      before.to === line.to &&
      before.personName === line.personName &&
      Date.parse(line.at) - Date.parse(before.at) <= TOGETHER_MS;
    if (turn !== undefined && goesOn) turn.texts.push(line);
    else told.push({ first: line, texts: [line] });
  }
  return told;
}
