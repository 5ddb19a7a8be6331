/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floods: whoever can make a gateway write lines, any number of them, makes the tracker neither large nor slow.  Each
 * flood is run twice, the second time with 8 times the lines: memory stays below what the options give, time grows with
 * the lines, everything that was opened is emitted, and what had to go is emitted as evicted.
 */
#include "../bench/open-messages.h"

#include <criterion/criterion.h>
#include <time.h>

#define OPEN_MAX 500
#define RECIPIENTS_MAX 500
#define MESSAGE_BYTES_MAX 65536

#if defined(__SANITIZE_ADDRESS__)
#define OTHER_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OTHER_MALLOC 1
#endif
#endif

typedef void (*WriteLine)(guint i, GString *out);

typedef struct _Flood
{
  const gchar *name;
  WriteLine write;
  guint lines;            /* of the first run; large enough to reach the limits */
  gsize bytes_max;
  gboolean evicts;        /* messages */
  guint open_max;         /* 0: OPEN_MAX */
} Flood;

typedef struct _Outcome
{
  gint64 usec;
  gsize bytes;
  guint64 documents, evicted;
  guint open_max, sessions_max;
  TrackerCounters counters;
} Outcome;

#define STAMP "2026-11-24 17:36:45 "
#define UTM_STAMP "2026:11:24-17:36:45 "
#define SECOND 1795541805
#define ID "1xVuRg-0001cr-22"

static void
_id(guint i, guint pid, gchar out[QUEUE_ID_NEW_LEN + 1])
{
  queue_id_encode(&(QueueId) { SECOND + i / 3000, pid, i % 3000 }, FALSE, out);
}

static void
_connection(guint i, GString *out)
{
  g_string_printf(out, STAMP "[99] SMTP connection from [192.%u.%u.%u]:%u (TCP/IP connection count = 1)", i >> 16 & 255,
                  i >> 8 & 255, i & 255, 1024 + i % 60000);
}

static void
_session(guint i, GString *out)
{
  g_string_printf(out, STAMP "[%u] H=(x) [192.0.2.9]:%u Warning: hello", 100 + i, 1024 + i % 60000);
}

static void
_refusal(guint i, GString *out)
{
  g_string_printf(out, STAMP "[%u] H=(x) [192.%u.%u.%u]:77 F=<a@b.test> rejected RCPT <c@d.test>: no", 100 + i,
                  i >> 16 & 255, i >> 8 & 255, i & 255);
}

static void
_client_of_one_process(guint i, GString *out)
{
  g_string_printf(out, STAMP "[99] H=(x) [192.%u.%u.%u]:77 F=<a@b.test> rejected RCPT <c@d.test>: no", i >> 16 & 255,
                  i >> 8 & 255, i & 255);
}

static void
_refusal_in_one_session(guint i, GString *out)
{
  g_string_printf(out, STAMP "[99] H=(x) [192.0.2.9]:77 F=<a@b.test> rejected RCPT <c%u@d.test>: no", i);
}

static void
_warning_in_one_session(guint i, GString *out)
{
  g_string_printf(out, STAMP "[99] H=(x) [192.0.2.9]:77 Warning: w%u", i);
}

static void
_recipient_in_one_session(guint i, GString *out)
{
  g_string_printf(out, UTM_STAMP "d exim-in[99]: " STAMP "[192.0.2.9] F=<a@b.test> R=<c%u@d.test> Accepted: from relay", i);
}

static void
_pending(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1];

  _id(i, 100 + i, id);
  g_string_printf(out, UTM_STAMP "d exim-in[%u]: " STAMP "%s DKIM: d=b.test s=s c=relaxed/relaxed a=rsa-sha256 "
                  "[verification succeeded]", 100 + i, id);
}

static void
_pending_of_one_session(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1];

  _id(i, 99, id);
  g_string_printf(out, UTM_STAMP "d exim-in[99]: " STAMP "%s DKIM: d=b.test s=s c=relaxed/relaxed a=rsa-sha256 "
                  "[verification succeeded]", id);
}

/* sessions that end while many messages of others are pending */
static void
_pending_and_refused(guint i, GString *out)
{
  if (i % 3 < 2)
    _pending(i, out);
  else
    g_string_printf(out, UTM_STAMP "d exim-in[%u]: " STAMP "SMTP connection from (x) [192.0.2.9]:77 closed by QUIT",
                    100 + i - 1);
}

