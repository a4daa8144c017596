/** A beat of the wished length, in milliseconds, also while the page is hidden. */
addEventListener("message", ({ data }: MessageEvent<number>) => setInterval(() => postMessage(null), data));
