/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The clock of a host (see "Time" in tracker.h) where a log is wrong about the time: what a session comes to that says
 * nothing any more tells where the clock stands.
 */
#include "facts-make.h"
#include "mailtrace/queue_id.h"
#include "mailtrace/tracker.h"
#include <criterion/criterion.h>

#define BEGIN_SEC G_GINT64_CONSTANT(1560000000)
#define FUTURE_SEC (BEGIN_SEC + 20 * 365 * 86400)

typedef struct _Log
{
  Tracker *tracker;
  GHashTable *reasons;   /* id of a document -> name of the end reason of its last revision */
  gboolean is_live;      /* each line comes at wall_sec */
  gint64 wall_sec;
} Log;

static void
_log_init(Log *self)
{
  TrackerOptions options;

  tracker_options_init(&options);
  *self = (Log) { .tracker = tracker_new(&options) };
  self->reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void
_collect(Log *self, SummaryQueue *queue)
{
  Summary *summary;

  while ((summary = summary_queue_pop(queue)))
    {
      g_hash_table_insert(self->reasons, slice_dup(facts_get_text(summary->facts, F_ID)),
                          slice_dup(facts_get_text(summary->facts, F_END_REASON)));
      summary_free(summary);
    }
}

static void
_log_release(Log *self)
{
  tracker_free(self->tracker);
  g_hash_table_destroy(self->reasons);
}

/* a line of a host whose clock stands there, and whose stamps have no offset, which is 0 */
static void
_say(Log *self, gint64 sec, const gchar *text)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  Stamp stamp = { .local_usec = sec * STAMP_USEC };
  gchar printed[STAMP_ISO_MAX], *raw;
  Frame frame;
  Line line;

  stamp_format_local(&stamp, printed);
  printed[strlen("2019-06-10")] = ' ';
  raw = g_strdup_printf("%s %s", printed, text);
  frame_split(slice_from_string(raw), BEGIN_SEC, &frame);
  line_parse(&frame, &line);
  frame.host = SLICE("mx");
  tracker_feed(self->tracker, &frame, &line, self->is_live ? self->wall_sec * STAMP_USEC : 0, &queue);
  _collect(self, &queue);
  g_free(raw);
}

static void
_say_refusal(Log *self, gint64 sec, guint pid)
{
  gchar *text = g_strdup_printf("[%u] H=(x) [192.0.2.%u]:77 F=<a@b.test> rejected RCPT <c@d.test>: no", pid, pid % 200);

  _say(self, sec, text);
  g_free(text);
}

/* its queue id tells the same second */
static void
_say_arrival(Log *self, gint64 sec, guint pid)
{
  gchar id[QUEUE_ID_NEW_LEN + 1], *text;

  queue_id_encode(&(QueueId) { sec, pid, 0 }, FALSE, id);
  text = g_strdup_printf("[%u] %s <= a@b.test U=x P=local S=1 for c@d.test", pid, id);
  _say(self, sec, text);
  g_free(text);
}

static const gchar *
_reason_of_session(const Log *self, gint64 sec, guint pid)
{
  Stamp stamp = { .local_usec = sec * STAMP_USEC };
  gchar printed[STAMP_ISO_MAX], *id;
  const gchar *reason;

  stamp_format_local(&stamp, printed);
  id = g_strdup_printf("mx:session:%u:%s", pid, printed);
  reason = g_hash_table_lookup(self->reasons, id);
  g_free(id);
  return reason ? reason : "none";
}

/* switched on with a wrong clock it makes queue ids that say the same */
Test(clock, one_line_of_the_future_and_its_queue_id_are_taken_back)
{
  Log log;

  _log_init(&log);
  _say_arrival(&log, BEGIN_SEC, 10);
  _say_arrival(&log, FUTURE_SEC, 11);
  _say_refusal(&log, BEGIN_SEC + 2, 12);
  _say_refusal(&log, BEGIN_SEC + 3, 13);
  _say_refusal(&log, BEGIN_SEC + 299, 14);
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 3, 13), "none");
  _say_refusal(&log, BEGIN_SEC + 303, 15);
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 2, 12), "timeout");
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 3, 13), "timeout");
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 299, 14), "none");
  _log_release(&log);
}

Test(clock, two_lines_of_the_future_are_taken_back_by_one_that_the_wall_clock_confirms)
{
  Log log;

  _log_init(&log);
  log.is_live = TRUE;
  log.wall_sec = BEGIN_SEC + 1;
  _say_arrival(&log, BEGIN_SEC, 10);
  _say_arrival(&log, FUTURE_SEC, 11);
  _say_arrival(&log, FUTURE_SEC + 1, 12);
  _say_refusal(&log, FUTURE_SEC + 2, 13);
  _say_refusal(&log, BEGIN_SEC + 2, 14);
  cr_expect_str_eq(_reason_of_session(&log, FUTURE_SEC + 2, 13), "none");
  _say_refusal(&log, BEGIN_SEC + 303, 15);
  cr_expect_str_eq(_reason_of_session(&log, FUTURE_SEC + 2, 13), "timeout");
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 2, 14), "timeout");
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 303, 15), "none");
  _log_release(&log);
}

/* months without a line, and the first one behind them tells nothing of its time */
Test(clock, a_gap_of_months_is_one)
{
  Log log;

  _log_init(&log);
  _say_arrival(&log, BEGIN_SEC, 10);
  _say_refusal(&log, BEGIN_SEC + 1, 11);
  _say_refusal(&log, BEGIN_SEC + 90 * 86400, 12);
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 1, 11), "none");
  _say_refusal(&log, BEGIN_SEC + 90 * 86400 + 1, 13);
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 1, 11), "timeout");
  cr_expect_str_eq(_reason_of_session(&log, BEGIN_SEC + 90 * 86400, 12), "none");
  _log_release(&log);
}