static void
_arrival(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1];

  _id(i, 100 + i, id);
  g_string_printf(out, STAMP "%s <= a@b.test H=(x) [192.0.2.9] P=esmtp S=%u for c@d.test", id, i);
}

static void
_bounce(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1];

  _id(i, 100 + i, id);
  g_string_printf(out, STAMP "%s <= <> R=" ID " U=x P=local S=1", id);
}

/* of three lines each; nothing of them waits for anything */
static void
_whole_message(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1];

  _id(i / 3, 100 + i / 3, id);
  if (i % 3 == 0)
    g_string_printf(out, STAMP "%s <= a@b.test U=x P=local S=1 for c@d.test", id);
  else if (i % 3 == 1)
    g_string_printf(out, STAMP "%s => c@d.test R=r T=t", id);
  else
    g_string_printf(out, STAMP "%s Completed", id);
}

static void
_warning_of_one(guint i, GString *out)
{
  g_string_printf(out, STAMP ID " H=(x) [192.0.2.9] Warning: w%u", i);
}

static void
_line_of_one(guint i, GString *out)
{
  g_string_printf(out, UTM_STAMP "d smtpd[%u]: QMGR[%u]: " ID " moved to work queue", i, i);
}

static void
_delivery_of_one(guint i, GString *out)
{
  g_string_printf(out, STAMP ID " == c%u@d.test R=r T=t defer (-44): later", i);
}

static void
_recipient_of_one(guint i, GString *out)
{
  g_string_printf(out, STAMP ID " <= a@b.test H=(x) [192.0.2.9] P=esmtp S=1 for");
  for (guint k = 0; k < 200; k++)
    g_string_append_printf(out, " c%u@d.test", i * 200 + k);
}

static void
_signature_of_one(guint i, GString *out)
{
  g_string_printf(out, STAMP ID " DKIM: d=b.test s=s%u c=relaxed/relaxed a=rsa-sha256 [verification succeeded]", i);
}

static void
_scan(guint i, const gchar *id, const gchar *parent, GString *out)
{
  g_string_printf(out, UTM_STAMP "d smtpd[9]: SCANNER[9]: %s <= a@b.test R=%s P=INPUT S=9", id, parent);
}

static void
_id_chain(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1], parent[QUEUE_ID_NEW_LEN + 1];

  _id(i + 1, 9, id);
  _id(i, 9, parent);
  _scan(i, id, parent, out);
}

static void
_id_star(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1];

  _id(i, 9, id);
  _scan(i, id, ID, out);
}

static void
_parent(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1], parent[QUEUE_ID_NEW_LEN + 1];

  _id(2 * i, 9, id);
  _id(2 * i + 1, 9, parent);
  _scan(i, id, parent, out);
}

/* a large message that becomes the child of one message after the other */
static void
_adoption(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1];

  _id(i / 2, 9, id);
  if (i < 3000)
    _line_of_one(i, out);
  else if (i % 2)
    _scan(i, ID, id, out);
  else
    g_string_printf(out, STAMP "%s <= a@b.test H=(x) [192.0.2.9] P=esmtp S=1 for c@d.test", id);
}

static void
_event_of_one(guint i, GString *out)
{
  g_string_printf(out, UTM_STAMP "d smtpd[9]: SCANNER[9]: id=\"1000\" severity=\"i\" sys=\"S\" sub=\"s\""
                  " name=\"email passed\" from=\"a\" to=\"r%u@c\" subject=\"s\" queueid=\"" ID "\" size=\"9\"", i);
}

static void
_worker(guint i, GString *out)
{
  g_string_printf(out, UTM_STAMP "d smtpd[%u]: SCANNER[%u]: " ID " => work R=SCANNER T=SCANNER", 100 + i, 100 + i);
}

/* each one tells that summer time has begun or ended */
static void
_offset_in_turn(guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1];

  queue_id_encode(&(QueueId) { SECOND - i % 2 * 3600, 100 + i / 3000, i % 3000 }, FALSE, id);
  g_string_printf(out, STAMP "%s <= a@b.test H=(x) [192.0.2.9] P=esmtp S=1", id);
}

static void
_say_at(gint64 sec, GString *out, const gchar *text)
{
  Stamp stamp = { .local_usec = sec * STAMP_USEC };
  gchar printed[STAMP_ISO_MAX];

  stamp_format_local(&stamp, printed);
  printed[strlen("2026-11-24")] = ' ';
  g_string_printf(out, "%s %s", printed, text);
}

