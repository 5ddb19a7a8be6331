/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * growth OPEN [LINES]: what a line costs while OPEN messages are open.  The mix is steady: a message from among all the
 * open ones ends, a new one takes its place.  The lines are written beforehand.
 */
#include "open-messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ENDING_LINES 4
#define LINES_A_MESSAGE (OPEN_MESSAGE_LINES + ENDING_LINES)

static void
_ending_line(const OpenMessage *self, const OpenMessage *now, guint number, GString *out)
{
  guint sender = 20000 + self->i % 9000;

  if (number < 2)
    g_string_printf(out, "%s defense smtpd[%u]: SCANNER[%u]: %s ", now->host_stamp, self->scanner, self->scanner, self->first);
  else
    g_string_printf(out, "%s defense exim-out[%u]: %s %s ", now->host_stamp, sender, now->stamp, self->second);
  if (number == 0)
    g_string_append(out, "=> work R=SCANNER T=SCANNER");
  else if (number == 2)
    g_string_append_printf(out, "=> %s P=<%s> R=static_route_hostlist T=static_smtp H=192.168.99.3 [192.168.99.3]:25 "
                           "X=TLSv1.2:AES128-SHA256:128 C=\"250 2.6.0 <%08x@queue> [InternalId=%u] Queued mail for delivery\"",
                           self->recipient, self->sender, self->i, self->i);
  else
    g_string_append(out, "Completed");
}

/* message i arrives, another, by a step that visits all of them, ends */
static void
_write_turn(GPtrArray *lines, guint n, guint i)
{
  guint ended = (guint) ((guint64) (i - n) * 7919 % n);
  OpenMessage arriving, ending;
  GString *text = g_string_new(NULL);

  open_message_init(&arriving, i);
  open_message_init(&ending, ended);
  for (guint number = 0; number < LINES_A_MESSAGE; number++)
    {
      if (number < OPEN_MESSAGE_LINES)
        open_message_line(&arriving, number, text);
      else
        _ending_line(&ending, &arriving, number - OPEN_MESSAGE_LINES, text);
      g_ptr_array_add(lines, g_strndup(text->str, text->len));
    }
  g_string_free(text, TRUE);
}

static void
_feed(Tracker *tracker, const gchar *text, SummaryQueue *queue)
{
  Summary *summary;
  Frame frame;
  Line line;

  frame_split(slice_from_string(text), OPEN_MESSAGES_BEGIN_SEC, &frame);
  line_parse(&frame, &line);
  tracker_feed(tracker, &frame, &line, 0, queue);
  while ((summary = summary_queue_pop(queue)))
    summary_free(summary);
}

static gint64
_cpu_nsec(void)
{
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_GINT64_CONSTANT(1000000000) + now.tv_nsec;
}

static Tracker *
_tracker(guint n)
{
  TrackerOptions options;

  tracker_options_init(&options);
  options.max_messages = 2 * n + 1000;
  options.hash_seed = 1;
  return tracker_new(&options);
}

int
main(int argc, char **argv)
{
  guint n = argc > 1 ? (guint) strtoul(argv[1], NULL, 10) : 1000;
  guint turns = (argc > 2 ? (guint) strtoul(argv[2], NULL, 10) : 120000) / LINES_A_MESSAGE;
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  Tracker *tracker = _tracker(n);

  for (guint i = 0; i < MIN(turns, n); i++)
    _write_turn(lines, n, n + i);
  open_messages_feed(tracker, n, &queue);
  gint64 begin = _cpu_nsec();
  for (guint i = 0; i < lines->len; i++)
    _feed(tracker, lines->pdata[i], &queue);
  gint64 nsec = _cpu_nsec() - begin;
  guint open = tracker_open_messages(tracker);
  guint64 ended = tracker_counters(tracker)->messages_ended[ER_COMPLETE];
  printf("%u open, %u lines, %" G_GUINT64_FORMAT " ended, %.1f ns a line\n", open, lines->len,
         ended, (gdouble) nsec / MAX(lines->len, 1));
  gboolean all_ended = ended == lines->len / LINES_A_MESSAGE;
  g_ptr_array_free(lines, TRUE);
  tracker_free(tracker);
  return !all_ended;
}
