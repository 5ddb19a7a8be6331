/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * documents [COUNT]: how fast documents of a UTM's messages are written, native and ECS.
 */
#include "open-messages.h"
#include "mailtrace/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MESSAGES 1000

static gint64
_cpu_nsec(void)
{
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_GINT64_CONSTANT(1000000000) + now.tv_nsec;
}

static void
_measure(const SummaryQueue *queue, DocumentFormat format, guint count, const gchar *name)
{
  DocumentWriter *writer = document_writer_new(format);
  GString *out = g_string_new(NULL);
  const Summary *summary = queue->head;
  guint64 bytes = 0;

  gint64 begin = _cpu_nsec();
  for (guint i = 0; i < count; i++)
    {
      g_string_truncate(out, 0);
      document_write(writer, summary->facts, out);
      bytes += out->len;
      summary = summary->next ? summary->next : queue->head;
    }
  gint64 nsec = _cpu_nsec() - begin;
  printf("%s %.0f documents a second of %.0f bytes\n", name, count * 1e9 / (gdouble) MAX(nsec, 1), (gdouble) bytes / count);
  g_string_free(out, TRUE);
  document_writer_free(writer);
}

int
main(int argc, char **argv)
{
  guint count = argc > 1 ? (guint) strtoul(argv[1], NULL, 10) : 200000;
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  TrackerOptions options;
  Summary *summary;

  tracker_options_init(&options);
  options.hash_seed = 1;
  Tracker *tracker = tracker_new(&options);
  open_messages_feed(tracker, MESSAGES, &queue);
  tracker_finish(tracker, ER_SHUTDOWN, &queue);
  _measure(&queue, DF_NATIVE, MAX(count, 1), "native");
  _measure(&queue, DF_ECS, MAX(count, 1), "ecs");
  while ((summary = summary_queue_pop(&queue)))
    summary_free(summary);
  tracker_free(tracker);
  return 0;
}
