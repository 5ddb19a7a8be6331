/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * U64Set, U64Map: sets of hashes (already mixed and seeded), and maps from them to small numbers.  No removal.  A set
 * is a plain array while it is small; a map has room for one key, and takes memory for the second one.
 * Knows nothing of what the hashes stand for.
 */
#ifndef MAILTRACE_U64_MAP_H_INCLUDED
#define MAILTRACE_U64_MAP_H_INCLUDED

#include <glib.h>

typedef struct _U64SetKeys
{
  guint32 used, size;
  guint64 seen;       /* bit (key % 64) for each key: what is not there needs no search */
  guint64 keys[];     /* 0: free */
} U64SetKeys;

typedef struct _U64Set
{
  U64SetKeys *block;
} U64Set;

/* TRUE when the key was not yet there */
gboolean u64_set_add(U64Set *self, guint64 key);

/* all keys in no order: start with *cursor = 0; FALSE at the end */
gboolean u64_set_next(const U64Set *self, guint32 *cursor, guint64 *key);

static inline guint32
u64_set_count(const U64Set *self)
{
  return self->block ? self->block->used : 0;
}

static inline void
u64_set_release(U64Set *self)
{
  if (self->block)
    g_free(self->block);
  self->block = NULL;
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

static inline void
u64_map_release(U64Map *self)
{
  if (self->used > 1)
    g_free(self->table);
  self->used = 0;
}

/* the value stored under key; stores *value first when the key is new (then TRUE) */
gboolean u64_map_insert(U64Map *self, guint64 key, guint32 *value);

/* FALSE when the key is not there */
gboolean u64_map_get(const U64Map *self, guint64 key, guint32 *value);

#endif
