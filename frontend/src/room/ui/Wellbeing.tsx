import { useEffect, useState } from "react";
import type { Session, Snapshot } from "../session";
import { useWords } from "../words";
import { Icon } from "./Icon";

const LOW = 0.2;

interface Battery extends EventTarget {
  readonly charging: boolean;
  readonly level: number;
}

/** Whether this device says that its battery is nearly empty. False where it says nothing. */
function useBatteryLow(): boolean {
  const [low, setLow] = useState(false);
  useEffect(() => {
    const ask = (navigator as { readonly getBattery?: () => Promise<Battery> }).getBattery?.bind(navigator);
    if (ask === undefined) return;
    let battery: Battery | undefined;
    const look = () => setLow(battery !== undefined && !battery.charging && battery.level <= LOW);
    void ask().then(
      (found) => {
        battery = found;
        look();
        for (const change of ["levelchange", "chargingchange"]) found.addEventListener(change, look);
      },
      () => undefined,
    );
    return () => {
      for (const change of ["levelchange", "chargingchange"]) battery?.removeEventListener(change, look);
      battery = undefined;
    };
  }, []);
  return low;
}

/** In the strip on top: a weak line, a device that was taken away, a microphone that does not do what one thinks. */
export function WellbeingNotes(props: { readonly session: Session; readonly snapshot: Snapshot; readonly onDevices: () => void }) {
  const words = useWords();
  const { session, snapshot } = props;
  const { rung, soundOnly, paused, hint, cameraCouldReturn } = snapshot.wellbeing;
  const batteryLow = useBatteryLow();
  const [batterySeen, setBatterySeen] = useState(false);
  const { preferences, wanted } = snapshot;
  return (
    <>
      {rung !== "full" && (
        <p className={soundOnly ? "strip-note calm-note" : "strip-note"} data-testid={`line-${rung}`}>
          <Icon name={soundOnly ? "speaker" : "weak"} /> {soundOnly ? words.lineChosen : words.line[rung]}
          {rung !== "small" && (
            <button type="button" className="button small" data-testid="line-back" onClick={() => session.care.choose(false)}>
              {words.lineBack}
            </button>
          )}
        </p>
      )}
      {cameraCouldReturn && (
        <p className="strip-note calm-note" data-testid="camera-back">
          {words.cameraCouldReturn}
          <button type="button" className="button small" onClick={() => session.want({ ...wanted, camera: true })}>
            {words.turnCameraOn}
          </button>
        </p>
      )}
      {paused.microphone && (
        <p className="strip-note" data-testid="paused-microphone">
          <Icon name="microphoneOff" /> {words.paused.microphone}
        </p>
      )}
      {paused.camera && (
        <p className="strip-note" data-testid="paused-camera">
          <Icon name="cameraOff" /> {words.paused.camera}
        </p>
      )}
      {hint === "silent" && (
        <p className="strip-note" data-testid="hint-silent">
          <Icon name="microphone" /> {words.hintSilent}
          <button type="button" className="button small" onClick={props.onDevices}>
            {words.hintChoose}
          </button>
        </p>
      )}
      {hint === "muted" && (
        <p className="strip-note" data-testid="hint-muted">
          <Icon name="microphoneOff" /> {words.hintMuted}
          <button type="button" className="button small" onClick={() => session.want({ ...wanted, microphone: true })}>
            {words.turnMicrophoneOn}
          </button>
        </p>
      )}
      {batteryLow && !batterySeen && !preferences.lowPower && (
        <p className="strip-note calm-note" data-testid="battery">
          <Icon name="leaf" /> {words.batteryLow}
          <button type="button" className="button small" onClick={() => session.prefer({ lowPower: true })}>
            {words.lowPower}
          </button>
          <button type="button" className="round quiet" aria-label={words.close} onClick={() => setBatterySeen(true)}>
            <Icon name="close" />
          </button>
        </p>
      )}
    </>
  );
}
