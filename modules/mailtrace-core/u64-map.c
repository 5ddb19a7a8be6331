/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "u64-map.h"

/* up to here a set is searched from one end to the other, and its size is odd; beyond, that is a power of two, at most
 * 3/4 full */
#define SMALL_SET 15
#define FIRST_ARRAY 7
#define ARRAY_STEP 4
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

static inline guint64
_seen_bit(guint64 key)
{
  return G_GUINT64_CONSTANT(1) << key % 64;
}

static gboolean
_has(const U64SetKeys *block, guint64 key)
{
  if (!(block->seen & _seen_bit(key)))
    return FALSE;
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
  *self->block = (U64SetKeys) { old->used, size, old->seen };
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

/* what malloc() gives out grows by 16 bytes: an odd number of keys */
static void
_grow_array(U64Set *self)
{
  U64SetKeys *old = self->block;
  guint32 used = u64_set_count(self), size = old ? old->size + ARRAY_STEP : FIRST_ARRAY;

  /* faster than realloc() for so few */
  self->block = g_malloc(sizeof(U64SetKeys) + size * sizeof(guint64));
  *self->block = (U64SetKeys) { used, size, old ? old->seen : 0 };
  if (old)
    memcpy(self->block->keys, old->keys, used * sizeof(guint64));
  g_free(old);
}

static inline void
_append(U64SetKeys *block, guint64 key)
{
  block->seen |= _seen_bit(key);
  block->keys[block->used++] = key;
}

static __attribute__((noinline)) gboolean
_add_to_full(U64Set *self, guint64 key)
{
  if (u64_set_count(self) == SMALL_SET)
    _grow_table(self, FIRST_TABLE);
  if (u64_set_count(self) >= SMALL_SET)
    return _add_to_table(self, key);
  _grow_array(self);
  _append(self->block, key);
  return TRUE;
}

gboolean
u64_set_add(U64Set *self, guint64 key)
{
  U64SetKeys *block = self->block;

  key = key ? key : 1;
  if (!block || block->size > SMALL_SET)
    return _add_to_full(self, key);
  if (_has(block, key))
    return FALSE;
  if (block->used == block->size)
    return _add_to_full(self, key);
  _append(block, key);
  return TRUE;
}

static U64MapSlot *
_slot(U64MapTable *table, guint64 key)
{
  guint32 i = _start(key, table->size);

  while (table->slots[i].key && table->slots[i].key != key)
    i = (i + 1) & (table->size - 1);
  return &table->slots[i];
}

static U64MapTable *
_new_table(guint32 size)
{
  U64MapTable *self = g_malloc0(sizeof(U64MapTable) + size * sizeof(U64MapSlot));

  self->size = size;
  return self;
}

static void
_grow_map(U64Map *self)
{
  U64MapTable *old = self->table;

  self->table = _new_table(old->size * 2);
  for (guint32 i = 0; i < old->size; i++)
    if (old->slots[i].key)
      *_slot(self->table, old->slots[i].key) = old->slots[i];
  g_free(old);
}

/* the second key comes */
static void
_begin_table(U64Map *self)
{
  U64MapSlot first = { self->key, self->value };

  self->table = _new_table(FIRST_SIZE);
  *_slot(self->table, first.key) = first;
}

gboolean
u64_map_insert(U64Map *self, guint64 key, guint32 *value)
{
  key = key ? key : 1;
  if (u64_map_get(self, key, value))
    return FALSE;
  if (self->used == 1)
    _begin_table(self);
  else if (self->used > 1 && self->used >= self->table->size / 4 * 3)
    _grow_map(self);
  if (self->used)
    *_slot(self->table, key) = (U64MapSlot) { key, *value };
  else
    {
      self->key = key;
      self->value = *value;
    }
  self->used++;
  return TRUE;
}

gboolean
u64_map_get(const U64Map *self, guint64 key, guint32 *value)
{
  key = key ? key : 1;
  if (self->used < 2)
    {
      if (!self->used || self->key != key)
        return FALSE;
      *value = self->value;
      return TRUE;
    }
  const U64MapSlot *slot = _slot(self->table, key);
  if (!slot->key)
    return FALSE;
  *value = slot->value;
  return TRUE;
}

gboolean
u64_set_next(const U64Set *self, guint32 *cursor, guint64 *key)
{
  guint32 end = !self->block ? 0 : self->block->size > SMALL_SET ? self->block->size : self->block->used;

  for (; *cursor < end; (*cursor)++)
    if (self->block->keys[*cursor])
      {
        *key = self->block->keys[(*cursor)++];
        return TRUE;
      }
  return FALSE;
}
