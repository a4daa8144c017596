/** What the room says of arriving, lobbies, side rooms, holds and crises, in English. */
export const roomsEn = {
  // Moves
  saysMoved: (room: string) => `You are in ${room} now.`,
  saysMovedMain: "You are back with everyone.",
  saysRecalled: "The side rooms close soon. You do not need to do anything.",
  saysHelp: (room: string) => `${room} asks for you.`,
  saysHeld: "Picture and sound are paused until somebody from the team is here.",
  saysResumed: "We go on. You can see and hear each other again.",
};

export type RoomsWords = { readonly [K in keyof typeof roomsEn]: (typeof roomsEn)[K] };
