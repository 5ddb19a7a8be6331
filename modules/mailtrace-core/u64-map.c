/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "u64-map.h"

/* keys of an array behind the first ones: with what malloc() needs they fill 32 or 64 bytes */
#define FEW_MORE 3
#define MOST_MORE (U64_SET_SMALL - 1 - U64_SET_FIRST)
#define FIRST_TABLE 32   /* a power of two, as the following ones; at most 3/4 full */
#define FIRST_SIZE 4

static inline guint32
_start(guint64 key, guint32 size)
{
  return (guint32) (key ^ (key >> 32)) & (size - 1);
}

static guint64 *
_key(guint64 *keys, guint32 size, guint64 key)
{
  guint32 i = _start(key, size);

  while (keys[i] && keys[i] != key)
    i = (i + 1) & (size - 1);
  return &keys[i];
}

static inline gboolean
_is_table(const U64Set *self)
{
  return self->used >= U64_SET_SMALL;
}

/* in the order of their places, of which some may be free */
static inline guint64
_at(const U64Set *self, guint32 i)
{
  if (_is_table(self))
    return self->keys[i];
  return i < U64_SET_FIRST ? self->first[i] : self->keys[i - U64_SET_FIRST];
}

static void
_set_keys(U64Set *self, guint64 *keys, guint32 size, Blocks *blocks)
{
  blocks_give(blocks, self->keys, self->size * sizeof(guint64));
  self->keys = keys;
  self->size = size;
}

static void
_set_table(U64Set *self, guint32 n, guint32 size, Blocks *blocks)
{
  guint64 *keys = memset(blocks_take(blocks, size * sizeof(guint64)), 0, size * sizeof(guint64));

  for (guint32 i = 0; i < n; i++)
    if (_at(self, i))
      *_key(keys, size, _at(self, i)) = _at(self, i);
  _set_keys(self, keys, size, blocks);
}

static gboolean
_add_to_table(U64Set *self, guint64 key, Blocks *blocks)
{
  if (self->used >= self->size / 4 * 3)
    _set_table(self, self->size, self->size * 2, blocks);

  guint64 *at = _key(self->keys, self->size, key);
  if (*at)
    return FALSE;
  *at = key;
  self->used++;
  return TRUE;
}

static gboolean
_array_has(const U64Set *self, guint64 key)
{
  for (guint32 i = 0; i < self->used; i++)
    if (_at(self, i) == key)
      return TRUE;
  return FALSE;
}

static void
_set_array(U64Set *self, guint32 size, Blocks *blocks)
{
  guint64 *keys = blocks_take(blocks, size * sizeof(guint64));

  if (self->size)
    memcpy(keys, self->keys, self->size * sizeof(guint64));
  _set_keys(self, keys, size, blocks);
}

/* there are as many first ones as can be */
static void
_add_behind_first(U64Set *self, guint64 key, Blocks *blocks)
{
  guint32 more = self->used - U64_SET_FIRST;

  if (more == 0 || more == FEW_MORE)
    _set_array(self, more ? MOST_MORE : FEW_MORE, blocks);
  else if (more == MOST_MORE)
    {
      _set_table(self, self->used, FIRST_TABLE, blocks);
      *_key(self->keys, self->size, key) = key;
      return;
    }
  self->keys[more] = key;
}

gboolean
u64_set_add_any(U64Set *self, guint64 key, Blocks *blocks)
{
  key = key ? key : 1;
  if (_is_table(self))
    return _add_to_table(self, key, blocks);
  if (self->seen & u64_set_bit(key) && _array_has(self, key))
    return FALSE;
  self->seen |= u64_set_bit(key);
  if (self->used < U64_SET_FIRST)
    self->first[self->used] = key;
  else
    _add_behind_first(self, key, blocks);
  self->used++;
  return TRUE;
}

gboolean
u64_set_has(const U64Set *self, guint64 key)
{
  key = key ? key : 1;
  return _is_table(self) ? *_key(self->keys, self->size, key) == key : _array_has(self, key);
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
_new_table(guint32 size, Blocks *blocks)
{
  U64MapTable *self = memset(blocks_take(blocks, u64_map_table_bytes(size)), 0, u64_map_table_bytes(size));

  self->size = size;
  return self;
}

static void
_grow_map(U64Map *self, Blocks *blocks)
{
  U64MapTable *old = self->table;

  self->table = _new_table(old->size * 2, blocks);
  for (guint32 i = 0; i < old->size; i++)
    if (old->slots[i].key)
      *_slot(self->table, old->slots[i].key) = old->slots[i];
  blocks_give(blocks, old, u64_map_table_bytes(old->size));
}

/* the second key comes */
static void
_begin_table(U64Map *self, Blocks *blocks)
{
  U64MapSlot first = { self->key, self->value };

  self->table = _new_table(FIRST_SIZE, blocks);
  *_slot(self->table, first.key) = first;
}

gboolean
u64_map_insert(U64Map *self, guint64 key, guint32 *value, Blocks *blocks)
{
  key = key ? key : 1;
  if (u64_map_get(self, key, value))
    return FALSE;
  if (self->used == 1)
    _begin_table(self, blocks);
  else if (self->used > 1 && self->used >= self->table->size / 4 * 3)
    _grow_map(self, blocks);
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
  guint32 end = _is_table(self) ? self->size : self->used;

  for (; *cursor < end; (*cursor)++)
    if (_at(self, *cursor))
      {
        *key = _at(self, (*cursor)++);
        return TRUE;
      }
  return FALSE;
}
