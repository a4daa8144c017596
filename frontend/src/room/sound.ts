/** Sounds made of two soft tones, and the loudness of a microphone. No files, one audio context. */
let shared: AudioContext | undefined;

function context(): AudioContext {
  shared ??= new AudioContext();
  return shared;
}

/** Browsers let a page sound only after a touch or a key: call this from one. */
export function unlockSound(): void {
  void context().resume().catch(() => undefined);
}

/** A phone call or sleep stopped the sound; the page is looked at again. */
export function resumeSound(): void {
  if (shared !== undefined && shared.state !== "running" && shared.state !== "closed") unlockSound();
}

type Chime = "admitted" | "arrival" | "test";

/** Hertz, one after the other. */
const TONES: Readonly<Record<Chime, readonly number[]>> = {
  admitted: [523.25, 659.25, 783.99],
  arrival: [659.25, 523.25],
  test: [392, 523.25, 659.25, 523.25],
};
const TONE_S = 0.28;

/** Plays on the chosen speaker where the browser can, else on the usual one. Resolves when it has ended. */
export async function chime(which: Chime, sinkId = ""): Promise<void> {
  const audio = context();
  if (audio.state !== "running") await audio.resume();
  const out = audio.createMediaStreamDestination();
  const start = audio.currentTime + 0.05;
  TONES[which].forEach((hertz, n) => {
    const [tone, gain] = [audio.createOscillator(), audio.createGain()];
    const at = start + n * TONE_S * 0.8;
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.16, at + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.001, at + TONE_S * 1.8);
    tone.connect(gain).connect(out);
    tone.start(at);
    tone.stop(at + TONE_S * 2);
  });
  const player = new Audio();
  player.srcObject = out.stream;
  if (sinkId !== "" && "setSinkId" in player) await player.setSinkId(sinkId).catch(() => undefined);
  await player.play();
  await new Promise((ended) => setTimeout(ended, (TONES[which].length * 0.8 + 2) * TONE_S * 1000));
  player.srcObject = null;
}

/** Loudness of `samples` (-1..1) as 0..1: -60 dB is nothing, -12 dB is a raised voice. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibel = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, (decibel + 60) / 48));
}

/** Calls `show` with the microphone's loudness at each animation frame until the returned function is called. */
export function meter(track: MediaStreamTrack, show: (level: number) => void): () => void {
  const audio = context();
  void audio.resume().catch(() => undefined);
  const source = audio.createMediaStreamSource(new MediaStream([track]));
  const analyser = new AnalyserNode(audio, { fftSize: 1024 });
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let shown = 0;
  let frame = 0;
  const step = () => {
    analyser.getFloatTimeDomainData(samples);
    const level = loudness(samples);
    shown = level > shown ? level : shown * 0.88 + level * 0.12; // rises at once, falls gently
    show(shown);
    frame = requestAnimationFrame(step);
  };
  step();
  return () => {
    cancelAnimationFrame(frame);
    source.disconnect();
  };
}

/** Listens to a copy of a microphone's track, which hears also while the track itself is muted. Nothing leaves the page. */
export class Listener {
  /** The id of the track. */
  readonly of: string;
  readonly #copy: MediaStreamTrack;
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    this.of = track.id;
    this.#copy = track.clone();
    this.#copy.enabled = true;
    this.#source = context().createMediaStreamSource(new MediaStream([this.#copy]));
    this.#analyser = new AnalyserNode(context(), { fftSize: 8192 });
    this.#source.connect(this.#analyser);
    this.#samples = new Float32Array(this.#analyser.fftSize);
  }

  /** Loudness of the last sixth of a second, 0 to 1; null while the browser lets this page neither hear nor sound. */
  level(): number | null {
    if (context().state !== "running" || this.#copy.muted || this.#copy.readyState === "ended") return null;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return loudness(this.#samples);
  }

  stop(): void {
    this.#source.disconnect();
    this.#copy.stop();
  }
}
