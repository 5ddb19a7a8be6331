/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks: memory of many small sizes that comes and goes all the time.  What was given back is given out again for the
 * same size; beyond BLOCKS_KEEP steps, and of large sizes, it goes back to malloc().  Without a pool (NULL) and with a
 * sanitizer all of it is malloc()'s.  Not thread-safe.
 */
#ifndef MAILTRACE_BLOCKS_H_INCLUDED
#define MAILTRACE_BLOCKS_H_INCLUDED

#include "pool.h"

#define BLOCKS_STEP 16
#define BLOCKS_SIZES 64
#define BLOCKS_KEEP (1024 * 1024 / BLOCKS_STEP)

typedef struct _Blocks
{
  PoolItem *first[BLOCKS_SIZES];
  gsize kept;      /* steps */
} Blocks;

static inline gsize
_blocks_class(gsize size)
{
  return (size + BLOCKS_STEP / 2 - 1) / BLOCKS_STEP;
}

/* what a block of that size holds; malloc() gives out 8 bytes less than a multiple of BLOCKS_STEP */
static inline gsize
blocks_size(gsize needed)
{
  return _blocks_class(needed) * BLOCKS_STEP + BLOCKS_STEP / 2;
}

/* it is malloc()'s */
static inline gboolean
blocks_is_large(gsize size)
{
  return _blocks_class(size) >= BLOCKS_SIZES;
}

/* any bytes */
static inline gpointer
blocks_take(Blocks *self, gsize size)
{
  gsize i = _blocks_class(size);

  if (!self || i >= BLOCKS_SIZES || !self->first[i])
    return g_malloc(blocks_size(size));
  PoolItem *item = self->first[i];
  self->first[i] = item->next;
  self->kept -= i;
  return item;
}

/* with the size it was taken with; NULL is fine */
static inline void
blocks_give(Blocks *self, gpointer block, gsize size)
{
  gsize i = _blocks_class(size);

  if (!block)
    return;
  if (!POOL_IS_OPEN || !self || i >= BLOCKS_SIZES || self->kept >= BLOCKS_KEEP)
    {
      g_free(block);
      return;
    }
  PoolItem *item = block;
  item->next = self->first[i];
  self->first[i] = item;
  self->kept += i;
}

/* all that was given back */
static inline void
blocks_release(Blocks *self)
{
  for (guint i = 0; i < BLOCKS_SIZES; i++)
    for (PoolItem *item = self->first[i], *next; item; item = next)
      {
        next = item->next;
        g_free(item);
      }
  *self = (Blocks) { { NULL }, 0 };
}

#endif