static void
_connection_at(gint64 sec, guint i, GString *out)
{
  gchar *text = g_strdup_printf("[99] SMTP connection from [192.0.2.9]:%u (TCP/IP connection count = 1)", i);

  _say_at(sec, out, text);
  g_free(text);
}

/* messages arrive; at the end of both runs come lines that move the clock.  The number of those so far */
static guint
_moves(guint i, gboolean *is_one)
{
  *is_one = (i >= 7500 && i < 7750) || i >= 60000;
  return i < 7500 ? 0 : i < 7750 ? i - 7500 : i < 60000 ? 250 : i - 60000 + 250;
}

static void
_arrival_at(gint64 sec, guint i, GString *out)
{
  gchar id[QUEUE_ID_NEW_LEN + 1], *text;

  queue_id_encode(&(QueueId) { sec, 100 + i / 3000, i % 3000 }, FALSE, id);
  text = g_strdup_printf("%s <= a@b.test U=x P=local S=1", id);
  _say_at(sec, out, text);
  g_free(text);
}

/* each pair lets the clock wait, and go on by 8 minutes */
static void
_late_and_ahead(guint i, GString *out)
{
  gboolean is_move;
  guint moves = _moves(i, &is_move);
  gint64 sec = SECOND + (gint64) moves / 2 * 480;

  if (is_move && moves % 2 == 0)
    _connection_at(sec - 480, i, out);
  else
    _arrival_at(is_move ? sec + 480 : sec, i, out);
}

/* one of three lines takes the clock to tomorrow, the others agree that it was wrong */
static void
_tomorrow_and_back(guint i, GString *out)
{
  gboolean is_move;
  guint moves = _moves(i, &is_move);

  if (is_move)
    _connection_at(SECOND + (moves % 3 ? 0 : 80000), i, out);
  else
    _arrival_at(SECOND, i, out);
}

static void
_host(guint i, GString *out)
{
  g_string_printf(out, UTM_STAMP "host%u exim-in[99]: " STAMP ID " <= a@b.test H=(x) [192.0.2.9] P=esmtp S=1", i);
}

static void
_quiet_host(guint i, GString *out)
{
  g_string_printf(out, UTM_STAMP "host%u exim-in[99]: " STAMP "SMTP connection from (x) [192.0.2.9]:77 closed by QUIT", i);
}

static void
_piece(guint i, GString *out)
{
  g_string_printf(out, "<22>Nov 24 17:36:45 d exim[%u]: [1/3] " STAMP "H=(x) [192.0.2.9]:77 Warning: one two ", 100 + i);
}

static void
_large_piece(guint i, GString *out)
{
  g_string_printf(out, "<22>Nov 24 17:36:45 d exim[%u]: [%u/500] " STAMP "H=(x) [192.0.2.9]:77 Warning: ", 100 + i % 400,
                  1 + i / 400 % 400);
  for (guint k = 0; k < 500; k++)
    g_string_append(out, " word");
}

static void
_piece_of_one(guint i, GString *out)
{
  g_string_printf(out, "<22>Nov 24 17:36:45 d exim[99]: [%u/512] w%u", 1 + i % 511, i);
}

static void
_feed(Tracker *tracker, GString *text, SummaryQueue *queue)
{
  Frame frame;
  Line line;

  frame_split(slice_new(text->str, text->len), SECOND, &frame);
  line_parse(&frame, &line);
  if (!frame.host.len)
    frame.host = SLICE("d");
  tracker_feed(tracker, &frame, &line, 0, queue);
}

static void
_drain(Outcome *self, SummaryQueue *queue)
{
  Summary *summary;

  while ((summary = summary_queue_pop(queue)))
    {
      self->documents++;
      self->evicted += summary->facts->kind == RK_MESSAGE && summary->end_reason == ER_EVICTED;
      summary_free(summary);
    }
}

/* of the processor, not of the wall: other programs run, too */
static gint64
_cpu_usec(void)
{
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
_feed_all(Outcome *self, Tracker *tracker, WriteLine write, guint n)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  GString *text = g_string_new(NULL);
  gsize before = heap_bytes();

  for (guint i = 0; i < n; i++)
    {
      write(i, text);
      gint64 start = _cpu_usec();
      _feed(tracker, text, &queue);
      _drain(self, &queue);
      self->usec += _cpu_usec() - start;
      self->open_max = MAX(self->open_max, tracker_open_messages(tracker));
      self->sessions_max = MAX(self->sessions_max, tracker_open_sessions(tracker));
      if (i % 1024 == 1023)
        self->bytes = MAX(self->bytes, heap_bytes() - before);
    }
  tracker_finish(tracker, ER_SHUTDOWN, &queue);
  _drain(self, &queue);
  g_string_free(text, TRUE);
}

