import { useEffect, useRef, useState, useSyncExternalStore, type RefObject } from "react";
import type { Size } from "../layout";
import type { Session, Snapshot } from "../session";

export function useSession(session: Session): Snapshot {
  return useSyncExternalStore(session.subscribe, () => session.snapshot);
}

/** The inner size of an element, in CSS pixels, as it changes. */
export function useSize(element: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** Moves the focus to a heading or region when it comes up, so that a screen reader starts there. */
export function useFocusOnArrival<T extends HTMLElement>(): RefObject<T | null> {
  const element = useRef<T>(null);
  useEffect(() => element.current?.focus({ preventScroll: true }), []);
  return element;
}

/** In a region whose buttons wait for answers and whose rows come and go, the focus is never lost to the top of the
 * page: a button that was disabled for a moment has it again, and when what had it is gone, `home` takes it. */
export function useFocusKept(region: RefObject<HTMLElement | null>, home: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const within = region.current;
    if (within === null) return;
    let last: Element | null = null;
    const comes = ({ target }: FocusEvent) => {
      last = target instanceof Element ? target : null;
    };
    const goes = ({ target }: FocusEvent) => {
      // Looked at afterwards: while an element is taken out of the page it still seems to be there.
      setTimeout(() => {
        if (last === target && last?.isConnected && !last.matches(":disabled, :focus")) last = null; // its owner went on
      });
    };
    const changed = () => {
      if (last === null || (document.activeElement !== null && document.activeElement !== document.body)) return;
      if (!last.isConnected) home.current?.focus({ preventScroll: true });
      else if (last instanceof HTMLElement && !last.matches(":disabled")) last.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(changed);
    observer.observe(within, { subtree: true, childList: true, attributeFilter: ["disabled"] });
    within.addEventListener("focusin", comes);
    within.addEventListener("focusout", goes);
    return () => {
      observer.disconnect();
      within.removeEventListener("focusin", comes);
      within.removeEventListener("focusout", goes);
    };
  }, [region, home]);
}

export function usePhone(): boolean {
  const [phone, setPhone] = useState(() => matchMedia("(max-width: 55.99rem)").matches);
  useEffect(() => {
    const query = matchMedia("(max-width: 55.99rem)");
    const follow = () => setPhone(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return phone;
}

const LOOK_AGAIN_MS = 10_000;

/** The server's time in ms since 1970, renewed every ten seconds. */
export function useServerNow(session: Session): number {
  const [nowMs, setNowMs] = useState(() => session.serverNowMs());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(session.serverNowMs()), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [session]);
  return nowMs;
}

/** The screen stays on while this is shown: a phone that sleeps drops out of the call. */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let over = false;
    const hold = () => {
      if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      navigator.wakeLock.request("screen").then(
        (held) => {
          if (over) void held.release();
          else lock = held;
        },
        () => undefined, // saving power, or not allowed: the call goes on
      );
    };
    hold();
    document.addEventListener("visibilitychange", hold);
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", hold);
      void lock?.release();
    };
  }, []);
}
