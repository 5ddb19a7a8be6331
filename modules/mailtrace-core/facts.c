/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows which fields a kind of record may have; must not know what any of them means. */
#include "facts-make.h"
#include "record-nested.h"
#include "record-packed.h"

#define CHUNK_BYTES_MIN 4096
#define CHUNK_BYTES_KEPT (64 * 1024)   /* a larger one is not kept for the next facts */
#define INSERTION_SORT_MAX 16

struct _FactsChunk
{
  FactsChunk *next;
  gsize size;       /* of the bytes */
  gchar bytes[];
};

/* fields that facts have room for */
typedef struct _Range
{
  guint8 first, last;
  guint16 size;    /* of the facts */
} Range;

#define RANGE(first, last) { (first), (last), sizeof(Facts) + ((last) - (first) + 1) * sizeof(Fact) }

/* the fields of a nested record stand together in fields.def */
static const Range nested_ranges[RECORD_KIND_COUNT] =
{
  [RK_DELIVERY] = RANGE(F_DELIVERY_RECIPIENT, F_DELIVERY_TIME),
  [RK_DKIM] = RANGE(F_DKIM_DOMAIN, F_DKIM_SIGNATURE_ALIGNED),
  [RK_SCAN] = RANGE(F_SCAN_QUEUE_ID, F_SCAN_TIME),
  [RK_REFUSAL] = RANGE(F_REFUSAL_STAGE, F_REFUSAL_TIME),
};

static const guint8 field_of_kind[RECORD_KIND_COUNT] =
{
  [RK_DELIVERY] = F_DELIVERIES, [RK_DKIM] = F_DKIM, [RK_SCAN] = F_SCANS, [RK_REFUSAL] = F_REFUSALS,
};

static void
_use_chunk(FactsMemory *self, FactsChunk *chunk)
{
  chunk->next = self->chunks;
  self->chunks = chunk;
  self->at = chunk->bytes;
  self->end = chunk->bytes + chunk->size;
}

static void
_add_chunk(FactsMemory *self, gsize bytes)
{
  FactsChunk *chunk = g_malloc(sizeof(FactsChunk) + bytes);

  chunk->size = bytes;
  _use_chunk(self, chunk);
}

/* lies in its own first chunk */
static FactsMemory *
_memory(gsize bytes, FactsChunk **spare)
{
  FactsMemory first = { NULL };

  bytes += sizeof(FactsMemory);
  if (*spare && (*spare)->size >= bytes)
    {
      _use_chunk(&first, *spare);
      *spare = NULL;
    }
  else
    _add_chunk(&first, bytes);
  FactsMemory *self = facts_alloc(&first, sizeof(FactsMemory));
  *self = first;
  return self;
}

gpointer
facts_memory_grow(FactsMemory *self, gsize bytes)
{
  _add_chunk(self, MAX(bytes * 2, CHUNK_BYTES_MIN));
  return facts_alloc(self, bytes);
}

static Facts *
_facts(FactsMemory *memory, RecordKind kind, const Range *range)
{
  Facts *self = facts_alloc(memory, range->size);

  memset(self, 0, sizeof(*self));
  self->memory = memory;
  self->kind = (guint8) kind;
  /* it points in front of the first value, and is never followed there */
  self->at = (Fact *) ((guintptr) self->values - range->first * sizeof(Fact));
  return self;
}

static Facts *
_new(RecordKind kind, gsize room, FactsChunk **spare)
{
  static const Range all = RANGE(0, FIELD_COUNT - 1);

  return _facts(_memory(all.size + room, spare), kind, &all);
}

Facts *
facts_new(RecordKind kind, gsize room)
{
  FactsChunk *spare = NULL;

  return _new(kind, room, &spare);
}

/* all but the first one */
static FactsChunk *
_free_chunks(FactsChunk *chunk)
{
  for (FactsChunk *next; chunk->next; chunk = next)
    {
      next = chunk->next;
      g_free(chunk);
    }
  return chunk;
}

