import type { Reaction } from "../reactions";

const PATHS: Readonly<Record<Reaction, string>> = {
  heart: "M12 20S4 15.200 4 9.600C4 7 6 5.200 8.200 5.200c1.600 0 3 .9 3.800 2.300.8-1.400 2.200-2.300 3.800-2.300C18 5.200 20 7 20 9.600 20 15.200 12 20 12 20Z",
  clap: "M12 3.500l2.600 5.400 5.900.8-4.300 4.100 1.100 5.900L12 16.800l-5.300 2.900 1.100-5.900L3.500 9.700l5.900-.8L12 3.500Z",
  yes: "M7 11v8.500H4V11h3ZM7 12l4-8c1.500 0 2.500 1 2.500 2.600V10h4.800c1.200 0 2.100 1.100 1.900 2.300l-.9 5.200c-.2 1.100-1.100 2-2.300 2H7",
  smile: "M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17ZM8.300 13.800c1.900 2.900 5.500 2.900 7.400 0M9 9.500v.01M15 9.500v.01",
  cry: "M12 3.500s6 6.300 6 11a6 6 0 0 1-12 0c0-4.700 6-11 6-11ZM9 15a3 3 0 0 0 3 3",
  candle: "M9 11h6v9.500H9V11ZM7 20.500h10M12 11V8.800M12 3s2.200 2.300 2.200 3.900a2.200 2.200 0 0 1-4.400 0C9.800 5.300 12 3 12 3Z",
};

/** A reaction, drawn. The word stands beside it or in the label of what holds it. */
export function ReactionIcon({ reaction }: { readonly reaction: Reaction }) {
  return (
    <svg
      className="reaction"
      data-reaction={reaction}
      viewBox="0 0 24 24"
      width="28"
      height="28"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[reaction]} />
    </svg>
  );
}
