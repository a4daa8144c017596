import type { LocalVideoTrack, Track, TrackProcessor, VideoProcessorOptions } from "livekit-client";

/** How one's surroundings can be hidden in this browser. `whole`: the whole picture, the person as well. */
export type BlurKind = "background" | "whole";

interface BlurCapabilities extends MediaTrackCapabilities {
  readonly backgroundBlur?: boolean[];
}

/** Whether camera and browser can blur what is behind a person by themselves. */
export function blurKind(track: MediaStreamTrack): BlurKind {
  const offered = "getCapabilities" in track ? (track.getCapabilities() as BlurCapabilities).backgroundBlur : undefined;
  return offered?.includes(true) ? "background" : "whole";
}

const COARSE_PX = 28; // the width of what is left of the picture: a shape that moves, nobody's living room
const FRAMES_PER_S = 15;

/** The whole picture in soft patches, made by drawing it very small and large again. Works in every browser, costs little. */
export class WholeBlur implements TrackProcessor<Track.Kind.Video, VideoProcessorOptions> {
  readonly name = "whole-blur";
  processedTrack?: MediaStreamTrack;
  #video: HTMLVideoElement | null = null;
  #beat: Worker | null = null; // a worker's timer also runs while the page is hidden

  init(options: VideoProcessorOptions): Promise<void> {
    this.#video = options.element instanceof HTMLVideoElement ? options.element : document.createElement("video");
    this.#video.muted = true;
    const { width = 640, height = 360 } = options.track.getSettings();
    const [large, middle, small] = [document.createElement("canvas"), document.createElement("canvas"), document.createElement("canvas")];
    Object.assign(large, { width, height });
    const pens = [large, middle, small].map((canvas) => canvas.getContext("2d", { alpha: false }));
    const [onLarge, onMiddle, onSmall] = pens;
    if (!onLarge || !onMiddle || !onSmall) throw new Error("this browser has no canvas");
    const draw = () => {
      const video = this.#video;
      if (video === null || video.videoWidth === 0) return;
      const shape = video.videoHeight / video.videoWidth;
      if (Math.abs(large.height / large.width - shape) > 0.01) Object.assign(large, { width: video.videoWidth, height: video.videoHeight });
      Object.assign(small, { width: COARSE_PX, height: Math.max(1, Math.round(COARSE_PX * shape)) });
      Object.assign(middle, { width: small.width * 6, height: small.height * 6 });
      for (const pen of [onLarge, onMiddle, onSmall]) Object.assign(pen, { imageSmoothingEnabled: true, imageSmoothingQuality: "high" });
      onSmall.drawImage(video, 0, 0, small.width, small.height);
      onMiddle.drawImage(small, 0, 0, middle.width, middle.height);
      onLarge.drawImage(middle, 0, 0, large.width, large.height);
    };
    this.#beat = new Worker(new URL("./frames.worker.ts", import.meta.url), { type: "module" });
    this.#beat.onmessage = draw;
    this.#beat.postMessage(1_000 / FRAMES_PER_S);
    const [track] = large.captureStream(FRAMES_PER_S).getVideoTracks();
    if (track === undefined) throw new Error("this browser's canvas makes no pictures");
    this.processedTrack = track;
    return Promise.resolve();
  }

  async restart(options: VideoProcessorOptions): Promise<void> {
    await this.destroy();
    await this.init(options);
  }

  destroy(): Promise<void> {
    this.#beat?.terminate();
    this.processedTrack?.stop();
    this.#video = this.#beat = null;
    return Promise.resolve();
  }
}

/** Blur this camera, or show it as it is. A camera that cannot be blurred counts as one that cannot be read. */
export async function blur(camera: LocalVideoTrack, on: boolean): Promise<void> {
  try {
    await become(camera, on);
  } catch {
    throw new DOMException("this picture cannot be blurred", "NotReadableError");
  }
}

async function become(camera: LocalVideoTrack, on: boolean): Promise<void> {
  const processed = camera.getProcessor()?.name === "whole-blur";
  if (blurKind(camera.mediaStreamTrack) === "background") {
    await camera.mediaStreamTrack.applyConstraints({ ...camera.mediaStreamTrack.getConstraints(), backgroundBlur: on });
  } else if (on && !processed) {
    await camera.setProcessor(new WholeBlur());
  } else if (!on && processed) {
    await camera.stopProcessor();
  }
}