void
facts_free(Facts *self)
{
  if (self)
    g_free(_free_chunks(self->memory->chunks));
}

void
facts_recycle(Facts *self, FactsChunk **spare)
{
  FactsChunk *first = _free_chunks(self->memory->chunks), *kept = *spare;

  if (first->size <= CHUNK_BYTES_KEPT && (!kept || kept->size < first->size))
    {
      *spare = first;
      first = kept;
    }
  g_free(first);
}

static FactsGroup *
_group(Facts *self, RecordKind kind)
{
  if (!self->groups)
    {
      self->groups = facts_alloc(self->memory, NESTED_KINDS * sizeof(FactsGroup));
      memset(self->groups, 0, NESTED_KINDS * sizeof(FactsGroup));
    }
  return &self->groups[kind - FIRST_NESTED_KIND];
}

static void
_resize_group(FactsGroup *self, FactsMemory *memory, guint size)
{
  Facts **items = facts_alloc(memory, size * sizeof(Facts *));

  if (self->n)
    memcpy(items, self->items, self->n * sizeof(Facts *));
  self->items = items;
  self->size = size;
}

Facts *
facts_add(Facts *self, RecordKind kind)
{
  FactsGroup *group = _group(self, kind);

  if (group->n == group->size)
    _resize_group(group, self->memory, MAX(group->size * 2, 2));
  facts_put(self, (FieldId) field_of_kind[kind]);
  return group->items[group->n++] = _facts(self->memory, kind, &nested_ranges[kind]);
}

static inline Stamp
_stamp(Slice data, gint32 offset_sec)
{
  Stamp stamp;
  gsize number = sizeof(stamp.local_usec);

  memcpy(&stamp.local_usec, data.str, sizeof(stamp.local_usec));
  stamp.offset_sec = (gint32) packed_number(slice_new(data.str + number, data.len - number));
  if (!stamp_has_offset(&stamp))
    stamp.offset_sec = offset_sec;
  return stamp;
}

static const guint8 *
_take_odd(Facts *self, FieldId id, const guint8 *at, guint32 size, gint32 offset_sec)
{
  Slice data = size & 1 ? words[size / 2] : slice_new((const gchar *) at, size / 2);

  if (field_get(id)->type == FT_LIST)
    facts_append(self, id, data);
  else
    self->at[id].stamp = _stamp(data, offset_sec);
  return size & 1 ? at : at + data.len;
}

/* those of a block, where texts stay */
static void
_take_block(Facts *self, const guint8 *at, const guint8 *end, gint32 offset_sec)
{
  Fact *values = self->at;

  while (at < end)
    {
      gsize id = at[0];
      guint32 size = at[1];
      Fact *value = values + id;

      at += 2;
      if (G_UNLIKELY(size & 128))
        at = packed_take_size(at, &size);
      if (field_table[id].type >= FT_TIME)
        at = _take_odd(self, (FieldId) id, at, size, offset_sec);
      else if (size & 1)
        value->text = words[size / 2];
      else
        {
          gsize len = size / 2;

          if (field_table[id].type == FT_TEXT)
            value->text = slice_new((const gchar *) at, len);
          else
            value->number = packed_number(slice_new((const gchar *) at, len));
          at += len;
        }
    }
}

static void
_take_values(Facts *self, const Record *record, gint32 offset_sec)
{
  guint8 *copy = facts_alloc(self->memory, record->len + PACKED_READ_MAX);

  if (!record->len)
    return;
  memcpy(copy, record->values, record->len);
  _take_block(self, copy, copy + record->len, offset_sec);
  for (guint i = 0; i < FACTS_WORDS; i++)
    self->has[i] |= record->has[i];
}

/* about */
static gsize
_bytes(const Record *record)
{
  gsize bytes = record->len + PACKED_READ_MAX;
  const NestedRecords *nested = record->nested;

  for (guint32 i = 0; nested && i < nested->n_all; i++)
    bytes += nested_ranges[nested->items[i].kind].size + nested->items[i].len + PACKED_READ_MAX + 8;
  return bytes;
}