static Outcome
_run(const Flood *flood, guint n)
{
  Outcome self = { 0 };
  TrackerOptions options;

  tracker_options_init(&options);
  options.max_messages = flood->open_max ? flood->open_max : OPEN_MAX;
  options.max_recipients = RECIPIENTS_MAX;
  options.max_message_bytes = MESSAGE_BYTES_MAX;
  options.max_tombstones = OPEN_MAX;
  options.max_hosts = OPEN_MAX;
  options.hash_seed = 7;
  Tracker *tracker = tracker_new(&options);
  _feed_all(&self, tracker, flood->write, n);
  self.counters = *tracker_counters(tracker);
  tracker_free(tracker);
  return self;
}

static void
_check_counters(const Flood *flood, const Outcome *outcome, guint n)
{
  const TrackerCounters *c = &outcome->counters;
  guint64 ended = 0;

  for (guint i = ER_COMPLETE; i < END_REASON_COUNT; i++)
    ended += c->messages_ended[i];
  cr_expect_eq(c->messages_opened, ended, "%s", flood->name);
  cr_expect_eq((guint64) n, c->lines_of_messages + c->lines_of_sessions + c->lines_not_ours + c->lines_unknown
               + c->lines_repeated + c->lines_continued + c->lines_late, "%s", flood->name);
  cr_expect_eq(c->lines_unknown, 0u, "%s: %u unknown", flood->name, (guint) c->lines_unknown);
  cr_expect_eq(outcome->documents, ended + c->messages_ended[ER_NONE] + c->sessions_ended + c->revisions, "%s", flood->name);
  cr_expect_eq(outcome->evicted, c->messages_ended[ER_EVICTED], "%s", flood->name);
  cr_expect_eq(outcome->evicted > 0, flood->evicts, "%s: %u evicted", flood->name, (guint) outcome->evicted);
  cr_expect_leq(outcome->open_max, flood->open_max ? flood->open_max : OPEN_MAX, "%s", flood->name);
  cr_expect_leq(outcome->sessions_max, OPEN_MAX, "%s", flood->name);
}

#define KIB 1024

static const Flood floods[] =
{
  { "connections", _connection, 4000, 300 * KIB, FALSE },
  { "sessions", _session, 4000, 800 * KIB, FALSE },
  { "refusals", _refusal, 4000, 800 * KIB, FALSE },
  { "clients of one process", _client_of_one_process, 4000, 300 * KIB, FALSE },
  { "refusals in one session", _refusal_in_one_session, 8000, 1200 * KIB, FALSE },
  { "warnings in one session", _warning_in_one_session, 8000, 1200 * KIB, FALSE },
  { "recipients in one session", _recipient_in_one_session, 8000, 1200 * KIB, FALSE },
  { "pending", _pending, 4000, 1600 * KIB, TRUE },
  { "pending of one session", _pending_of_one_session, 4000, 1200 * KIB, TRUE },
  { "pending and refused", _pending_and_refused, 8000, 1600 * KIB, TRUE },
  { "arrivals", _arrival, 4000, 1600 * KIB, TRUE },
  { "bounces of one", _bounce, 4000, 1600 * KIB, TRUE },
  { "whole messages", _whole_message, 6000, 1600 * KIB, FALSE },
  { "warnings of one", _warning_of_one, 8000, 1200 * KIB, FALSE },
  { "lines of one", _line_of_one, 8000, 1200 * KIB, FALSE },
  { "deliveries of one", _delivery_of_one, 4000, 1200 * KIB, FALSE },
  { "recipients of one", _recipient_of_one, 400, 1200 * KIB, FALSE },
  { "signatures of one", _signature_of_one, 4000, 1200 * KIB, FALSE },
  { "chain of ids", _id_chain, 8000, 1200 * KIB, TRUE, 4 },
  { "children of one", _id_star, 4000, 1200 * KIB, TRUE },
  { "parents", _parent, 4000, 1600 * KIB, TRUE },
  { "adoptions", _adoption, 8000, 1600 * KIB, TRUE },
  { "events of one", _event_of_one, 4000, 1200 * KIB, FALSE },
  { "workers", _worker, 4000, 1200 * KIB, FALSE },
  { "offsets in turn", _offset_in_turn, 4000, 60000 * KIB, FALSE, 100000 },
  { "late and ahead in turn", _late_and_ahead, 7750, 60000 * KIB, FALSE, 100000 },
  { "tomorrow and back", _tomorrow_and_back, 8000, 60000 * KIB, FALSE, 100000 },
  { "hosts", _host, 4000, 4000 * KIB, TRUE },
  { "quiet hosts", _quiet_host, 4000, 3000 * KIB, FALSE },
  { "pieces", _piece, 4000, 2000 * KIB, FALSE },
  { "large pieces", _large_piece, 4000, 14000 * KIB, FALSE },
  { "pieces of one", _piece_of_one, 4000, 1200 * KIB, FALSE },
};

