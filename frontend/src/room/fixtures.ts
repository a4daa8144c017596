/** Views as the server would send them, for tests. */
import type { Member, Room, You } from "../protocol/messages.gen";

export const maya: You = {
  personId: "maya",
  name: "Maya",
  role: "client",
  place: "main",
  identity: "i-maya",
  position: null,
  roomId: "",
  roomName: "",
  hand: null,
  ask: null,
  mayShareScreen: false,
  arrival: null,
  late: false,
};

export const member = (personId: string, parts: Partial<Member> = {}): Member => ({
  personId,
  name: personId,
  role: "client",
  identity: `i-${personId}`,
  interrupted: false,
  hand: null,
  flags: [],
  ...parts,
});

export const room = (you: You, parts: Partial<Room> = {}): Room => ({
  type: "room",
  seq: 1,
  serverTime: "2026-11-22T18:00:00Z",
  you,
  meeting: {
    title: "t",
    startsAt: "2026-11-22T18:00:00Z",
    endsAt: "2026-11-22T19:30:00Z",
    ended: false,
    facilitators: ["Dana"],
    kind: "",
    breaks: [],
    lobbies: ["clients"],
  },
  members: [],
  waiting: [],
  staffPresent: true,
  breakouts: null,
  asides: [],
  away: [],
  locked: false,
  autoAdmit: false,
  screens: "staff",
  spotlight: "",
  lead: "",
  pause: null,
  agenda: null,
  hold: null,
  crises: [],
  helpSince: null,
  mayTakeOver: false,
  ...parts,
});
