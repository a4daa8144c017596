import { LogLevel, setLogLevel } from "livekit-client";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../styles/site.css";
import "../styles/room.css";
import "../styles/rooms.css";
import "../styles/arrival.css";
import "../styles/floor.css";
import "../styles/crisis.css";
import "../styles/week.css";
import { readConfig } from "./config";
import { metronome } from "./metronome";
import { Session } from "./session";
import { resumeSound, unlockSound } from "./sound";
import { App } from "./ui/App";
import { wordsFor, WordsContext } from "./words";

const config = readConfig(document);
setLogLevel(config.testHooks ? LogLevel.warn : LogLevel.silent); // shared computers keep consoles
const device = { phone: matchMedia("(pointer: coarse)").matches, cores: navigator.hardwareConcurrency };
const session = new Session(config, location, device, performance.now());
metronome((nowMs) => session.tick(nowMs));

addEventListener("online", () => session.hurry());
document.addEventListener("visibilitychange", () => {
  session.hurry();
  if (document.visibilityState !== "visible") return;
  resumeSound();
  session.care.wake();
});
document.addEventListener("pointerdown", unlockSound, { once: true });
document.addEventListener("pointerdown", resumeSound);
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload(); // the browser's back button restored a page whose lines are dead
});
if (config.testHooks) Object.defineProperty(window, "viopRoom", { get: () => session.media.room });

const root = document.getElementById("room");
if (root === null) throw new Error("the page has no #room");
createRoot(root).render(
  <StrictMode>
    <WordsContext value={wordsFor(config.language)}>
      <App session={session} />
    </WordsContext>
  </StrictMode>,
);
