/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * U64Set, U64Map: sets of hashes (already mixed and seeded), and maps from them to small numbers.  No removal.  A set
 * has room for a few keys, and is a plain array while it is small; a map has room for one key, and takes memory for
 * the second one.  Memory comes from the same blocks for as long as a set or map lives.  Knows nothing of what the
 * hashes stand for.
 */
#ifndef MAILTRACE_U64_MAP_H_INCLUDED
#define MAILTRACE_U64_MAP_H_INCLUDED

#include "blocks.h"

#define U64_SET_FIRST 8    /* keys that need no memory */
#define U64_SET_SMALL 16   /* fewer keys are an array, more a table */

typedef struct _U64Set
{
  guint64 *keys;           /* array: those behind the first ones; table: all, 0: free */
  guint32 used, size;      /* size: of the array or table behind keys */
  guint64 seen;            /* array: bit (key % 64) for each key: what is not there needs no search */
  guint64 first[U64_SET_FIRST];
} U64Set;

gboolean u64_set_add_any(U64Set *self, guint64 key, Blocks *blocks);

static inline guint64
u64_set_bit(guint64 key)
{
  return G_GUINT64_CONSTANT(1) << key % 64;
}

/* TRUE when the key was not yet there */
static inline gboolean
u64_set_add(U64Set *self, guint64 key, Blocks *blocks)
{
  if (self->used >= U64_SET_FIRST || self->seen & u64_set_bit(key) || !key)
    return u64_set_add_any(self, key, blocks);
  self->seen |= u64_set_bit(key);
  self->first[self->used++] = key;
  return TRUE;
}

gboolean u64_set_has(const U64Set *self, guint64 key);

/* all keys in no order: start with *cursor = 0; FALSE at the end */
gboolean u64_set_next(const U64Set *self, guint32 *cursor, guint64 *key);

static inline guint32
u64_set_count(const U64Set *self)
{
  return self->used;
}

static inline void
u64_set_release(U64Set *self, Blocks *blocks)
{
  blocks_give(blocks, self->keys, self->size * sizeof(guint64));
  self->keys = NULL;
  self->used = self->size = 0;
  self->seen = 0;
}

typedef struct _U64MapSlot
{
  guint64 key;     /* 0: free */
  guint32 value;
} U64MapSlot;

typedef struct _U64MapTable
{
  guint32 size;
  U64MapSlot slots[];
} U64MapTable;

typedef struct _U64Map
{
  union
  {
    guint64 key;           /* used is 1 */
    U64MapTable *table;    /* used is more */
  };
  guint32 value;           /* of that key */
  guint32 used;
} U64Map;

static inline gsize
u64_map_table_bytes(guint32 size)
{
  return sizeof(U64MapTable) + size * sizeof(U64MapSlot);
}

static inline void
u64_map_release(U64Map *self, Blocks *blocks)
{
  if (self->used > 1)
    blocks_give(blocks, self->table, u64_map_table_bytes(self->table->size));
  self->used = 0;
}

/* the value stored under key; stores *value first when the key is new (then TRUE) */
gboolean u64_map_insert(U64Map *self, guint64 key, guint32 *value, Blocks *blocks);

/* FALSE when the key is not there */
gboolean u64_map_get(const U64Map *self, guint64 key, guint32 *value);

#endif
