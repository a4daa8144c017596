import type { Wanted } from "../remembered";
import { browser, type Trouble } from "../trouble";
import type { Words } from "../words";

type Source = keyof Wanted;

export interface Problem {
  readonly sources: readonly Source[];
  readonly what: string;
  /** What one can do about it, in this browser. */
  readonly help: string;
}

/** What is wrong with camera and microphone, in words. The same trouble with both is told once. */
export function problemsOf(
  words: Words,
  troubles: Readonly<Partial<Record<Source, Trouble>>>,
  userAgent: string = navigator.userAgent,
): readonly Problem[] {
  const { microphone, camera } = troubles;
  const told = (sources: readonly Source[], where: Source | "both", trouble: Trouble): Problem => ({
    sources,
    what: words.trouble[where][trouble],
    help: trouble === "refused" ? words.help.refused[browser(userAgent)] : words.help[trouble],
  });
  if (microphone !== undefined && microphone === camera) return [told(["microphone", "camera"], "both", microphone)];
  return [
    ...(microphone === undefined ? [] : [told(["microphone"], "microphone", microphone)]),
    ...(camera === undefined ? [] : [told(["camera"], "camera", camera)]),
  ];
}
