/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PointerMap: from hashes (mixed and keyed: any bits of them are as good as others) to pointers, of which the map owns
 * none.  A key may stand for several values.  Linear probing, one cache line for most look-ups; empty, it takes no
 * memory, and it shrinks again.  Knows nothing of what the hashes stand for.
 */
#ifndef MAILTRACE_POINTER_MAP_H_INCLUDED
#define MAILTRACE_POINTER_MAP_H_INCLUDED

#include <glib.h>

typedef struct _PointerSlot
{
  guint64 key;
  gpointer value;     /* NULL: free */
} PointerSlot;

typedef struct _PointerMap
{
  PointerSlot *slots; /* NULL: none */
  guint32 used, mask;
  guint32 used_max;   /* more take more slots */
  guint8 shift;       /* of a key, to its slot */
} PointerMap;

/* adds one more value, which is not NULL, also when the key has others */
void pointer_map_add(PointerMap *self, guint64 key, gpointer value);

/* first value of the key; adds this one when it has none */
gpointer pointer_map_get_or_add(PointerMap *self, guint64 key, gpointer value);

/* FALSE: it is not there */
gboolean pointer_map_remove(PointerMap *self, guint64 key, gconstpointer value);

/* the map, not its values */
void pointer_map_release(PointerMap *self);

/* where the values of a key are looked for, see pointer_map_next(); only if the map has any */
static inline guint32
pointer_map_start(const PointerMap *self, guint64 key)
{
  return (guint32) (key >> self->shift);
}

/* the next value of the key, or NULL */
static inline gpointer
pointer_map_next(const PointerMap *self, guint64 key, guint32 *at)
{
  for (;;)
    {
      const PointerSlot *slot = &self->slots[*at];

      *at = (*at + 1) & self->mask;
      if (!slot->value || slot->key == key)
        return slot->value;
    }
}

/* first value of the key, or NULL */
static inline gpointer
pointer_map_get(const PointerMap *self, guint64 key)
{
  guint32 at;

  if (!self->used)
    return NULL;
  at = pointer_map_start(self, key);
  return pointer_map_next(self, key, &at);
}

/* all values in no order: start with *cursor = 0; NULL at the end */
gpointer pointer_map_each(const PointerMap *self, guint32 *cursor);

#endif
