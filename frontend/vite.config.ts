import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/static/",
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0, // the pages' content policy allows no data: fonts or scripts
    modulePreload: { polyfill: false },
    sourcemap: false,
    target: ["chrome100", "firefox102", "safari15.4"],
    rolldownOptions: {
      input: {
        pages: "src/pages/main.ts",
        room: "src/room/main.tsx",
      },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
