import { useId, useState } from "react";
import { useDeviceList } from "../preview";
import { chosenDevices, type Devices } from "../remembered";
import { chime } from "../sound";
import { useWords } from "../words";
import { Icon } from "./Icon";

function Picker(props: {
  readonly label: string;
  readonly kind: keyof Devices;
  readonly devices: readonly MediaDeviceInfo[];
  readonly onChoose: (devices: Devices) => void;
}) {
  const id = useId();
  const words = useWords();
  const [chosen, setChosen] = useState(() => chosenDevices()[props.kind] ?? "");
  const offered = props.devices.filter(({ kind }) => kind === props.kind);
  const value = offered.some(({ deviceId }) => deviceId === chosen) ? chosen : (offered[0]?.deviceId ?? "");
  return (
    <p className="field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        value={value}
        disabled={offered.length === 0}
        onChange={({ target }) => {
          setChosen(target.value);
          props.onChoose({ [props.kind]: target.value });
        }}
      >
        {offered.length === 0 && <option value="">{words.usualDevice}</option>}
        {offered.map(({ deviceId, label }) => (
          <option key={deviceId} value={deviceId}>
            {label || words.usualDevice}
          </option>
        ))}
      </select>
    </p>
  );
}

export function SpeakerTest() {
  const words = useWords();
  const [playing, setPlaying] = useState(false);
  return (
    <button
      type="button"
      className="button"
      data-testid="speaker-test"
      disabled={playing}
      onClick={() => {
        setPlaying(true);
        void chime("test", chosenDevices().audiooutput).finally(() => setPlaying(false));
      }}
    >
      <Icon name="speaker" />
      {playing ? words.speakerPlaying : words.speakerTest}
    </button>
  );
}

/** Which camera, microphone and speaker. `renewedBy` changes when the browser may tell more of them. */
export function DevicePickers(props: { readonly renewedBy: unknown; readonly onChoose: (devices: Devices) => void }) {
  const words = useWords();
  const devices = useDeviceList(props.renewedBy);
  const speakers = devices.some(({ kind }) => kind === "audiooutput");
  return (
    <div className="form">
      <Picker label={words.camera} kind="videoinput" devices={devices} onChoose={props.onChoose} />
      <Picker label={words.microphone} kind="audioinput" devices={devices} onChoose={props.onChoose} />
      {speakers ? (
        <Picker label={words.speaker} kind="audiooutput" devices={devices} onChoose={props.onChoose} />
      ) : (
        <p className="soft">{words.speakerChosenByDevice}</p>
      )}
      <SpeakerTest />
    </div>
  );
}
