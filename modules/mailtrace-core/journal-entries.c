/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the blocks of earlier runs hold that is to be replayed: in order, once, and nothing of groups that died */
#include "journal-block.h"

/* a group of a part of the file */
typedef struct _StoredGroup
{
  guint64 owner, group;
} StoredGroup;

static guint
_stored_group_hash(gconstpointer key)
{
  const StoredGroup *self = key;

  return g_int64_hash(&self->group) ^ (guint) self->owner;
}

static gboolean
_stored_group_equal(gconstpointer a, gconstpointer b)
{
  return memcmp(a, b, sizeof(StoredGroup)) == 0;
}

static void
_find_dead(const Block *block, GHashTable *dead)
{
  const StoredEntry *stored;
  gboolean torn;
  guint32 at = 0;

  while ((stored = block_next(block, &at, &torn)))
    for (guint32 i = 0; stored->kind == JK_DEAD && i + sizeof(guint64) <= stored->text_len; i += sizeof(guint64))
      {
        StoredGroup *group = g_new(StoredGroup, 1);
        group->owner = block->owner;
        memcpy(&group->group, (const gchar *) (stored + 1) + i, sizeof(guint64));
        g_hash_table_add(dead, group);
      }
}

/* of a group that died, what is found may be a part only: blocks in front are gone */
static gboolean
_is_dead(const Block *block, const StoredEntry *stored, GHashTable *dead)
{
  StoredGroup group = { block->owner, stored->group };
  gboolean needs_group = stored->kind == JK_LINE || stored->kind == JK_RECORD || stored->kind == JK_REVISION
                         || stored->kind == JK_LINK;

  return stored->kind == JK_DEAD || (needs_group && g_hash_table_contains(dead, &group));
}

static void
_find_entries(const Block *block, GHashTable *dead, GArray *entries, guint64 *torn_blocks)
{
  const StoredEntry *stored;
  gboolean torn;
  guint32 at = 0;

  while ((stored = block_next(block, &at, &torn)))
    if (!_is_dead(block, stored, dead))
      g_array_append_val(entries, stored);
  *torn_blocks += torn || block->is_cut;
}

static gint
_compare_entries(gconstpointer a, gconstpointer b)
{
  const StoredEntry *x = *(const StoredEntry *const *) a, *y = *(const StoredEntry *const *) b;

  if (x->seq != y->seq)
    return x->seq < y->seq ? -1 : 1;
  if (x->kind != y->kind)
    return x->kind - y->kind;
  return x->len != y->len ? (x->len < y->len ? -1 : 1)
         : memcmp(&x->usec, &y->usec, x->len - offsetof(StoredEntry, usec));
}

/* an entry may be stored twice, when a process ended between the copy and the end of its old block */
static void
_drop_copies(GArray *entries)
{
  guint kept = 0;

  for (guint i = 0; i < entries->len; i++)
    {
      const StoredEntry **entry = &g_array_index(entries, const StoredEntry *, i);

      if (!kept || _compare_entries(&g_array_index(entries, const StoredEntry *, kept - 1), entry) != 0)
        g_array_index(entries, const StoredEntry *, kept++) = *entry;
    }
  g_array_set_size(entries, kept);
}

GArray *
blocks_find_entries(const GQueue *blocks, guint64 *torn_blocks)
{
  GArray *entries = g_array_new(FALSE, FALSE, sizeof(const StoredEntry *));
  GHashTable *dead = g_hash_table_new_full(_stored_group_hash, _stored_group_equal, g_free, NULL);

  *torn_blocks = 0;
  for (GList *link = blocks->head; link; link = link->next)
    _find_dead(link->data, dead);
  for (GList *link = blocks->head; link; link = link->next)
    _find_entries(link->data, dead, entries, torn_blocks);
  g_hash_table_destroy(dead);
  g_array_sort(entries, _compare_entries);
  _drop_copies(entries);
  return entries;
}
