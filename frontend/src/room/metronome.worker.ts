/** A beat that goes on while the tab is hidden: browsers slow the timers of hidden pages to one a minute, not a worker's. */
const BEAT_MS = 250;

setInterval(() => postMessage(null), BEAT_MS);
