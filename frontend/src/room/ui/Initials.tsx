/** "Maya R." → "MR": the first letters of the first and the last word. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => /\p{L}/u.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => /\p{L}/u.exec(word ?? "")?.[0] ?? "").join("").toLocaleUpperCase();
}

/** What to call somebody: "Ana María R." → "Ana María", "Maya Lindqvist" → "Maya". */
export function firstNameOf(name: string): string {
  const words = name.trim().split(/\s+/);
  return /^\p{L}\.$/u.test(words.at(-1) ?? "") && words.length > 1 ? words.slice(0, -1).join(" ") : (words[0] ?? name);
}

const HUES = 6;

/** One of six calm grounds, the same for a person on every screen. */
export function hueOf(personId: string): number {
  let sum = 0;
  for (const letter of personId) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return sum % HUES;
}

export function Initials(props: { readonly name: string; readonly personId: string; readonly large?: boolean }) {
  return (
    <span className={props.large ? "initials large" : "initials"} data-hue={hueOf(props.personId)} aria-hidden="true">
      {initialsOf(props.name)}
    </span>
  );
}
