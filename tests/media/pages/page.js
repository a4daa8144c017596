// One member of a room in a real browser, on the unmodified livekit-client. Tests call these functions.
'use strict';

const { Room, RoomEvent, Track, ExternalE2EEKeyProvider, VideoQuality } = LivekitClient;
LivekitClient.setLogLevel('warn');

const events = [];
const packets = [];
let room;

// options: url, token, single, publish, simulcast, dynacast, adaptiveStream, key
async function join(options) {
  const encryption = options.key ? await encrypted(options.key) : undefined;
  room = new Room({
    singlePeerConnection: options.single !== false,
    dynacast: options.dynacast === true,
    adaptiveStream: options.adaptiveStream === true,
    encryption,
  });
  if (encryption) await room.setE2EEEnabled(true);
  listen();
  await room.connect(options.url, options.token);
  if (options.publish !== false) {
    await room.localParticipant.setMicrophoneEnabled(true);
    await room.localParticipant.setCameraEnabled(
      true,
      { resolution: { width: 1280, height: 720, frameRate: 20 } },
      { simulcast: options.simulcast !== false, videoCodec: 'vp8' },
    );
  }
  return room.localParticipant.sid;
}

async function encrypted(key) {
  const keyProvider = new ExternalE2EEKeyProvider();
  await keyProvider.setKey(key);
  return { keyProvider, worker: new Worker('/livekit-client/livekit-client.e2ee.worker.js') };
}

function listen() {
  for (const name of ['Connected', 'Reconnecting', 'SignalReconnecting', 'Reconnected', 'Disconnected', 'Moved'])
    room.on(RoomEvent[name], () => events.push(name));
  for (const name of ['ParticipantConnected', 'ParticipantDisconnected'])
    room.on(RoomEvent[name], (who) => events.push(`${name} ${who.identity}`));
  for (const name of ['TrackMuted', 'TrackUnmuted'])
    room.on(RoomEvent[name], (what, who) => events.push(`${name} ${who.identity} ${what.source}`));
  room.on(RoomEvent.DataReceived, (data, who) => packets.push([who?.identity, new TextDecoder().decode(data)]));
  room.on(RoomEvent.TrackSubscribed, (track) => {
    const element = track.attach();
    element.dataset.sid = track.sid;
    element.style.width = '320px';
    document.body.append(element);
  });
  room.on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()));
}

const remote = (identity) => room.remoteParticipants.get(identity);
const publicationOf = (identity, source) => remote(identity)?.getTrackPublication(source);

// What arrives from each other member, by source, from the browser's own statistics.
async function received() {
  const found = {};
  for (const who of room?.remoteParticipants.values() ?? []) {
    for (const publication of who.trackPublications.values()) {
      const key = `${who.identity}/${publication.source}`;
      found[key] = { muted: publication.isMuted, frames: 0, packets: 0, energy: 0, width: 0, height: 0 };
      const report = await publication.track?.receiver?.getStats();
      for (const one of report?.values() ?? []) {
        if (one.type !== 'inbound-rtp') continue;
        Object.assign(found[key], {
          frames: one.framesDecoded ?? 0,
          packets: one.packetsReceived ?? 0,
          lost: one.packetsLost ?? 0,
          energy: one.totalAudioEnergy ?? 0,
          width: one.frameWidth ?? 0,
          height: one.frameHeight ?? 0,
          nacks: one.nackCount ?? 0,
          plis: one.pliCount ?? 0,
          samples: one.totalSamplesReceived ?? 0,
          concealed: one.concealedSamples ?? 0,
        });
      }
    }
  }
  return found;
}

// What this page sends, layer by layer.
async function sent() {
  const found = [];
  for (const publication of room.localParticipant.trackPublications.values()) {
    const report = await publication.track?.sender?.getStats();
    for (const one of report?.values() ?? [])
      if (one.type === 'outbound-rtp')
        found.push({
          kind: one.kind,
          rid: one.rid ?? '',
          active: one.active,
          frames: one.framesSent ?? 0,
          packets: one.packetsSent,
          width: one.frameWidth ?? 0,
          retransmitted: one.retransmittedPacketsSent ?? 0,
        });
  }
  return found;
}

const connections = () => {
  const { publisher, subscriber } = room.engine.pcManager;
  return [publisher, subscriber].filter(Boolean).map((transport) => transport.pc ?? transport._pc);
};

// The user name fragments of this page's peer connections: an ICE restart changes them.
const fragments = () =>
  connections().map((pc) => /a=ice-ufrag:(\S+)/.exec(pc?.localDescription?.sdp ?? '')?.[1] ?? '');

const transports = async () => {
  const found = [];
  for (const pc of connections()) {
    const report = await pc.getStats();
    for (const one of report.values()) if (one.type === 'candidate-pair' && one.nominated) found.push(report.get(one.localCandidateId)?.protocol);
  }
  return found;
};

const state = async () => ({
  state: room?.state ?? 'none',
  sid: room?.localParticipant.sid ?? '',
  others: [...(room?.remoteParticipants.keys() ?? [])].sort(),
  name: room?.name ?? '',
  events: [...events],
  packets: [...packets],
  received: room ? await received() : {},
});

const chooseQuality = (identity, quality) =>
  publicationOf(identity, Track.Source.Camera).setVideoQuality(VideoQuality[quality]);
const send = (text, reliable) =>
  room.localParticipant.publishData(new TextEncoder().encode(text), { reliable });

// How many distinct colours the picture of the first remote camera has: an undecodable one is flat.
function colours() {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [64, 36];
  const context = canvas.getContext('2d');
  const video = document.querySelector('video');
  if (!video) return 0;
  context.drawImage(video, 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) seen.add(((data[at] >> 4) << 8) | ((data[at + 1] >> 4) << 4) | (data[at + 2] >> 4));
  return seen.size;
}
