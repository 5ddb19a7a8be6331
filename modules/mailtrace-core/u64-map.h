/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * U64Map: hashes (already mixed and seeded) to small numbers, open addressing, grows by doubling, no removal.
 * Knows nothing of what the hashes stand for.
 */
#ifndef MAILTRACE_U64_MAP_H_INCLUDED
#define MAILTRACE_U64_MAP_H_INCLUDED

#include <glib.h>

typedef struct _U64MapSlot
{
  guint64 key;     /* 0: free */
  guint32 value;
} U64MapSlot;

typedef struct _U64Map
{
  U64MapSlot *slots;
  guint32 used, size;
} U64Map;

static inline void
u64_map_release(U64Map *self)
{
  g_free(self->slots);
  *self = (U64Map) { 0 };
}

/* the value stored under key; stores *value first when the key is new (then TRUE) */
gboolean u64_map_insert(U64Map *self, guint64 key, guint32 *value);

/* FALSE when the key is not there */
gboolean u64_map_get(const U64Map *self, guint64 key, guint32 *value);

/* TRUE when the key was not yet there */
static inline gboolean
u64_map_add(U64Map *self, guint64 key)
{
  guint32 ignored = 0;
  return u64_map_insert(self, key, &ignored);
}

#endif
