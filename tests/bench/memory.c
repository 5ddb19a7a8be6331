/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory [MESSAGES [JOURNAL]]: what an open message costs; with a journal if a file is named.
 */
#include "open-messages.h"

#include <stdio.h>
#include <stdlib.h>

static gsize
_resident_kib(void)
{
  gchar *text = NULL;
  gsize kib = 0;

  if (g_file_get_contents("/proc/self/status", &text, NULL, NULL) && strstr(text, "VmRSS:"))
    kib = strtoul(strstr(text, "VmRSS:") + 6, NULL, 10);
  g_free(text);
  return kib;
}

static void
_use_journal(Tracker *tracker, const gchar *path)
{
  gchar *problem, *notice;
  JournalFile *file = journal_file_open(path, 1, &problem, &notice);

  if (!file)
    {
      fprintf(stderr, "%s: %s\n", path, problem);
      exit(1);
    }
  journal_set_file(tracker_journal(tracker), file);
  journal_file_unref(file);
}

int
main(int argc, char **argv)
{
  guint n = argc > 1 ? (guint) strtoul(argv[1], NULL, 10) : 1000000;
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  TrackerOptions options;

  tracker_options_init(&options);
  options.max_messages = n + 1;
  options.hash_seed = 1;
  Tracker *tracker = tracker_new(&options);
  if (argc > 2)
    _use_journal(tracker, argv[2]);
  gsize heap = heap_bytes(), resident = _resident_kib();
  gint64 start = g_get_monotonic_time();
  open_messages_feed(tracker, n, &queue);
  gint64 usec = g_get_monotonic_time() - start;
  const TrackerCounters *counters = tracker_counters(tracker);
  printf("open messages         %u of %u, sessions %u, documents %s\n", tracker_open_messages(tracker), n,
         tracker_open_sessions(tracker), queue.head ? "yes" : "none");
  printf("lines                 %" G_GUINT64_FORMAT " of messages, %" G_GUINT64_FORMAT " of sessions\n",
         counters->lines_of_messages, counters->lines_of_sessions);
  printf("heap bytes a message  %.1f\n", (gdouble) (heap_bytes() - heap) / MAX(n, 1));
  printf("resident a message    %.1f\n", (gdouble) (_resident_kib() - resident) * 1024 / MAX(n, 1));
  printf("microseconds a line   %.2f, the writing of the lines included\n",
         (gdouble) usec / MAX(n, 1) / OPEN_MESSAGE_LINES);
  tracker_free(tracker);
  return 0;
}
