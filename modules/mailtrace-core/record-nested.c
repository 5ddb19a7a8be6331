/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record-nested.h"
#include "blocks.h"

static guint
_first_nested(const Record *self, RecordKind kind)
{
  guint first = 0;

  for (guint k = RECORD_KIND_COUNT - 1; k > kind; k--)
    first += self->nested->n[k - FIRST_NESTED_KIND];
  return first;
}

static void
_make_room(Record *self)
{
  NestedRecords *old = self->nested;
  guint32 size = old ? old->size + old->size / 2 + 1 : 2;

  if (old && old->n_all < old->size)
    return;
  self->nested = blocks_take(self->blocks, nested_records_bytes(size));
  if (old)
    {
      memcpy(self->nested, old, nested_records_bytes(old->n_all));
      blocks_give(self->blocks, old, nested_records_bytes(old->size));
    }
  else
    memset(self->nested, 0, sizeof(NestedRecords));
  self->nested->size = size;
}

Record *
record_add(Record *self, RecordKind kind)
{
  _make_room(self);

  NestedRecords *nested = self->nested;
  Record *added = &nested->items[_first_nested(self, kind) + nested->n[kind - FIRST_NESTED_KIND]++];
  gsize behind = (gsize) (&nested->items[nested->n_all++] - added);
  if (behind)
    memmove(added + 1, added, behind * sizeof(Record));
  record_init(added, kind, self->blocks);
  return added;
}

void
record_sort_nested(Record *self, RecordKind kind, GCompareDataFunc compare, gpointer data)
{
  guint n = record_count_nested(self, kind);

  /* g_sort_array() is the new name, too new for the oldest GLib */
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  if (n > 1)
    g_qsort_with_data(record_nested(self, kind, 0), (gint) n, sizeof(Record), compare, data);
  G_GNUC_END_IGNORE_DEPRECATIONS
}

Record *
record_nested(const Record *self, RecordKind kind, guint i)
{
  return i < record_count_nested(self, kind) ? &self->nested->items[_first_nested(self, kind) + i] : NULL;
}

guint
record_count_nested(const Record *self, RecordKind kind)
{
  return self->nested ? self->nested->n[kind - FIRST_NESTED_KIND] : 0;
}

gsize
record_bytes(const Record *self)
{
  gsize bytes = sizeof(*self) + self->size;

  if (!self->nested)
    return bytes;
  bytes += nested_records_bytes(self->nested->size) - self->nested->n_all * sizeof(Record);
  for (guint32 i = 0; i < self->nested->n_all; i++)
    bytes += record_bytes(&self->nested->items[i]);
  return bytes;
}
