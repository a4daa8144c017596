/* The members of a benchmarked room: they send SRTP at the pace of real calls, and open and check every packet
 * they get. Loaded with ctypes from load.py; libsrtp's functions come as pointers, so that no headers are needed.
 *
 * One-way latency is the kernel's receive time (SO_TIMESTAMPNS) minus the send time in the payload: this program's own
 * wake-ups do not count. One call of load_run after another continues the same streams.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

typedef int (*srtp_call)(void *context, void *packet, int *length);

typedef struct {
  int32_t send_fd, receive_fd; /* connected; equal where one connection carries both */
  void *send_context, *receive_context;
  uint32_t audio_ssrc, video_ssrc;
  uint8_t audio_type, video_type; /* payload types */
  /* Kept from run to run. */
  uint16_t audio_seq, video_seq, transport_seq, picture;
  uint32_t audio_time, video_time, frame, audio_sent, video_sent;
  uint64_t next_audio, next_video, next_report;
} member;

typedef struct {
  srtp_call protect, unprotect, protect_rtcp, unprotect_rtcp;
} srtp_calls;

typedef struct {
  uint64_t sent, received, received_bytes, rejected, foreign, rtcp, other, latencies;
  double p50_us, p99_us;
} result;

enum {
  BATCH = 64, SIZE = 2048, AUDIO_BYTES = 90, VIDEO_BYTES = 1060, PACKETS_PER_FRAME = 3, FRAMES_PER_KEY = 40,
  LEVEL_ID = 2, SEND_TIME_ID = 3, TRANSPORT_ID = 4
};
static const uint64_t MS = 1000000, AUDIO_EVERY = 20000000, VIDEO_EVERY = 50000000, REPORT_EVERY = 1000000000;
static const uint32_t MAGIC = 0x76494f50;

static uint64_t now_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void put16(uint8_t *at, uint32_t v) { at[0] = (uint8_t)(v >> 8); at[1] = (uint8_t)v; }
static void put32(uint8_t *at, uint32_t v) { put16(at, v >> 16); put16(at + 2, v); }

/* RTP header with a one-byte extension block of two words; returns its length. */
static int header(uint8_t *b, member *m, int video, int marker) {
  b[0] = 0x90;
  b[1] = (uint8_t)((video ? m->video_type : m->audio_type) | (marker ? 0x80 : 0));
  put16(b + 2, video ? m->video_seq++ : m->audio_seq++);
  put32(b + 4, video ? m->video_time : m->audio_time);
  put32(b + 8, video ? m->video_ssrc : m->audio_ssrc);
  put32(b + 12, 0xbede0002);
  memset(b + 16, 0, 8);
  uint8_t *e = b + 16;
  if (video) {
    uint64_t ns = now_ns(CLOCK_REALTIME); /* 6.18 fixed point seconds */
    uint32_t t = (uint32_t)(((ns / 1000000000) << 18) + ((ns % 1000000000) << 18) / 1000000000) & 0xffffff;
    e[0] = SEND_TIME_ID << 4 | 2; e[1] = (uint8_t)(t >> 16); e[2] = (uint8_t)(t >> 8); e[3] = (uint8_t)t;
    e += 4;
  } else {
    e[0] = LEVEL_ID << 4; e[1] = (uint8_t)(0x80 | (20 + m->audio_seq % 20));
    e += 2;
  }
  e[0] = TRANSPORT_ID << 4 | 1;
  put16(e + 1, m->transport_seq++);
  return 24;
}

static int body(uint8_t *b, int length, uint32_t sender, uint32_t number) {
  memset(b, 0x5a, (size_t)length);
  uint64_t t = now_ns(CLOCK_REALTIME);
  memcpy(b, &MAGIC, 4); memcpy(b + 4, &sender, 4); memcpy(b + 8, &number, 4); memcpy(b + 12, &t, 8);
  return length;
}

static void deliver(member *m, const srtp_calls *srtp, uint8_t *b, int length, result *r) {
  if (srtp->protect(m->send_context, b, &length)) abort();
  if (send(m->send_fd, b, (size_t)length, MSG_DONTWAIT) == length) r->sent++;
}

