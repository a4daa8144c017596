/** Whether the browser will hand out camera and microphone without asking again. False where it cannot tell. */
export async function wantedDevicesKnown(): Promise<boolean> {
  if (!("permissions" in navigator)) return false;
  try {
    const states = await Promise.all(
      ["camera", "microphone"].map((name) => navigator.permissions.query({ name: name as PermissionName })),
    );
    return states.every(({ state }) => state === "granted");
  } catch {
    return false; // this browser does not know these names
  }
}
