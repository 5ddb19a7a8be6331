/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pool: memory for things of one size that come and go all the time.  What was given back is given out again; beyond
 * POOL_KEEP of them the rest goes back to malloc(), so that a flood leaves nothing behind.  With a sanitizer nothing is
 * kept, or it would see no use of what is gone.  Not thread-safe.
 */
#ifndef MAILTRACE_POOL_H_INCLUDED
#define MAILTRACE_POOL_H_INCLUDED

#include <glib.h>
#include <string.h>

#define POOL_KEEP 1024

#if defined(__SANITIZE_ADDRESS__)
#define POOL_IS_OPEN 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define POOL_IS_OPEN 0
#endif
#endif
#ifndef POOL_IS_OPEN
#define POOL_IS_OPEN 1
#endif

typedef struct _PoolItem
{
  struct _PoolItem *next;
} PoolItem;

typedef struct _Pool
{
  PoolItem *first;
  gsize size;      /* of a thing, at least that of a pointer */
  guint n;
  guint n_out;     /* taken and not given back */
} Pool;

#define POOL_INIT(type) { NULL, sizeof(type), 0, 0 }

/* all zero */
static inline gpointer
pool_take(Pool *self)
{
  PoolItem *item = self->first;

  self->n_out++;
  if (!item)
    return g_malloc0(self->size);
  self->first = item->next;
  self->n--;
  return memset(item, 0, self->size);
}

static inline void
pool_give(Pool *self, gpointer thing)
{
  PoolItem *item = thing;

  self->n_out--;
  if (!POOL_IS_OPEN || self->n >= POOL_KEEP)
    {
      g_free(thing);
      return;
    }
  item->next = self->first;
  self->first = item;
  self->n++;
}

/* all that was given back */
static inline void
pool_release(Pool *self)
{
  for (PoolItem *item = self->first, *next; item; item = next)
    {
      next = item->next;
      g_free(item);
    }
  self->first = NULL;
  self->n = 0;
}

#endif
