/** Calls `beat` with a monotonic time in milliseconds about four times a second until the returned function is called. */
export function metronome(beat: (nowMs: number) => void): () => void {
  const worker = new Worker(new URL("./metronome.worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = () => beat(performance.now());
  return () => worker.terminate();
}
