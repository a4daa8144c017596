/** Milliseconds to wait before try number `attempt` (from 0).
 *
 * Doubles from half a second to eight, and spreads over the upper half by `chance` (0..1), so that a room of people
 * who lost the same server do not all come back in the same instant.
 */
export function pauseMs(attempt: number, chance: number): number {
  const ceiling = Math.min(8000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + chance / 2));
}
