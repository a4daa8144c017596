/** What the room says of arriving, lobbies, side rooms, holds and crises, in English. */
const people = (count: number) => (count === 1 ? "1 person" : `${count} people`);
const rooms = (count: number) => (count === 1 ? "1 room" : `${count} rooms`);
const minutes = (count: number) => (count === 1 ? "1 minute" : `${count} minutes`);
const and = (names: readonly string[]) => new Intl.ListFormat("en").format(names);

export const roomsEn = {
  // Arriving
  arrivalTitle: "Where are you today?",
  arrivalAgain: "Is this still right?",
  arrivalWhy: "Only your team sees this, to send help to the right place if you ever need it.",
  arrivalFields: {
    address: "Street and number",
    city: "City",
    state: "State",
    phone: "Your phone number",
    emergencyName: "Who we may call",
    emergencyPhone: "Their number",
  },
  arrivalNeeds: {
    address: "Please write the street and number.",
    city: "Please write the city.",
    state: "Please choose the state.",
    phone: "Please write a full number.",
    emergencyName: "Please write a name.",
    emergencyPhone: "Please write a full number.",
  },
  arrivalIncomplete: (count: number) => (count === 1 ? "One field needs something." : `${count} fields need something.`),
  arrivalChoose: "Choose…",
  arrivalPlace: "You are at",
  arrivalHelper: "In an emergency we call",
  arrivalAlone: "I am alone, or nobody can listen",
  arrivalHeadphones: "I use headphones",
  arrivalDone: "Go in",
  arrivalYes: "Yes, go in",
  arrivalChange: "Something changed",
  arrivalBack: "Back",
  arrivalSkip: "Not now, go in without",
  arrivalReminder: "Your team does not know yet where you are today.",
  arrivalTell: "Tell them",
  waitingLocked: "The room is closed for newcomers right now. Your place is kept.",

  // Moves, told to screen readers
  saysMoved: (room: string) => `You are in ${room} now.`,
  saysMovedMain: "You are back with everyone.",
  saysRecalled: "The small rooms close soon. You do not need to do anything.",
  saysHelp: (room: string) => `${room} asks for you.`,
  saysHeld: "Picture and sound are paused until somebody from the team is here.",
  saysResumed: "We go on. You can see and hear each other again.",
  saysRoomsTime: (count: number) => `${minutes(count)} left in the small rooms.`,
  saysPlaced: (person: string, room: string) => `${person}: ${room}.`,

  // Where you are
  timeLeftWord: "left",
  inRoom: (room: string) => `You are in ${room}.`,
  allInRooms: "Everybody is in the small rooms.",
  sideRoomsOpen: "The small rooms are open.",
  closingIn: "Everyone comes back together in",
  closingHint: "You do not need to do anything.",
  askHelp: "Ask for help",
  helpComing: "We told the team. Somebody will come.",
  helpBack: "It is fine now",
  backToMain: "Back to everyone",
  asideWith: (names: readonly string[]) => (names.length === 0 ? "You are in a room aside." : `You are aside with ${and(names)}. The others go on.`),
  asideEnd: "Go back to the group",
  toAllRooms: (name: string, text: string) => `${name} to all rooms: ${text}`,

  // The rail's two sides
  railPeople: "People",
  railRooms: "Small rooms",

  // Planning small rooms
  roomsEmpty: "Split the group into small rooms. You can prepare them here and open them when you are ready.",
  familiesTogether: "Families together",
  familiesHint: "One room for each family.",
  mix: "Mix at random",
  mixSize: "People in each room",
  addRoom: "Add a room",
  noRoomYet: "No room yet",
  everybodyPlaced: "Everybody has a room.",
  mainRoom: "Main room",
  roomName: "Name of the room",
  removeRoom: (room: string) => `Take ${room} away`,
  roomEmpty: "Nobody yet. Drag people here, or choose somebody and pick this room.",
  chip: (person: string, room: string) => `${person}, ${room}. Choose another room`,
  moveTitle: (person: string) => `Where should ${person} go?`,
  moveHint: "With the keyboard: left and right arrows move a person you have selected.",
  hereNow: "here now",
  onTheWay: "not here now",
  howLong: "How long",
  noLimit: "Until I call them back",
  minutes,
  openRooms: (count: number) => `Open ${rooms(count)}`,
  undo: "Undo",
  undone: "Undone.",

  // While they are open
  roomsOpen: "Small rooms are open",
  roomsClosing: "Everyone comes back",
  fiveMore: "5 more minutes",
  setTime: "Set time",
  recall: "Call everyone back",
  recallTitle: "Call everyone back?",
  recallText: "Everybody sees the time run down, and comes back by themselves.",
  recallIn: (seconds: number) => (seconds === 60 ? "In 1 minute" : `In ${seconds} seconds`),
  recallNow: "Right now",
  broadcast: "Say something to all rooms",
  send: "Send",
  sent: "Sent to all rooms.",
  helpWanted: (room: string) => `${room} asks for you`,
  visit: "Go in",
  visitName: (room: string) => `Go into ${room}`,
  listen: "Listen in",
  listenName: (room: string) => `Go into ${room} with your camera and microphone off`,
  helpDone: "Done",
  helpDoneName: (room: string) => `${room} has been helped`,
  youAreHere: "You are here",
  inRoomCount: (count: number) => people(count),
  asides: "Aside",
  stepAside: "Step aside together",
  endAside: "Bring back",

  // No facilitator
  holdSoon: "Your facilitator’s connection dropped. Please stay. If nobody is back, picture and sound pause in",
  holdTitle: "We pause for a moment.",
  holdText: "Your facilitator’s connection dropped. Until somebody from the team is here, nobody sees or hears anybody.",
  holdMinutes: "You lose no minutes, and your place is kept. As soon as somebody is here, we go on.",
  takeOverTitle: "This group has no facilitator right now.",
  takeOverText: "You are on call. If you take over, you come in as their facilitator.",
  takeOver: "Take over",

  // Lobbies
  lobbyClients: "Clients",
  lobbyFamily: "Family",
  letLobbyIn: { clients: "Let all clients in", family: "Let all family in" },
  flags: {
    arrivalUnconfirmed: "Has not said where they are",
    otherState: "In another state",
    notAlone: "Not alone",
    noIdentity: "Not yet met in person or by ID",
  },
  awayPlace: {
    outside: "Not here yet",
    left: "Left",
    declined: "Not let in",
    removed: "Removed",
  },
  awayTitle: "Not here",

  // Notifications: nothing that tells what this is
  notifyAsk: "Tell me also when I look elsewhere",
  notifyTitle: "Your session",
  notifyWaiting: "Somebody is waiting.",
  notifyHelp: "Somebody asks for you.",
  notifyCalled: "It is time.",
  messagesTitle: "Messages for you",
};

export type RoomsWords = { readonly [K in keyof typeof roomsEn]: (typeof roomsEn)[K] };
