/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows which fields a kind of record may have; must not know what any of them means. */
#include "facts-make.h"

#define CHUNK_BYTES_MIN 4096
#define NESTED_KINDS (RECORD_KIND_COUNT - FIRST_NESTED_KIND)
#define INSERTION_SORT_MAX 16

struct _FactsChunk
{
  FactsChunk *next;
  gchar bytes[];
};

/* the fields of a nested record stand together in fields.def */
typedef struct _Range
{
  guint8 first, last;
} Range;

static const Range nested_ranges[RECORD_KIND_COUNT] =
{
  [RK_DELIVERY] = { F_DELIVERY_RECIPIENT, F_DELIVERY_TIME },
  [RK_DKIM] = { F_DKIM_DOMAIN, F_DKIM_SIGNATURE_ALIGNED },
  [RK_SCAN] = { F_SCAN_QUEUE_ID, F_SCAN_TIME },
  [RK_REFUSAL] = { F_REFUSAL_STAGE, F_REFUSAL_TIME },
};

static const guint8 field_of_kind[RECORD_KIND_COUNT] =
{
  [RK_DELIVERY] = F_DELIVERIES, [RK_DKIM] = F_DKIM, [RK_SCAN] = F_SCANS, [RK_REFUSAL] = F_REFUSALS,
};

static gsize
_size_of_range(Range range)
{
  return sizeof(Facts) + (gsize) (range.last - range.first + 1) * sizeof(Fact);
}

static void
_add_chunk(FactsMemory *self, gsize bytes)
{
  FactsChunk *chunk = g_malloc(sizeof(FactsChunk) + bytes);

  chunk->next = self->chunks;
  self->chunks = chunk;
  self->at = chunk->bytes;
  self->end = chunk->bytes + bytes;
}

gpointer
facts_memory_grow(FactsMemory *self, gsize bytes)
{
  _add_chunk(self, MAX(bytes * 2, CHUNK_BYTES_MIN));
  return facts_alloc(self, bytes);
}

/* lies in its own first chunk */
static FactsMemory *
_memory(gsize bytes)
{
  FactsMemory first = { NULL };

  _add_chunk(&first, sizeof(FactsMemory) + bytes);
  FactsMemory *self = facts_alloc(&first, sizeof(FactsMemory));
  *self = first;
  return self;
}

static Facts *
_facts(FactsMemory *memory, RecordKind kind, Range range)
{
  Facts *self = facts_alloc(memory, _size_of_range(range));

  memset(self, 0, sizeof(*self));
  self->memory = memory;
  self->kind = (guint8) kind;
  self->first = range.first;
  return self;
}

Facts *
facts_new(RecordKind kind, gsize room)
{
  Range all = { 0, FIELD_COUNT - 1 };

  return _facts(_memory(_size_of_range(all) + room), kind, all);
}

void
facts_free(Facts *self)
{
  FactsChunk *next, *chunk = self ? self->memory->chunks : NULL;

  for (; chunk; chunk = next)
    {
      next = chunk->next;
      g_free(chunk);
    }
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
  return group->items[group->n++] = _facts(self->memory, kind, nested_ranges[kind]);
}

/* texts of the record itself lie in the copy of its bytes */
static void
_take_value(Facts *self, const Record *record, const gchar *copy, const RecordValue *value)
{
  gsize at = (gsize) (value->text.str - (const gchar *) record->values);
  Slice text = slice_new(at < record->len ? copy + at : value->text.str, value->text.len);

  if (value->type == FT_LIST)
    facts_append(self, value->id, text);
  else
    facts_put(self, value->id)->text = text;
}

static void
_take_values(Facts *self, const Record *record, gint32 offset_sec)
{
  const gchar *copy = facts_copy_text(self->memory, slice_new((const gchar *) record->values, record->len)).str;
  guint32 cursor = 0;
  RecordValue value;

  while (record_next(record, &cursor, &value))
    if (value.type == FT_TEXT || value.type == FT_LIST)
      _take_value(self, record, copy, &value);
    else if (value.type != FT_TIME)
      facts_set_number(self, value.id, value.number);
    else
      {
        if (!stamp_has_offset(&value.stamp))
          value.stamp.offset_sec = offset_sec;
        facts_set_time(self, value.id, value.stamp);
      }
}

static void
_take_nested(Facts *self, const Record *record, gint32 offset_sec)
{
  const Record *nested;

  for (guint kind = FIRST_NESTED_KIND; kind < RECORD_KIND_COUNT; kind++)
    for (guint i = 0; (nested = record_nested(record, (RecordKind) kind, i)); i++)
      _take_values(facts_add(self, (RecordKind) kind), nested, offset_sec);
}

/* about */
static gsize
_bytes(const Record *record)
{
  gsize bytes = record->len + 8;
  const Record *nested;

  for (guint kind = FIRST_NESTED_KIND; kind < RECORD_KIND_COUNT; kind++)
    for (guint i = 0; (nested = record_nested(record, (RecordKind) kind, i)); i++)
      bytes += _size_of_range(nested_ranges[kind]) + nested->len + 8;
  return bytes;
}

Facts *
facts_new_from(const Record *record, gint32 offset_sec, gsize room)
{
  Facts *self = facts_new((RecordKind) record->kind, _bytes(record) + room);

  _take_values(self, record, offset_sec);
  if (record->nested)
    _take_nested(self, record, offset_sec);
  return self;
}

Facts *
facts_new_of_record(const Record *record)
{
  return facts_new_from(record, STAMP_OFFSET_UNKNOWN, 0);
}

Facts *
facts_new_flat(const Facts *nested, gsize room)
{
  Range range = nested_ranges[nested->kind];
  Facts *self = _facts(_memory(_size_of_range((Range) { 0, range.last }) + room), (RecordKind) nested->kind,
                       (Range) { 0, range.last });

  memcpy(self->has, nested->has, sizeof(self->has));
  memcpy(&self->values[range.first], nested->values, (gsize) (range.last - range.first + 1) * sizeof(Fact));
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
