/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any text, line by line, through the whole core: caps hold, every opened message ends in one final document, each line
 * is counted once, and every document is valid UTF-8.
 */
#include "mailtrace/document.h"
#include "mailtrace/tracker.h"

#define MAX_MESSAGES 4

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void
_drain(SummaryQueue *queue, const DocumentWriter *writer)
{
  GString *json = g_string_new(NULL);
  Summary *summary;
  Facts *flat;

  while ((summary = summary_queue_pop(queue)))
    {
      g_string_truncate(json, 0);
      document_write(writer, summary->facts, json);
      g_assert(g_utf8_validate(json->str, (gssize) json->len, NULL));
      for (guint i = 0; (flat = summary_flat_facts(summary, RK_DELIVERY, i)); i++)
        facts_free(flat);
      summary_free(summary);
    }
  g_string_free(json, TRUE);
}

static void
_check_counters(const TrackerCounters *c, guint64 fed)
{
  guint64 ended = c->messages_ended[ER_COMPLETE] + c->messages_ended[ER_TIMEOUT] + c->messages_ended[ER_EVICTED]
                  + c->messages_ended[ER_SHUTDOWN];

  g_assert_cmpuint(c->messages_opened, ==, ended);
  g_assert_cmpuint(fed, ==, c->lines_of_messages + c->lines_of_sessions + c->lines_not_ours + c->lines_unknown
                   + c->lines_repeated + c->lines_continued + c->lines_late);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  TrackerOptions options;
  Slice rest = slice_new((const gchar *) data, size);
  guint64 fed = 0;

  tracker_options_init(&options);
  options.max_messages = MAX_MESSAGES;
  options.max_recipients = 8;
  options.max_message_bytes = 2048;
  options.max_tombstones = 8;
  Tracker *tracker = tracker_new(&options);
  DocumentWriter *writer = document_writer_new(DF_ECS);
  while (rest.len)
    {
      gssize end = slice_find_char(rest, '\n');
      Slice raw = end < 0 ? rest : slice_head(rest, (gsize) end);
      Frame frame;
      Line line;

      frame_split(raw, 1574000000, &frame);
      line_parse(&frame, &line);
      tracker_feed(tracker, &frame, &line, 0, &queue);
      _drain(&queue, writer);
      g_assert_cmpuint(tracker_open_messages(tracker), <=, MAX_MESSAGES);
      fed++;
      rest = slice_skip(rest, raw.len + 1);
    }
  tracker_finish(tracker, ER_SHUTDOWN, &queue);
  _drain(&queue, writer);
  _check_counters(tracker_counters(tracker), fed);
  tracker_free(tracker);
  document_writer_free(writer);
  return 0;
}