/* the nested ones of a kind stand together */
static void
_take_nested(Facts *self, const NestedRecords *nested, gint32 offset_sec)
{
  for (guint32 i = 0; i < nested->n_all; )
    {
      RecordKind kind = (RecordKind) nested->items[i].kind;
      FactsGroup *group = _group(self, kind);

      _resize_group(group, self->memory, nested->n[kind - FIRST_NESTED_KIND]);
      facts_put(self, (FieldId) field_of_kind[kind]);
      for (; group->n < group->size; i++)
        {
          Facts *added = group->items[group->n++] = _facts(self->memory, kind, &nested_ranges[kind]);

          _take_values(added, &nested->items[i], offset_sec);
        }
    }
}

Facts *
facts_new_from(const Record *record, gint32 offset_sec, gsize room, FactsChunk **spare)
{
  Facts *self = _new((RecordKind) record->kind, _bytes(record) + room, spare);

  _take_values(self, record, offset_sec);
  if (record->nested)
    _take_nested(self, record->nested, offset_sec);
  return self;
}

Facts *
facts_new_of_record(const Record *record)
{
  FactsChunk *spare = NULL;

  return facts_new_from(record, STAMP_OFFSET_UNKNOWN, 0, &spare);
}

Facts *
facts_new_flat(const Facts *nested, gsize room)
{
  const Range *range = &nested_ranges[nested->kind];
  const Range all = RANGE(0, range->last);
  FactsChunk *spare = NULL;
  Facts *self = _facts(_memory(all.size + room, &spare), (RecordKind) nested->kind, &all);

  memcpy(self->has, nested->has, sizeof(self->has));
  memcpy(&self->at[range->first], nested->values, range->size - sizeof(Facts));
  return self;
}

FieldId
facts_next(const Facts *self, guint id)
{
  guint64 rest;

  for (; id < FIELD_COUNT; id = (id / FACTS_WORD_BITS + 1) * FACTS_WORD_BITS)
    if ((rest = self->has[id / FACTS_WORD_BITS] >> id % FACTS_WORD_BITS))
      return (FieldId) (id + (guint) __builtin_ctzll(rest));
  return FIELD_COUNT;
}

guint
facts_count_nested(const Facts *self, RecordKind kind)
{
  return self->groups ? self->groups[kind - FIRST_NESTED_KIND].n : 0;
}

const Facts *
facts_nested(const Facts *self, RecordKind kind, guint i)
{
  return i < facts_count_nested(self, kind) ? self->groups[kind - FIRST_NESTED_KIND].items[i] : NULL;
}

static void
_sort_by_insertion(FactsGroup *self, FactsCompare compare)
{
  for (guint i = 1; i < self->n; i++)
    {
      Facts *inserted = self->items[i];
      guint at = i;

      for (; at > 0 && compare(self->items[at - 1], inserted) > 0; at--)
        self->items[at] = self->items[at - 1];
      self->items[at] = inserted;
    }
}

static gint
_compare_items(gconstpointer a, gconstpointer b, gpointer compare)
{
  return (*(FactsCompare *) compare)(*(Facts *const *) a, *(Facts *const *) b);
}

void
facts_sort_nested(Facts *self, RecordKind kind, FactsCompare compare)
{
  FactsGroup *group = self->groups ? &self->groups[kind - FIRST_NESTED_KIND] : NULL;

  if (!group || group->n < 2)
    return;
  if (group->n <= INSERTION_SORT_MAX)
    {
      _sort_by_insertion(group, compare);
      return;
    }
  /* g_sort_array() is the new name, too new for the oldest GLib */
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  g_qsort_with_data(group->items, (gint) group->n, sizeof(Facts *), _compare_items, &compare);
  G_GNUC_END_IGNORE_DEPRECATIONS
}
