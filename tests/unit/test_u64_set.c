/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "u64-map.h"
#include <criterion/criterion.h>

static guint
_count(const U64Set *set, guint64 *sum)
{
  guint32 cursor = 0;
  guint64 key;
  guint n = 0;

  for (*sum = 0; u64_set_next(set, &cursor, &key); n++)
    *sum += key;
  return n;
}

/* memory that was used before lies behind the keys of a small set */
Test(u64_set, next_gives_every_key_once_whatever_its_size)
{
  for (guint64 n = 0; n < 100; n++)
    {
      U64Set set = { NULL };
      guint64 sum;

      for (guint64 i = 1; i <= n; i++)
        cr_expect(u64_set_add(&set, i * 0x9e3779b97f4a7c15, NULL));
      cr_expect_eq(_count(&set, &sum), n);
      cr_expect_eq(sum, n * (n + 1) / 2 * 0x9e3779b97f4a7c15);
      u64_set_release(&set, NULL);
    }
}

/* also those that differ in no lowest bit, and 0 */
Test(u64_set, each_key_is_added_once_whatever_the_size)
{
  for (guint64 n = 0; n < 100; n++)
    {
      U64Set set = { NULL };

      for (guint64 i = 0; i < n; i++)
        cr_expect(u64_set_add(&set, i << 32, NULL));
      for (guint64 i = 0; i < n; i++)
        cr_expect_not(u64_set_add(&set, i << 32, NULL));
      for (guint64 i = 0; i < 100; i++)
        cr_expect_eq(u64_set_has(&set, i << 32), i < n);
      cr_expect_eq(u64_set_count(&set), n);
      u64_set_release(&set, NULL);
      cr_expect_eq(u64_set_count(&set), 0);
    }
}

Test(u64_map, each_key_has_its_first_value_whatever_the_size)
{
  for (guint32 n = 0; n < 100; n++)
    {
      U64Map map = { 0 };
      guint32 value;

      for (guint32 i = 0; i < n; i++)
        {
          cr_expect_not(u64_map_get(&map, i * 0x9e3779b97f4a7c15, &value));
          value = i + 7;
          cr_expect(u64_map_insert(&map, i * 0x9e3779b97f4a7c15, &value, NULL));
        }
      for (guint32 i = 0; i < n; i++)
        {
          cr_expect(u64_map_get(&map, i * 0x9e3779b97f4a7c15, &value));
          cr_expect_eq(value, i + 7);
          value = 1;
          cr_expect_not(u64_map_insert(&map, i * 0x9e3779b97f4a7c15, &value, NULL));
          cr_expect_eq(value, i + 7);
        }
      cr_expect_not(u64_map_get(&map, 1000 * 0x9e3779b97f4a7c15, &value));
      u64_map_release(&map, NULL);
    }
}
