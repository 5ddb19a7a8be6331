/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "u64-map.h"

#define FIRST_SIZE 8

static U64MapSlot *
_slot(U64MapSlot *slots, guint32 size, guint64 key)
{
  guint32 i = (guint32) (key ^ (key >> 32)) & (size - 1);

  while (slots[i].key && slots[i].key != key)
    i = (i + 1) & (size - 1);
  return &slots[i];
}

static void
_grow(U64Map *self)
{
  guint32 size = self->size ? self->size * 2 : FIRST_SIZE;
  U64MapSlot *slots = g_new0(U64MapSlot, size);

  for (guint32 i = 0; i < self->size; i++)
    if (self->slots[i].key)
      *_slot(slots, size, self->slots[i].key) = self->slots[i];
  g_free(self->slots);
  self->slots = slots;
  self->size = size;
}

gboolean
u64_map_insert(U64Map *self, guint64 key, guint32 *value)
{
  key = key ? key : 1;
  if (self->used * 4 >= self->size * 3)
    _grow(self);

  U64MapSlot *slot = _slot(self->slots, self->size, key);
  if (slot->key)
    {
      *value = slot->value;
      return FALSE;
    }
  *slot = (U64MapSlot) { key, *value };
  self->used++;
  return TRUE;
}

gboolean
u64_map_get(const U64Map *self, guint64 key, guint32 *value)
{
  key = key ? key : 1;
  if (!self->size)
    return FALSE;

  U64MapSlot *slot = _slot(self->slots, self->size, key);
  *value = slot->value;
  return slot->key != 0;
}
