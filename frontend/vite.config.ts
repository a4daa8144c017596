import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Compressed neighbours of what compresses, for the static file server: a phone on 1.5 Mbit/s is to be in within 3 s. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    async writeBundle({ dir = "" }, bundle) {
      for (const fileName of Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name))) {
        const file = join(dir, fileName);
        const plain = await readFile(file).catch(() => null); // chunks of nothing but styles are not written
        if (plain === null) continue;
        await writeFile(`${file}.gz`, await promisify(gzip)(plain, { level: 9 }));
        await writeFile(`${file}.br`, await promisify(brotliCompress)(plain));
      }
    },
  };
}

export default defineConfig({
  base: "/static/",
  plugins: [react(), precompressed()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0, // the pages' content policy allows no data: fonts or scripts
    modulePreload: { polyfill: false },
    sourcemap: false,
    target: ["chrome100", "firefox102", "safari15.4"],
    chunkSizeWarningLimit: 1000, // the room is one script: livekit-client is most of it
    rolldownOptions: {
      checks: { bundlerTimings: false },
      onLog(level, log, report) {
        if (log.code === "EVAL") return; // htmx holds an eval that its allowEval = false never reaches
        report(level, log);
      },
      input: {
        pages: "src/pages/main.ts",
        room: "src/room/main.tsx",
      },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
