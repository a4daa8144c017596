/** Where a person is, as far as the page cares. Pure. */
import type { Place } from "../protocol/messages.gen";

/** In the main room or in a room beside it: with a seat, seeing and hearing others. */
export const inside = (place: Place): boolean => place === "main" || place === "breakout" || place === "aside";
