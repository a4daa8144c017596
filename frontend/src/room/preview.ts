import { useCallback, useEffect, useRef, useState } from "react";
import { chosenDevices, type Wanted } from "./remembered";
import { trouble, type Trouble } from "./trouble";

type Source = keyof Wanted;
type Tracks = Readonly<Partial<Record<Source, MediaStreamTrack>>>;

export interface Preview {
  readonly tracks: Tracks;
  readonly troubles: Readonly<Partial<Record<Source, Trouble>>>;
  /** The browser is asking, or a device is starting. */
  readonly starting: Readonly<Partial<Record<Source, true>>>;
  readonly start: (sources: readonly Source[]) => Promise<void>;
  readonly stop: (source: Source) => void;
}

function constraint(source: Source): MediaTrackConstraints {
  const { audioinput, videoinput } = chosenDevices();
  const deviceId = source === "camera" ? videoinput : audioinput;
  const device = deviceId === undefined ? {} : { deviceId: { ideal: deviceId } };
  return source === "camera" ? { ...device, facingMode: "user", width: 960, height: 540 } : device;
}

async function open(sources: readonly Source[]): Promise<MediaStreamTrack[]> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: sources.includes("microphone") ? constraint("microphone") : false,
    video: sources.includes("camera") ? constraint("camera") : false,
  });
  return stream.getTracks();
}

const sourceOf = (track: MediaStreamTrack): Source => (track.kind === "video" ? "camera" : "microphone");

type BySource<T> = Readonly<Partial<Record<Source, T>>>;

function without<T>(things: BySource<T>, sources: readonly Source[]): BySource<T> {
  const kept = Object.entries(things).filter(([source]) => !sources.includes(source as Source));
  return Object.fromEntries(kept);
}

/** One's own camera and microphone, seen and heard by nobody else. Everything is let go with the component. */
export function usePreview(): Preview {
  const [tracks, setTracks] = useState<Tracks>({});
  const [troubles, setTroubles] = useState<Preview["troubles"]>({});
  const [starting, setStarting] = useState<Preview["starting"]>({});
  const held = useRef<Tracks>({});
  const gone = useRef(false);

  const hold = useCallback((source: Source, track: MediaStreamTrack | undefined) => {
    held.current[source]?.stop();
    held.current = without(held.current, [source]);
    if (track !== undefined) held.current = { ...held.current, [source]: track };
    setTracks(held.current);
  }, []);

  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
      for (const track of Object.values(held.current)) track.stop();
      held.current = {};
    };
  }, []);

  const start = useCallback(
    async (sources: readonly Source[]) => {
      setStarting(Object.fromEntries(sources.map((source) => [source, true])));
      setTroubles((before) => without(before, sources));
      const take = (opened: readonly MediaStreamTrack[]) => {
        for (const track of opened) {
          if (gone.current) track.stop();
          else hold(sourceOf(track), track);
        }
      };
      try {
        take(await open(sources)); // both at once: one question from the browser
      } catch (failure) {
        for (const source of sources) {
          try {
            // One may be missing or busy without the other. A refusal is not asked again.
            if (sources.length === 1 || trouble(failure) === "refused") throw failure;
            take(await open([source]));
          } catch (error) {
            hold(source, undefined);
            setTroubles((before) => ({ ...before, [source]: trouble(error) }));
          }
        }
      }
      setStarting({});
    },
    [hold],
  );

  const stop = useCallback((source: Source) => hold(source, undefined), [hold]);
  return { tracks, troubles, starting, start, stop };
}

/** The devices the browser knows, with their names once it may tell them. */
export function useDeviceList(renewedBy: unknown): readonly MediaDeviceInfo[] {
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  useEffect(() => {
    if (!("mediaDevices" in navigator)) return;
    let gone = false;
    const list = () =>
      void navigator.mediaDevices.enumerateDevices().then(
        (found) => {
          if (!gone) setDevices(found.filter(({ deviceId }) => deviceId !== ""));
        },
        () => undefined,
      );
    list();
    navigator.mediaDevices.addEventListener("devicechange", list);
    return () => {
      gone = true;
      navigator.mediaDevices.removeEventListener("devicechange", list);
    };
  }, [renewedBy]);
  return devices;
}
