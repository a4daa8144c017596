/** Chat, hands, questions, layouts and breaks, in English. */
const messages = (count: number) => (count === 1 ? "1 new message" : `${count} new messages`);
const minutes = (count: number) => (count === 1 ? "1 minute" : `${count} minutes`);

export const floorEn = {
  // The bar
  handShort: "Hand",
  raiseHand: "Raise your hand",
  lowerHand: "Take your hand down",
  handUp: (place: number) => (place === 1 ? "Your hand is up. You’re next." : `Your hand is up. You’re number ${place}.`),
  reactShort: "React",
  react: "Show how you feel",
  chatShort: "Chat",
  chat: "Chat",
  chatUnread: (count: number) => `Chat, ${messages(count)}`,
  shareShort: "Share",
  share: "Share your screen",
  shareStop: "Stop sharing your screen",

  // Reactions: what a picture means
  reactions: {
    heart: "Thank you",
    clap: "Well done",
    yes: "I agree",
    smile: "That made me smile",
    cry: "That is hard",
    candle: "I am with you",
  },
  saysReacted: (name: string, meaning: string) => `${name}: ${meaning}.`,

  // Chat
  chatEmpty: "Nothing has been written yet.",
  chatEmptyHint: "Everyone in this room can read what you write here. It is gone when the session ends.",
  chatTo: "To",
  chatWrite: "Write a message",
  chatSend: "Send",
  chatNotSent: "That was not sent. Your words are still here.",
  chatToWord: {
    room: "Everyone here",
    staff: "Only the team",
    everyone: "Announcement to all rooms",
    waiting: "Everyone who waits",
    person: "One person",
  },
  chatToPerson: (name: string) => `Only ${name}`,
  chatToWaiter: (name: string) => `Only ${name}, who waits`,
  chatHeardBy: {
    room: "everyone here reads this",
    staff: "only the team reads this",
    everyone: "announcement",
    waiting: "to the waiting room",
    person: "only for you two",
  },
  chatYou: "You",
  chatFor: (name: string) => `for ${name}`,
  saysLine: (name: string) => `Message from ${name}.`,

  // Tiles and layouts
  layout: "How faces are shown",
  layoutGallery: "Everyone the same size",
  layoutSpeaker: "Who speaks is large",
  actsOnTile: (name: string) => `More about ${name}`,
  actsOnYou: "More about your own picture",
  pin: "Keep large for me",
  unpin: "No longer large for me",
  pinned: "Large for you",
  spotlight: "Large for everyone",
  unspotlight: "No longer large for everyone",
  spotlit: "Large for everyone",
  screenOf: (name: string) => `${name}’s screen`,
  screenYours: "You’re sharing your screen.",
  saysSharing: (name: string) => `${name} is sharing a screen.`,
  saysSharingOver: (name: string) => `${name} stopped sharing.`,
  shareRefused: "Your screen was not shared. You can try again at any time.",
  handOf: (place: number) => `Hand up, number ${place}`,

  // Hands and questions
  hands: "Hands up",
  saysHand: (name: string) => `${name} raised a hand.`,
  saysHandUp: "Your hand is up.",
  saysHandDown: "Your hand is down.",
  lowerHandOf: (name: string) => `Take ${name}’s hand down`,
  asked: {
    unmute: "Your facilitator would like to hear you. Would you turn your microphone on?",
    cameraOn: "Your facilitator would like to see you. Would you turn your camera on?",
    cameraOff: "Your facilitator asks you to turn your camera off for now.",
  },
  askedYes: {
    unmute: "Turn microphone on",
    cameraOn: "Turn camera on",
    cameraOff: "Turn camera off",
  },
  askedNo: "Not now",
  askUnmute: "Ask to speak",
  askCameraOn: "Ask to turn camera on",
  askCameraOff: "Ask to turn camera off",
  saysAsked: (name: string) => `${name} was asked.`,
  writeTo: "Write a private message",

  // For the whole group
  forGroup: "For the group",
  muteAll: "Turn off everyone’s microphone",
  muteAllDone: "Everyone’s microphone is off. They can turn it on again.",
  lock: "Lock the room",
  lockHint: "Nobody new comes in. Whoever was here can come back.",
  locked: "The room is locked",
  autoAdmit: "Let people on the list in by themselves",
  autoAdmitHint: "Everyone else still waits for you.",
  screensEveryone: "Everyone may share a screen",
  breakTitle: "Break",
  breakStart: (count: number) => `${count} min`,
  breakStartLabel: (count: number) => `Start a break of ${minutes(count)}`,
  breakEnd: "End the break now",
  breakNow: "Break",
  breakPlanned: (time: string, count: number) => `Break planned at ${time}, ${minutes(count)}`,
  breakWords: "Stretch, drink some water. We go on together after the break.",
  saysBreak: (count: number) => `Break. We go on in ${minutes(count)}.`,
  saysBreakOver: "The break is over.",
  leadIs: (name: string) => `${name} leads the group.`,
  leadIsYou: "You lead the group.",
  handOverTo: (name: string) => `Hand over to ${name}`,
  takeLead: "Take the lead back",

  // One's own picture
  ownPicture: "Your own picture",
  mirror: "Show me as in a mirror",
  mirrorHint: "Others always see you the right way round.",
  hideSelf: "Hide my picture from me",
  hideSelfHint: "Others still see you.",

  // Comfort
  blur: "Blur my picture",
  blurBackground: "What is behind you gets soft. You stay sharp.",
  blurWhole: "The whole picture gets soft, you as well. Others see that you are there, not your room.",
  soundOnly: "Sound only",
  soundOnlyHint: "No pictures, neither yours nor theirs. Good for a weak line and for listening.",
  lowPower: "Save power",
  lowPowerHint: "Small pictures and no movement. Your battery lasts longer.",
  pip: "Small window on top",
  pipHint: "Keep seeing the group while you look at something else.",
  pipOver: "Back to the big window",
  pipRefused: "Your browser did not open the small window.",
  batteryLow: "Your battery is low.",
  comfort: "Comfort",

  // The line and the devices
  line: {
    small: "Your line is weak. Pictures are smaller for now; you hear everyone.",
    faceless: "Your line is weak. We left the pictures out so that you hear everyone well.",
    sound: "Your line is very weak. Only sound for now. We bring the pictures back when it gets better.",
  },
  lineChosen: "Sound only. You asked for this.",
  lineBack: "Show pictures",
  cameraCouldReturn: "Your line is better. Your camera is still off.",
  paused: {
    microphone: "Your device holds the microphone, perhaps for a phone call. It comes back after that.",
    camera: "Your device holds the camera. It comes back when the device lets it go.",
  },
  hintSilent: "We have not heard anything from your microphone yet. Say hello, or choose another one.",
  hintMuted: "Your microphone is off. Nobody hears you.",
  hintChoose: "Choose microphone",
};

export type FloorWords = { readonly [K in keyof typeof floorEn]: (typeof floorEn)[K] };