static void send_audio(member *m, uint32_t index, const srtp_calls *srtp, result *r) {
  uint8_t b[SIZE];
  int n = header(b, m, 0, 0);
  n += body(b + n, AUDIO_BYTES, index, m->audio_sent++);
  m->audio_time += 960;
  deliver(m, srtp, b, n, r);
}

/* One VP8 frame, with the descriptor browsers send (picture id of 15 bits, TL0PICIDX, TID, KEYIDX; RFC 7741, 4.2). */
static void send_frame(member *m, uint32_t index, const srtp_calls *srtp, result *r) {
  int key = m->frame % FRAMES_PER_KEY == 0;
  for (int k = 0; k < PACKETS_PER_FRAME; k++) {
    uint8_t b[SIZE];
    int n = header(b, m, 1, k == PACKETS_PER_FRAME - 1);
    b[n] = (uint8_t)(0x80 | (k == 0 ? 0x10 : 0));
    b[n + 1] = 0xf0;
    put16(b + n + 2, 0x8000 | (m->picture & 0x7fff));
    b[n + 4] = (uint8_t)m->frame;
    b[n + 5] = 0;
    n += 6;
    b[n] = (uint8_t)(k == 0 && key ? 0x10 : 0x11); /* the payload header's inverse key frame bit is its lowest */
    b[n + 1] = b[n + 2] = 0;
    b[n + 3] = 0x9d; b[n + 4] = 0x01; b[n + 5] = 0x2a;
    put32(b + n + 6, 0x80026801); /* 640 x 360, little-endian halves */
    n += 10;
    n += body(b + n, VIDEO_BYTES, index, m->video_sent++);
    deliver(m, srtp, b, n, r);
  }
  m->frame++; m->picture++;
  m->video_time += 4500;
}

/* Sender reports of both streams and a REMB of 8 Mbit/s, as one compound packet. */
static void send_report(member *m, const srtp_calls *srtp) {
  uint8_t b[SIZE];
  int n = 0;
  uint64_t t = now_ns(CLOCK_REALTIME);
  for (int video = 0; video < 2; video++, n += 28) {
    put32(b + n, 0x80c80006); put32(b + n + 4, video ? m->video_ssrc : m->audio_ssrc);
    put32(b + n + 8, (uint32_t)(t / 1000000000 + 2208988800u));
    put32(b + n + 12, (uint32_t)(((t % 1000000000) << 32) / 1000000000));
    put32(b + n + 16, video ? m->video_time : m->audio_time);
    put32(b + n + 20, video ? m->video_sent : m->audio_sent);
    put32(b + n + 24, video ? m->video_sent * VIDEO_BYTES : m->audio_sent * AUDIO_BYTES);
  }
  put32(b + n, 0x8fce0004); put32(b + n + 4, m->video_ssrc); put32(b + n + 8, 0);
  memcpy(b + n + 12, "REMB", 4);
  b[n + 16] = 0; /* no SSRC named: the whole connection */
  b[n + 17] = 8 << 2 | 0; put16(b + n + 18, 31250); /* 31250 * 2^8 = 8,000,000 */
  n += 20;
  if (srtp->protect_rtcp(m->send_context, b, &n)) abort();
  (void)!send(m->send_fd, b, (size_t)n, MSG_DONTWAIT);
}

static uint8_t (*buffers)[SIZE];
static uint8_t control[BATCH][64];

static void count(member *m, uint32_t index, uint8_t *p, int length, struct msghdr *h, const srtp_calls *srtp,
                  result *r, uint32_t *latency, uint64_t capacity) {
  if (length < 12 || p[0] < 128 || p[0] > 191) { r->other++; return; }
  if (p[1] >= 192 && p[1] <= 223) { r->rtcp++; return; }
  if (srtp->unprotect(m->receive_context, p, &length)) { r->rejected++; return; }
  int at = 12 + 4 * (p[0] & 15);
  if (p[0] & 0x10) at += 4 + 4 * (p[at + 2] << 8 | p[at + 3]);
  uint32_t magic, sender;
  if (length - at > 1000) at += 16; /* a video payload begins with its descriptor */
  if (length < at + 20 || (memcpy(&magic, p + at, 4), magic) != MAGIC) { r->foreign++; return; }
  memcpy(&sender, p + at + 4, 4);
  if (sender == index) { r->foreign++; return; }
  r->received++;
  r->received_bytes += (uint64_t)length;
  uint64_t t;
  memcpy(&t, p + at + 12, 8);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS && r->latencies < capacity) {
      struct timespec ts;
      memcpy(&ts, CMSG_DATA(c), sizeof ts);
      int64_t d = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec - (int64_t)t;
      latency[r->latencies++] = d < 0 ? 0 : (uint32_t)(d / 100);
    }
}

