/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pool.h"

#include <criterion/criterion.h>

typedef struct _Thing
{
  guint64 words[5];
} Thing;

static void
_assert_zero(const Thing *thing)
{
  for (guint i = 0; i < G_N_ELEMENTS(thing->words); i++)
    cr_assert_eq(thing->words[i], 0u);
}

Test(pool, things_are_zero_however_often_they_come)
{
  Pool pool = POOL_INIT(Thing);

  for (guint i = 0; i < 3; i++)
    {
      Thing *thing = pool_take(&pool);

      _assert_zero(thing);
      memset(thing, 0xff, sizeof(*thing));
      pool_give(&pool, thing);
    }
  pool_release(&pool);
}

Test(pool, no_two_things_are_one)
{
  Pool pool = POOL_INIT(Thing);
  Thing *things[64];

  for (guint round = 0; round < 2; round++)
    {
      for (guint64 i = 0; i < G_N_ELEMENTS(things); i++)
        {
          things[i] = pool_take(&pool);
          _assert_zero(things[i]);
          things[i]->words[0] = things[i]->words[4] = i + 1;
        }
      for (guint64 i = 0; i < G_N_ELEMENTS(things); i++)
        {
          cr_assert(things[i]->words[0] == i + 1 && things[i]->words[4] == i + 1);
          pool_give(&pool, things[i]);
        }
    }
  pool_release(&pool);
}

Test(pool, keeps_no_more_than_it_may)
{
  enum { MANY = POOL_KEEP * 3 };
  static Thing *things[MANY];
  Pool pool = POOL_INIT(Thing);

  for (guint i = 0; i < MANY; i++)
    things[i] = pool_take(&pool);
  for (guint i = 0; i < MANY; i++)
    pool_give(&pool, things[i]);
  cr_assert_leq(pool.n, (guint) POOL_KEEP);
  pool_release(&pool);
  cr_assert_eq(pool.n, 0u);
  cr_assert_null(pool.first);
}
