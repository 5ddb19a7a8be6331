/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/queue_id.h"
#include "mailtrace/stamp.h"
#include "guard-page.h"
#include <criterion/criterion.h>

typedef struct _Known
{
  const gchar *id;
  gint year, month, day, hour, minute, second;
  guint64 pid;
} Known;

/* ids of real Sophos UTM lines, with the pid that is printed on the same line */
static const Known known[] =
{
  { "1haLqi-0002Mp-2G", 2019, 6, 10, 15, 4, 40, 9103 },
  { "1haLql-0002Mh-MA", 2019, 6, 10, 15, 4, 43, 9095 },
  { "1j6v48-0008A3-06", 2020, 2, 26, 11, 41, 24, 31375 },
  { "1j7Est-0005tH-1X", 2020, 2, 27, 8, 51, 7, 22647 },
  { "1j7F2d-0007Oz-1m", 2020, 2, 27, 9, 1, 11, 28457 },
  { "1Pwzn4-000333-1Y", 2011, 3, 8, 16, 29, 42, 11721 },
  { "1Pwzn6-000333-1Y", 2011, 3, 8, 16, 29, 44, 11721 },
};

Test(queue_id, real_ids_decode_to_the_second_and_the_pid_of_their_lines)
{
  for (guint i = 0; i < G_N_ELEMENTS(known); i++)
    {
      const Known *k = &known[i];
      QueueId id;

      cr_assert(queue_id_decode(slice_from_string(k->id), &id), "%s", k->id);
      cr_expect_eq(id.sec, stamp_civil_to_sec(k->year, k->month, k->day, k->hour, k->minute, k->second), "%s", k->id);
      cr_expect_eq(id.pid, k->pid, "%s", k->id);
    }
}

Test(queue_id, both_forms_survive_encoding)
{
  static const gchar *const ids[] = { "1haLqi-0002Mp-2G", "1smkL5-00000000e65-24eQ" };

  for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
    {
      gchar encoded[QUEUE_ID_NEW_LEN + 1];
      QueueId id;

      cr_assert(queue_id_decode(slice_from_string(ids[i]), &id));
      queue_id_encode(&id, strlen(ids[i]) == QUEUE_ID_NEW_LEN, encoded);
      cr_expect_str_eq(encoded, ids[i]);
    }
}

Test(queue_id, an_id_ends_where_no_id_can_go_on)
{
  cr_expect_eq(queue_id_length(SLICE("1haLqi-0002Mp-2G <= x")), 16u);
  cr_expect_eq(queue_id_length(SLICE("1haLqi-0002Mp-2G")), 16u);
  cr_expect_eq(queue_id_length(SLICE("1smkL5-00000000e65-24eQ x")), 23u);
  cr_expect_eq(queue_id_length(SLICE("1haLqi-0002Mp-2Gx")), 0u);
  cr_expect_eq(queue_id_length(SLICE("1haLqi-0002Mp-2G-")), 0u);
  cr_expect_eq(queue_id_length(SLICE("1haLqi-0002Mp-2")), 0u);
  cr_expect_eq(queue_id_length(SLICE("1haLqi_0002Mp-2G")), 0u);
  cr_expect_eq(queue_id_length(SLICE_NONE), 0u);
}

Test(queue_id, decoding_takes_the_whole_slice_or_nothing)
{
  static const gchar *const texts[] = { "", "1haLqi-0002Mp-2G ", "1haLqi-0002Mp-2G <=", " 1haLqi-0002Mp-2G",
    "1haLqi-0002Mp-2", "1haLqi-0002Mp2G", "1haLq--0002Mp-2G", "1haLqi-0002M\xc3-2G", "1smkL5-00000000e65-24e",
    "1smkL5-00000000e65-24eQQ" };
  QueueId id = { -1, 1, 1 };

  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    cr_expect_not(queue_id_decode(slice_from_string(texts[i]), &id), "%s", texts[i]);
  cr_expect_eq(id.sec, -1);
}

Test(queue_id, the_greatest_ids_do_not_overflow)
{
  gchar encoded[QUEUE_ID_NEW_LEN + 1];
  QueueId id;

  cr_assert(queue_id_decode(SLICE("zzzzzz-zzzzzz-zz"), &id));
  cr_expect_eq(id.sec, G_GINT64_CONSTANT(56800235583));
  cr_expect_eq(id.fraction, 3843u);
  cr_assert(queue_id_decode(SLICE("zzzzzz-AzL8n0Y58m7-zzzz"), &id));   /* 2^63 - 1 */
  cr_expect_eq(id.pid, (guint64) G_MAXINT64);
  queue_id_encode(&id, TRUE, encoded);
  cr_expect_str_eq(encoded, "zzzzzz-AzL8n0Y58m7-zzzz");
}

Test(queue_id, no_prefix_of_an_id_is_an_id_and_none_reads_behind_its_end)
{
  static const Slice ids[] = { { "1haLqi-0002Mp-2G", 16 }, { "1smkL5-00000000e65-24eQ", 23 } };
  GuardPage guard;

  guard_page_init(&guard, QUEUE_ID_NEW_LEN);
  for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
    for (gsize len = 0; len <= ids[i].len; len++)
      cr_expect_eq(queue_id_length(guard_page_put(&guard, slice_head(ids[i], len))), len == ids[i].len ? len : 0);
  guard_page_release(&guard);
}
