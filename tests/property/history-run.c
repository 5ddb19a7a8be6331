/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history-run.h"
#include "facts-make.h"
#include <criterion/criterion.h>

guint32 current_seed;

static gboolean
_is_twin(const Facts *document, const Facts *before)
{
  return !facts_has(document, F_QUEUE_IDS) && facts_at(document, F_RECEIVED)->stamp.offset_sec
         != facts_at(before, F_RECEIVED)->stamp.offset_sec;
}

static void
_collect(Run *self, SummaryQueue *queue)
{
  Summary *summary;

  while ((summary = summary_queue_pop(queue)))
    {
      gchar *id = slice_dup(facts_get_text(summary->facts, F_ID));
      const Facts *before = g_hash_table_lookup(self->documents, id);
      gboolean is_twin = before && _is_twin(summary->facts, before);

      gint64 revision = facts_get_integer(summary->facts, F_REVISION, 0);

      cr_expect(!before || is_twin || facts_get_integer(before, F_REVISION, 0) < revision,
                "seed %u: revision of %s does not rise", current_seed, id);
      self->twins += is_twin;
      g_hash_table_insert(self->documents, id, summary->facts);
    }
}

static void
_feed(Run *self, Tracker *tracker, const HistoryLine *history_line, gboolean is_live)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  Frame frame;
  Line line;

  frame_split(slice_from_string(history_line->text), BEGIN_SEC, &frame);
  if (!frame.host.len)
    frame.host = SLICE("localhost");
  if (slice_starts_with(frame.host, SLICE("utm-")))
    {
      frame.node = frame.host;
      frame.host = SLICE("utm");
    }
  line_parse(&frame, &line);
  tracker_feed(tracker, &frame, &line, is_live ? history_line->sec * STAMP_USEC : 0, &queue);
  self->fed++;
  _collect(self, &queue);
}

static void
_tick(Run *self, Tracker *tracker, gint64 sec)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;

  tracker_tick(tracker, sec * STAMP_USEC, &queue);
  _collect(self, &queue);
}

/* long enough for everything but the timeout of messages */
static void
_let_settle(Run *self, Tracker *tracker, gint64 sec)
{
  _tick(self, tracker, sec);
  _tick(self, tracker, sec + 2 * DAY_SEC);
}

static void
_feed_all(Run *self, Tracker *tracker, const Plan *plan)
{
  for (guint i = 0; i < plan->lines->len; i++)
    {
      const HistoryLine *line = g_ptr_array_index(plan->lines, i);
      const HistoryLine *next = i + 1 < plan->lines->len ? g_ptr_array_index(plan->lines, i + 1) : line;

      _feed(self, tracker, line, plan->is_live);
      self->open_max = MAX(self->open_max, tracker_open_messages(tracker));
      for (gint64 sec = line->sec; plan->is_live && sec <= MIN(next->sec, line->sec + 400); sec++)
        _tick(self, tracker, sec);
      if (plan->is_live && next->sec > line->sec)
        _tick(self, tracker, next->sec);
    }
}

static gint32
_no_offset(gint64 local_sec, gpointer unused)
{
  return 0;
}

static void
_check_counters(const Run *self)
{
  const TrackerCounters *c = &self->counters;
  guint64 ended = 0;

  for (guint i = ER_COMPLETE; i < END_REASON_COUNT; i++)
    ended += c->messages_ended[i];
  cr_expect_eq(c->messages_opened, ended, "seed %u", current_seed);
  cr_expect_eq(self->fed, c->lines_of_messages + c->lines_of_sessions + c->lines_not_ours + c->lines_unknown
               + c->lines_repeated + c->lines_continued + c->lines_late, "seed %u", current_seed);
  cr_expect_eq(c->lines_unknown, 0u, "seed %u", current_seed);
}

Run
history_run(const Plan *plan)
{
  Run self = { 0 };
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  TrackerOptions options;
  const HistoryLine *last = g_ptr_array_index(plan->lines, plan->lines->len - 1);

  self.documents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) facts_free);
  tracker_options_init(&options);
  options.offset_at = _no_offset;
  if (plan->max_messages)
    options.max_messages = plan->max_messages;
  Tracker *tracker = tracker_new(&options);
  _feed_all(&self, tracker, plan);
  if (plan->settled_before)
    _let_settle(&self, tracker, last->sec);
  for (guint i = plan->lines->len - plan->again; i < plan->lines->len; i++)
    _feed(&self, tracker, g_ptr_array_index(plan->lines, i), FALSE);
  _let_settle(&self, tracker, last->sec + 3 * DAY_SEC);
  tracker_finish(tracker, ER_SHUTDOWN, &queue);
  _collect(&self, &queue);
  self.counters = *tracker_counters(tracker);
  cr_expect_eq(tracker_open_messages(tracker), 0u);
  tracker_free(tracker);
  _check_counters(&self);
  return self;
}

void
history_run_release(Run *self)
{
  g_hash_table_destroy(self->documents);
}
