/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "u64-map.h"

/* up to here a set is searched from one end to the other; beyond, its size is a power of two, at most 3/4 full; even */
#define SMALL_SET 14
#define FIRST_TABLE 32
#define FIRST_SIZE 4

static inline guint32
_start(guint64 key, guint32 size)
{
  return (guint32) (key ^ (key >> 32)) & (size - 1);
}

static guint64 *
_key(U64SetKeys *block, guint64 key)
{
  guint32 i = _start(key, block->size);

  while (block->keys[i] && block->keys[i] != key)
    i = (i + 1) & (block->size - 1);
  return &block->keys[i];
}

static gboolean
_has(const U64SetKeys *block, guint64 key)
{
  for (guint32 i = 0; i < block->used; i++)
    if (block->keys[i] == key)
      return TRUE;
  return FALSE;
}

static void
_grow_table(U64Set *self, guint32 size)
{
  U64SetKeys *old = self->block;

  self->block = g_malloc0(sizeof(U64SetKeys) + size * sizeof(guint64));
  *self->block = (U64SetKeys) { old->used, size };
  for (guint32 i = 0; i < old->size; i++)
    if (old->keys[i])
      *_key(self->block, old->keys[i]) = old->keys[i];
  g_free(old);
}

static gboolean
_add_to_table(U64Set *self, guint64 key)
{
  if (self->block->used >= self->block->size / 4 * 3)
    _grow_table(self, self->block->size * 2);

  guint64 *at = _key(self->block, key);
  if (*at)
    return FALSE;
  *at = key;
  self->block->used++;
  return TRUE;
}

/* by two keys: what malloc() gives out grows by 16 bytes */
static void
_grow_array(U64Set *self)
{
  guint32 used = u64_set_count(self), size = self->block ? self->block->size + 2 : 2;

  self->block = g_realloc(self->block, sizeof(U64SetKeys) + size * sizeof(guint64));
  *self->block = (U64SetKeys) { used, size };
}

gboolean
u64_set_add(U64Set *self, guint64 key)
{
  key = key ? key : 1;
  if (self->block && self->block->size > SMALL_SET)
    return _add_to_table(self, key);
  if (self->block && _has(self->block, key))
    return FALSE;
  if (!self->block || self->block->used == self->block->size)
    _grow_array(self);
  self->block->keys[self->block->used++] = key;
  if (self->block->used == SMALL_SET)
    _grow_table(self, FIRST_TABLE);
  return TRUE;
}

static U64MapSlot *
_slot(U64MapSlot *slots, guint32 size, guint64 key)
{
  guint32 i = _start(key, size);

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

gboolean
u64_set_next(const U64Set *self, guint32 *cursor, guint64 *key)
{
  for (; self->block && *cursor < self->block->size; (*cursor)++)
    if (self->block->keys[*cursor])
      {
        *key = self->block->keys[(*cursor)++];
        return TRUE;
      }
  return FALSE;
}
