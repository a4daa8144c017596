import { useEffect, useRef, useState } from "react";
import { asksArrival } from "../arrival";
import { usePreview } from "../preview";
import { wantedDevicesKnown } from "../permissions";
import { rememberYes, saidYes, type Wanted } from "../remembered";
import type { Session } from "../session";
import { unlockSound } from "../sound";
import { useWords } from "../words";
import { ArrivalGate } from "./Arrival";
import { DevicePickers, SpeakerTest } from "./Devices";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";
import { firstNameOf, initialsOf } from "./Initials";
import { Meter } from "./Meter";
import { NetworkTest } from "./NetworkTest";
import { problemsOf } from "./problems";

function Mirror({ track }: { readonly track: MediaStreamTrack }) {
  const words = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const [showing, setShowing] = useState(false);
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    element.srcObject = new MediaStream([track]);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return (
    <video
      ref={video}
      className="mirror"
      data-testid="preview"
      data-showing={showing}
      aria-label={words.preview}
      autoPlay
      playsInline
      muted
      onPlaying={() => setShowing(true)}
    />
  );
}

/** Before joining: asked by us before the browser asks, then seen and heard by oneself alone. */
export function Door({ session }: { readonly session: Session }) {
  const words = useWords();
  const preview = usePreview();
  const { start, stop, tracks, troubles, starting } = preview;
  // Who said yes before is not asked again, not even while the browser is asked whether it remembers.
  const [stage, setStage] = useState<"looking" | "ask" | "asking" | "check">(() => (saidYes() ? "looking" : "ask"));
  const [wanted, setWanted] = useState<Wanted>(session.snapshot.wanted);
  const [choosing, setChoosing] = useState(false);
  const [testing, setTesting] = useState(false);
  const [arriving, setArriving] = useState<Wanted | null>(null); // with what, once it is known where the person is
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [stage, arriving]); // each stage is a page of its own

  const answer = async (wish: Wanted) => {
    unlockSound();
    setWanted(wish);
    if (wish.microphone && wish.camera) rememberYes();
    const sources = (["microphone", "camera"] as const).filter((source) => wish[source]);
    if (sources.length > 0) {
      setStage("asking");
      await start(sources);
    }
    setStage("check");
  };

  // Somebody who said yes here before, in a browser that will not ask again, goes straight to the mirror.
  useEffect(() => {
    if (!saidYes()) return;
    let gone = false;
    void wantedDevicesKnown().then((known) => {
      if (gone) return;
      setStage(known ? "check" : "ask");
      if (known) void start(["microphone", "camera"]);
    });
    return () => {
      gone = true;
    };
  }, [start]);

  const toggle = (source: keyof Wanted) => {
    const on = tracks[source] === undefined;
    setWanted((before) => ({ ...before, [source]: on }));
    if (on) void start([source]);
    else stop(source);
  };

  const join = () => {
    unlockSound();
    // What is still starting is wanted all the same: whoever is quick does not come in unseen and unheard.
    const usable = (source: keyof Wanted) => wanted[source] && (tracks[source] !== undefined || starting[source] === true);
    const wish = { microphone: usable("microphone"), camera: usable("camera") };
    const known = session.snapshot.view?.you.arrival?.confirmed ?? false;
    if (known || !asksArrival(session.config.role)) session.comeIn(wish);
    else setArriving(wish);
  };

  const { title, personName } = session.config;
  if (arriving !== null) {
    return (
      <ArrivalGate
        session={session}
        last={session.snapshot.view?.you.arrival ?? null}
        onDone={() => session.comeIn(arriving)}
        onBack={() => setArriving(null)}
      />
    );
  }
  if (stage === "looking") {
    return (
      <main className="door ask">
        <div className="door-ask">
          <p className="eyebrow">{title}</p>
        </div>
      </main>
    );
  }
  if (stage !== "check") {
    return (
      <main className="door ask">
        <div className="door-ask">
          <p className="eyebrow">{title}</p>
          <h1 ref={heading} tabIndex={-1}>
            {words.askTitle}
          </h1>
          <p className="soft">{words.askText}</p>
          {stage === "asking" ? (
            <p className="pending lead" role="status">
              {words.asking}
            </p>
          ) : (
            <div className="stack">
              <button
                type="button"
                className="button primary thumb"
                data-testid="ask-both"
                onClick={() => void answer({ microphone: true, camera: true })}
              >
                {words.askBoth}
              </button>
              <button
                type="button"
                className="button wide"
                data-testid="ask-microphone"
                onClick={() => void answer({ microphone: true, camera: false })}
              >
                {words.askMicrophone}
              </button>
              <button
                type="button"
                className="button quiet wide"
                data-testid="ask-neither"
                onClick={() => void answer({ microphone: false, camera: false })}
              >
                {words.askNeither}
              </button>
            </div>
          )}
          <p className="door-promise">
            <Icon name="shield" /> {words.neverRecorded}
          </p>
        </div>
      </main>
    );
  }

  const problems = problemsOf(words, troubles);
  return (
    <main className="door check">
      <header className="door-head">
        <p className="eyebrow">{title}</p>
        <h1 ref={heading} tabIndex={-1}>
          {words.checkTitle(firstNameOf(personName))}
        </h1>
      </header>
      <div className="door-mirror" data-on={tracks.camera !== undefined}>
        {tracks.camera ? (
          <Mirror key={tracks.camera.id} track={tracks.camera} />
        ) : (
          <div className="door-dark">
            <span className="initials large" aria-hidden="true">
              {initialsOf(personName)}
            </span>
            <p>{starting.camera ? words.cameraStarting : words.cameraIsOff}</p>
          </div>
        )}
        <div className="door-switches">
          <Switch source="microphone" on={tracks.microphone !== undefined} starting={starting.microphone} onClick={() => toggle("microphone")} />
          <Switch source="camera" on={tracks.camera !== undefined} starting={starting.camera} onClick={() => toggle("camera")} />
        </div>
      </div>
      <div className="door-side">
        {problems.map(({ sources, what, help }) => (
          <div className="notice attention" role="alert" key={what} data-testid={`trouble-${sources.join("-")}`}>
            <Icon name="notice" />
            <div className="stack tight">
              <p>
                <strong>{what}</strong> {help}
              </p>
              <button type="button" className="button small" onClick={() => void start(sources)}>
                {words.tryAgain}
              </button>
            </div>
          </div>
        ))}
        {problems.length === 0 && (
          <p className="soft">
            {tracks.camera || tracks.microphone || starting.camera || starting.microphone ? words.checkText : words.checkListening}
          </p>
        )}
        <Meter track={tracks.microphone} />
        <div className="door-tests">
          <SpeakerTest />
          <button type="button" className="button" data-testid="line-test" onClick={() => setTesting(true)}>
            <Icon name="weak" />
            {words.lineTest}
          </button>
          <button type="button" className="button" data-testid="devices" onClick={() => setChoosing(true)}>
            <Icon name="settings" />
            {words.devices}
          </button>
        </div>
        <button type="button" className="button primary thumb" data-testid="join" onClick={join}>
          {words.join}
        </button>
        <p className="door-promise">
          <Icon name="shield" /> {words.neverRecorded}
        </p>
      </div>
      {testing && <NetworkTest session={session} onClose={() => setTesting(false)} />}
      {choosing && (
        <Dialog title={words.devices} onClose={() => setChoosing(false)}>
          <DevicePickers
            renewedBy={tracks}
            onChoose={(devices) => {
              session.choose(devices);
              if (devices.audioinput !== undefined && tracks.microphone) void start(["microphone"]);
              if (devices.videoinput !== undefined && tracks.camera) void start(["camera"]);
            }}
          />
        </Dialog>
      )}
    </main>
  );
}

function Switch(props: { readonly source: keyof Wanted; readonly on: boolean; readonly starting: true | undefined; readonly onClick: () => void }) {
  const words = useWords();
  const { source, on } = props;
  const label =
    source === "camera"
      ? on
        ? words.turnCameraOff
        : words.turnCameraOn
      : on
        ? words.turnMicrophoneOff
        : words.turnMicrophoneOn;
  return (
    <button
      type="button"
      className="round"
      data-off={!on && !props.starting}
      data-testid={`switch-${source}`}
      aria-label={label}
      title={label}
      onClick={props.onClick}
    >
      <Icon name={on || props.starting ? source : `${source}Off`} />
    </button>
  );
}
