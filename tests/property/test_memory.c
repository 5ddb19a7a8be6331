/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what an open message costs; tests/bench/memory.c measures the same with a million of them */
#include "../bench/open-messages.h"

#include <criterion/criterion.h>

#define MESSAGES 20000
#define BYTES_MAX 1300

#if defined(__SANITIZE_ADDRESS__)
#define OTHER_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OTHER_MALLOC 1
#endif
#endif

Test(memory, of_an_open_message_is_bounded)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  TrackerOptions options;

  tracker_options_init(&options);
  options.max_tombstones = MESSAGES / 10;   /* the share of a million messages */
  gsize before = heap_bytes();
  Tracker *tracker = tracker_new(&options);
  open_messages_feed(tracker, MESSAGES, &queue);
  G_GNUC_UNUSED gsize bytes = (heap_bytes() - before) / MESSAGES;

  cr_assert_eq(tracker_open_messages(tracker), (guint) MESSAGES);
  cr_expect_eq(tracker_open_sessions(tracker), 0u);
  cr_expect_eq(tracker_counters(tracker)->lines_of_messages + tracker_counters(tracker)->lines_of_sessions,
               (guint64) MESSAGES * OPEN_MESSAGE_LINES);
#ifndef OTHER_MALLOC   /* that of a sanitizer does not count */
  cr_expect_gt(bytes, (gsize) 300);
  cr_expect_leq(bytes, (gsize) BYTES_MAX, "%zu bytes", bytes);
#endif
  tracker_free(tracker);
}
