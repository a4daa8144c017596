/** A word by the operating system, for when this page is not looked at. It never says what this is or who is meant. */
import { useCallback, useState } from "react";

export const notifiable = (): boolean => "Notification" in globalThis;

type State = NotificationPermission;

/** Whether the browser lets us; and the way to ask it, from a touch or a key. */
export function useNotifications(): readonly [State, () => void] {
  const [state, setState] = useState<State>(() => (notifiable() ? Notification.permission : "denied"));
  const ask = useCallback(() => {
    void Notification.requestPermission().then(setState, () => undefined);
  }, []);
  return [state, ask];
}

/** Shows `text` unless the page is being looked at. `which`: a newer one of the same kind replaces the older.
 *
 * `always`: also when the page is in front, because it is covered by what the person shows to others.
 */
export function notify(title: string, text: string, which: string, always = false): void {
  if (!notifiable() || Notification.permission !== "granted") return;
  if (!always && document.visibilityState === "visible" && document.hasFocus()) return;
  try {
    const note = new Notification(title, { body: text, tag: `viop-${which}`, silent: true }); // the page sounds by itself
    note.onclick = () => {
      window.focus();
      note.close();
    };
  } catch {
    // Chrome on Android lets only service workers do this; sound and the tab's count remain
  }
}
