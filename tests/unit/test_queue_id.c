/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/queue_id.h"
#include "mailtrace/stamp.h"
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