static void receive(member *m, uint32_t index, const srtp_calls *srtp, result *r, uint32_t *latency, uint64_t capacity) {
  struct mmsghdr batch[BATCH];
  struct iovec part[BATCH];
  int got;
  do {
    memset(batch, 0, sizeof batch);
    for (int k = 0; k < BATCH; k++) {
      part[k] = (struct iovec){buffers[k], SIZE};
      batch[k].msg_hdr.msg_iov = &part[k]; batch[k].msg_hdr.msg_iovlen = 1;
      batch[k].msg_hdr.msg_control = control[k]; batch[k].msg_hdr.msg_controllen = sizeof control[k];
    }
    got = recvmmsg(m->receive_fd, batch, BATCH, MSG_DONTWAIT, 0);
    for (int k = 0; k < got; k++)
      count(m, index, buffers[k], (int)batch[k].msg_len, &batch[k].msg_hdr, srtp, r, latency, capacity);
  } while (got == BATCH);
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* Let `n` members talk for `seconds`, then listen a little longer for what is still on its way. 0, or -1 without memory. */
int load_run(member *members, int n, double seconds, const srtp_calls *srtp, result *r) {
  memset(r, 0, sizeof *r);
  const uint64_t capacity = (uint64_t)(seconds * n * n * 120) + 1000;
  uint32_t *latency = malloc(capacity * sizeof *latency);
  if (!buffers) buffers = malloc(BATCH * sizeof *buffers);
  if (!latency || !buffers) return -1;
  uint64_t start = now_ns(CLOCK_MONOTONIC), end = start + (uint64_t)(seconds * 1e9), now;
  for (int i = 0; i < n; i++) {
    int on = 1, bytes = 4 << 20;
    setsockopt(members[i].receive_fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(members[i].receive_fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    members[i].next_audio = start + AUDIO_EVERY * (uint64_t)i / (uint64_t)n;
    members[i].next_video = start + VIDEO_EVERY * (uint64_t)i / (uint64_t)n;
    members[i].next_report = start + REPORT_EVERY * (uint64_t)i / (uint64_t)n;
  }
  while ((now = now_ns(CLOCK_MONOTONIC)) < end + 250 * MS) {
    uint64_t next = now + MS;
    for (int i = 0; i < n && now < end; i++) {
      member *m = &members[i];
      for (; m->next_audio <= now; m->next_audio += AUDIO_EVERY) send_audio(m, (uint32_t)i, srtp, r);
      for (; m->next_video <= now; m->next_video += VIDEO_EVERY) send_frame(m, (uint32_t)i, srtp, r);
      for (; m->next_report <= now; m->next_report += REPORT_EVERY) send_report(m, srtp);
      if (m->next_audio < next) next = m->next_audio;
      if (m->next_video < next) next = m->next_video;
    }
    for (int i = 0; i < n; i++) {
      receive(&members[i], (uint32_t)i, srtp, r, latency, capacity);
      if (members[i].send_fd != members[i].receive_fd) { /* feedback to the sending connection */
        uint8_t b[SIZE];
        while (recv(members[i].send_fd, b, sizeof b, MSG_DONTWAIT) > 0) r->rtcp++;
      }
    }
    struct timespec until = {(time_t)(next / 1000000000), (long)(next % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0);
  }
  if (r->latencies) {
    qsort(latency, r->latencies, sizeof *latency, by_size);
    r->p50_us = latency[r->latencies / 2] / 10.0;
    r->p99_us = latency[r->latencies * 99 / 100] / 10.0;
  }
  free(latency);
  return 0;
}