static void
_check(const Flood *flood)
{
  Outcome small = _run(flood, flood->lines), large = _run(flood, flood->lines * 8);

  _check_counters(flood, &small, flood->lines);
  _check_counters(flood, &large, flood->lines * 8);
  cr_log_info("%-26s %7d us %8d us %6zu KiB %6zu KiB\n", flood->name, (gint) small.usec, (gint) large.usec,
              small.bytes / KIB, large.bytes / KIB);
  cr_expect_lt(large.usec, MAX(small.usec, 5000) * 8 * 3, "%s: %d us, then %d us", flood->name, (gint) small.usec,
               (gint) large.usec);
#ifndef OTHER_MALLOC
  cr_expect_leq(large.bytes, flood->bytes_max, "%s: %zu KiB, then %zu KiB", flood->name, small.bytes / KIB,
                large.bytes / KIB);
#endif
}

Test(limits, no_flood_makes_the_tracker_large_or_slow)
{
  for (guint i = 0; i < G_N_ELEMENTS(floods); i++)
    _check(&floods[i]);
}

static void
_feed_quiet(Tracker *tracker, guint i, SummaryQueue *queue)
{
  GString *text = g_string_new(NULL);

  _arrival(i, text);
  g_string_insert(text, (gssize) strlen(STAMP), "[9] ");
  g_string_prepend(text, "<22>Nov 24 17:36:45 quiet exim[9]: ");
  _feed(tracker, text, queue);
  g_string_free(text, TRUE);
}

/* a gateway that floods the tracker does not push out what another one has, not even when that one speaks */
Test(limits, a_flood_at_one_host_costs_another_one_nothing)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  GString *text = g_string_new(NULL);
  TrackerOptions options;
  Summary *summary;
  guint evicted = 0;

  tracker_options_init(&options);
  options.max_messages = OPEN_MAX;
  Tracker *tracker = tracker_new(&options);
  for (guint i = 0; i < 20; i++)
    {
      _feed_quiet(tracker, i, &queue);
      for (guint k = 0; k < 100; k++)
        {
          _arrival(i * 100 + k, text);
          _feed(tracker, text, &queue);
        }
    }
  for (; (summary = summary_queue_pop(&queue)); evicted++)
    {
      cr_expect_eq(summary->end_reason, ER_EVICTED);
      cr_expect(slice_equals(facts_get_text(summary->facts, F_GATEWAY), SLICE("d")));
      summary_free(summary);
    }
  cr_expect_eq(evicted, 20 * 101 - OPEN_MAX);
  cr_expect_eq(tracker_open_messages(tracker), OPEN_MAX);
  g_string_free(text, TRUE);
  tracker_free(tracker);
}

/* hosts that hold nothing go first, then the one without a line for longest */
Test(limits, a_host_that_goes_leaves_its_documents)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  GString *text = g_string_new(NULL);
  TrackerOptions options;
  Summary *summary;

  tracker_options_init(&options);
  options.max_hosts = 3;
  Tracker *tracker = tracker_new(&options);
  _feed_quiet(tracker, 1, &queue);
  for (guint i = 0; i < 2; i++)
    {
      _quiet_host(i, text);
      _feed(tracker, text, &queue);
    }
  cr_expect_null(queue.head);
  for (guint i = 2; i < 5; i++)
    {
      _host(i, text);
      _feed(tracker, text, &queue);
    }
  cr_assert_not_null(summary = summary_queue_pop(&queue));
  cr_expect_null(queue.head);
  cr_expect_eq(summary->end_reason, ER_EVICTED);
  cr_expect(slice_equals(facts_get_text(summary->facts, F_GATEWAY), SLICE("quiet")));
  cr_expect_eq(tracker_open_messages(tracker), 3u);
  summary_free(summary);
  g_string_free(text, TRUE);
  tracker_free(tracker);
}
