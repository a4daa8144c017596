/** Drawn on a 24 by 24 grid with one line width. Always beside words, or inside a control that has a label. */
const PATHS = {
  microphone: "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  microphoneOff: "M15 9.5V6a3 3 0 0 0-5.9-.8M9 9v3a3 3 0 0 0 4.5 2.6M5.5 11.5a6.5 6.5 0 0 0 10.3 5.3M18.5 11.5a6.4 6.4 0 0 1-.5 2.5M12 18v3M4 3l16 18",
  camera: "M4 6.5h9.5a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5H4A1.5 1.5 0 0 1 2.500 16V8A1.5 1.500 0 0 1 4 6.5ZM15 10.500l6-3v9l-6-3",
  cameraOff: "M10 6.500h3.500A1.500 1.500 0 0 1 15 8v3M15 15v1a1.500 1.500 0 0 1-1.500 1.500H4A1.500 1.500 0 0 1 2.500 16V8A1.500 1.500 0 0 1 4 6.500h1M15.500 10.300 21 7.500v9l-3-1.500M3 3l18 18",
  people: "M9 11a3.250 3.250 0 1 0 0-6.500A3.250 3.250 0 0 0 9 11ZM3 19.500c.4-3.300 2.900-5.500 6-5.500s5.600 2.200 6 5.500M16 4.800a3.250 3.250 0 0 1 0 6M17.500 14.300c2 .8 3.200 2.700 3.500 5.200",
  more: "M12 5.500v.01M12 12v.01M12 18.500v.01",
  leave: "M14 4.500H6.500A1.500 1.500 0 0 0 5 6v12a1.500 1.500 0 0 0 1.500 1.500H14M10.500 12H20M16.500 8l4 4-4 4",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.500 10 17.500 19.500 7",
  speaker: "M4 9.500v5h3.500l4.500 4v-13l-4.500 4H4ZM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400ZM9 19.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400Z",
  notice: "M12 8v5M12 16.500v.01M12 3.500 2.800 19.500h18.400L12 3.500Z",
  weak: "M4 18.500v.01M8.500 18.500v-3M13 18.500v-6M4 4l16 16",
  shield: "M12 3.500 5 6v5.500c0 4.300 2.900 7.500 7 9 4.100-1.500 7-4.700 7-9V6l-7-2.500ZM9 12l2.200 2.200L15.200 10",
  keys: "M3.500 7h17v10h-17V7ZM7 10.500v.01M10.500 10.500v.01M14 10.500v.01M17.500 10.500v.01M8 14h8",
  facilitator: "M12 4.500l2.300 4.700 5.200.8-3.800 3.600.9 5.200-4.600-2.500-4.600 2.500.9-5.200-3.800-3.600 5.200-.8L12 4.500Z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      width="24"
      height="24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 3 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
