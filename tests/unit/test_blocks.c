/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blocks.h"

#include <criterion/criterion.h>

#define MANY 300

static void
_fill(guint8 *blocks[MANY], Blocks *pool)
{
  for (guint i = 0; i < MANY; i++)
    {
      gsize size = i * 7 + 1;

      cr_assert(blocks_size(size) >= size);
      blocks[i] = blocks_take(pool, size);
      memset(blocks[i], (gint) i, blocks_size(size));
    }
}

static void
_give_back(guint8 *blocks[MANY], Blocks *pool)
{
  for (guint i = 0; i < MANY; i++)
    {
      for (gsize at = 0; at < blocks_size(i * 7 + 1); at++)
        cr_assert_eq(blocks[i][at], (guint8) i);
      blocks_give(pool, blocks[i], i * 7 + 1);
    }
}

Test(blocks, no_two_are_one_whatever_their_sizes)
{
  Blocks pool = { { NULL }, 0 };
  guint8 *blocks[MANY];

  for (guint round = 0; round < 3; round++)
    {
      _fill(blocks, &pool);
      _give_back(blocks, &pool);
    }
  blocks_release(&pool);
  cr_assert_eq(pool.kept, 0u);
}

Test(blocks, without_a_pool_they_come_from_malloc)
{
  guint8 *blocks[MANY];

  _fill(blocks, NULL);
  _give_back(blocks, NULL);
  blocks_give(NULL, NULL, 100);
}

Test(blocks, no_more_are_kept_than_may_be)
{
  enum { LARGE = 1000, COUNT = 3000 };
  static gpointer blocks[COUNT];
  Blocks pool = { { NULL }, 0 };

  for (guint i = 0; i < COUNT; i++)
    blocks[i] = blocks_take(&pool, LARGE);
  for (guint i = 0; i < COUNT; i++)
    blocks_give(&pool, blocks[i], LARGE);
  cr_assert_leq(pool.kept, BLOCKS_KEEP + LARGE);
  blocks_release(&pool);
}
