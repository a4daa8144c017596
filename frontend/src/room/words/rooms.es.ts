import type { RoomsWords } from "./rooms.en";

/** The same in Spanish. */
export const roomsEs: RoomsWords = {
  saysMoved: (room) => `Ahora estás en ${room}.`,
  saysMovedMain: "Estás otra vez con todo el grupo.",
  saysRecalled: "Las salas pequeñas se cierran pronto. No tienes que hacer nada.",
  saysHelp: (room) => `${room} pide que vengas.`,
  saysHeld: "La imagen y el sonido están en pausa hasta que llegue alguien del equipo.",
  saysResumed: "Seguimos. Pueden verse y oírse otra vez.",
};
