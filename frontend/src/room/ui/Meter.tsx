import { useEffect, useRef, useState } from "react";
import { meter } from "../sound";
import { useWords } from "../words";

const VOICE = 0.35;

/** A bar that lives with the voice, and says in words whether it hears one. */
export function Meter({ track }: { readonly track: MediaStreamTrack | undefined }) {
  const words = useWords();
  const bar = useRef<HTMLSpanElement>(null);
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    if (track === undefined) return;
    return meter(track, (level) => {
      bar.current?.style.setProperty("--level", level.toFixed(3));
      if (level > VOICE) setHeard(true);
    });
  }, [track]);
  const text = track === undefined ? words.meterOff : heard ? words.meterHeard : words.meterQuiet;
  return (
    <div className="meter" data-on={track !== undefined}>
      <span className="meter-bar" ref={bar} aria-hidden="true" />
      <span className="meter-text" role="status" data-testid="meter-text">
        {text}
      </span>
    </div>
  );
}
