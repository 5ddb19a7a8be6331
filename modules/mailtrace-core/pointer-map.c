/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pointer-map.h"

#define BITS_MIN 3

static guint32
_size(const PointerMap *self)
{
  return self->slots ? self->mask + 1 : 0;
}

static void
_put(PointerMap *self, guint64 key, gpointer value)
{
  guint32 at = pointer_map_start(self, key);

  while (self->slots[at].value)
    at = (at + 1) & self->mask;
  self->slots[at] = (PointerSlot) { key, value };
}

static void
_resize(PointerMap *self, guint bits)
{
  PointerMap old = *self;

  self->slots = g_new0(PointerSlot, (gsize) 1 << bits);
  self->mask = (guint32) (((guint64) 1 << bits) - 1);
  self->shift = (guint8) (64 - bits);
  self->used_max = _size(self) / 8 * 5;
  for (guint32 i = 0; i < _size(&old); i++)
    if (old.slots[i].value)
      _put(self, old.slots[i].key, old.slots[i].value);
  g_free(old.slots);
}

static __attribute__((noinline)) void
_grow(PointerMap *self)
{
  _resize(self, self->slots ? 64u - self->shift + 1 : BITS_MIN);
}

static inline void
_make_room(PointerMap *self)
{
  if (self->used >= self->used_max)
    _grow(self);
}

void
pointer_map_add(PointerMap *self, guint64 key, gpointer value)
{
  _make_room(self);
  _put(self, key, value);
  self->used++;
}

gpointer
pointer_map_get_or_add(PointerMap *self, guint64 key, gpointer value)
{
  PointerSlot *slot;

  _make_room(self);
  for (guint32 at = pointer_map_start(self, key); ; at = (at + 1) & self->mask)
    {
      slot = &self->slots[at];
      if (!slot->value)
        break;
      if (slot->key == key)
        return slot->value;
    }
  *slot = (PointerSlot) { key, value };
  self->used++;
  return value;
}

/* what stands behind a free slot would not be found any more: it moves up */
static void
_close_gap(PointerMap *self, guint32 gap)
{
  for (guint32 at = (gap + 1) & self->mask; self->slots[at].value; at = (at + 1) & self->mask)
    {
      guint32 start = pointer_map_start(self, self->slots[at].key);

      if (((at - start) & self->mask) < ((at - gap) & self->mask))
        continue;
      self->slots[gap] = self->slots[at];
      gap = at;
    }
  self->slots[gap].value = NULL;
}

gboolean
pointer_map_remove(PointerMap *self, guint64 key, gconstpointer value)
{
  guint32 at;

  if (!self->used)
    return FALSE;
  at = pointer_map_start(self, key);
  while (self->slots[at].value && self->slots[at].value != value)
    at = (at + 1) & self->mask;
  if (!self->slots[at].value)
    return FALSE;
  _close_gap(self, at);
  self->used--;
  if (self->used < _size(self) / 16 && 64u - self->shift > BITS_MIN)
    _resize(self, 64u - self->shift - 1);
  return TRUE;
}

void
pointer_map_release(PointerMap *self)
{
  g_free(self->slots);
  *self = (PointerMap) { NULL };
}

gpointer
pointer_map_each(const PointerMap *self, guint32 *cursor)
{
  while (*cursor < _size(self))
    {
      gpointer value = self->slots[(*cursor)++].value;

      if (value)
        return value;
    }
  return NULL;
}
