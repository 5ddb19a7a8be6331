/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A value is packed as: field id (1 byte), length of the data (4 bytes), data.  Knows the merge rules of fields.def;
 * must not know lines, messages, or what any field means.
 */
#include "mailtrace/record.h"

#define NESTED_KINDS (RECORD_KIND_COUNT - FIRST_NESTED_KIND)
#define HEAD_BYTES 5
#define FIRST_SIZE 128
#define SIZE_MAX_BYTES ((gsize) G_MAXINT32)

G_STATIC_ASSERT(FIELD_COUNT < 256);

Record *
record_new(RecordKind kind)
{
  Record *self = g_new0(Record, 1);

  self->kind = kind;
  return self;
}

void
record_free(Record *self)
{
  if (!self)
    return;
  for (guint kind = 0; self->nested && kind < NESTED_KINDS; kind++)
    {
      for (guint32 i = 0; i < self->nested[kind].n; i++)
        record_free(self->nested[kind].items[i]);
      g_free(self->nested[kind].items);
    }
  g_free(self->nested);
  g_free(self->values);
  g_free(self);
}

static void
_copy_list(RecordList *to, const RecordList *from)
{
  to->items = from->n ? g_new(Record *, from->n) : NULL;
  to->n = to->size = from->n;
  for (guint32 i = 0; i < from->n; i++)
    to->items[i] = record_copy(from->items[i]);
}

Record *
record_copy(const Record *self)
{
  Record *copy = record_new(self->kind);

  copy->values = g_memdup2(self->values, self->len);
  copy->len = copy->size = self->len;
  copy->nested = self->nested ? g_new0(RecordList, NESTED_KINDS) : NULL;
  for (guint kind = 0; self->nested && kind < NESTED_KINDS; kind++)
    _copy_list(&copy->nested[kind], &self->nested[kind]);
  return copy;
}

static guint32
_data_len(const Record *self, guint32 at)
{
  guint32 len;

  memcpy(&len, self->values + at + 1, sizeof(len));
  return len;
}

static guint32
_next(const Record *self, guint32 at)
{
  return at + HEAD_BYTES + _data_len(self, at);
}

/* self->len when absent */
static guint32
_find(const Record *self, FieldId id)
{
  guint32 at = 0;

  while (at < self->len && self->values[at] != id)
    at = _next(self, at);
  return at;
}

static gboolean
_is_own(const Record *self, gconstpointer data)
{
  const guint8 *at = data;

  return self->values && at >= self->values && at < self->values + self->len;
}

static void
_reserve(Record *self, gsize needed)
{
  if (needed <= self->size)
    return;
  self->size = (guint32) MAX(MAX(needed, MIN((gsize) self->size * 2, SIZE_MAX_BYTES)), FIRST_SIZE);
  self->values = g_realloc(self->values, self->size);
}

/* FALSE: the record would become larger than any honest message */
static gboolean
_append(Record *self, FieldId id, gconstpointer data, gsize data_len)
{
  gsize own = _is_own(self, data) ? (gsize) ((const guint8 *) data - self->values) : G_MAXSIZE;
  guint32 len = (guint32) data_len;

  if (data_len > SIZE_MAX_BYTES || self->len + HEAD_BYTES + data_len > SIZE_MAX_BYTES)
    return FALSE;
  _reserve(self, self->len + HEAD_BYTES + data_len);
  self->values[self->len] = (guint8) id;
  memcpy(self->values + self->len + 1, &len, sizeof(len));
  if (len)
    memcpy(self->values + self->len + HEAD_BYTES, own == G_MAXSIZE ? data : self->values + own, len);
  self->len += HEAD_BYTES + len;
  return TRUE;
}

gboolean
record_remove(Record *self, FieldId id)
{
  guint32 kept = _find(self, id), before = self->len;

  for (guint32 at = kept, next; at < self->len; at = next)
    {
      next = _next(self, at);
      if (self->values[at] == id)
        continue;
      memmove(self->values + kept, self->values + at, next - at);
      kept += next - at;
    }
  self->len = kept;
  return kept != before;
}

static gboolean
_replace_foreign(Record *self, FieldId id, gconstpointer data, gsize len)
{
  guint32 at = _find(self, id);
  gboolean single = field_get(id)->merge != FM_APPEND || record_count(self, id) == 1;
  gboolean fits = at < self->len && _data_len(self, at) == len && single;

  if (!fits)
    {
      if (at < self->len)
        record_remove(self, id);
      return _append(self, id, data, len);
    }
  if (!len || memcmp(self->values + at + HEAD_BYTES, data, len) == 0)
    return FALSE;
  memcpy(self->values + at + HEAD_BYTES, data, len);
  return TRUE;
}

static gboolean
_replace(Record *self, FieldId id, gconstpointer data, gsize len)
{
  if (!_is_own(self, data))
    return _replace_foreign(self, id, data, len);

  /* removing the old value would move the new one */
  gpointer copy = g_memdup2(data, len);
  gboolean changed = _replace_foreign(self, id, copy, len);
  g_free(copy);
  return changed;
}

static gboolean
_contains(const Record *self, FieldId id, Slice text)
{
  for (guint32 at = 0; at < self->len; at = _next(self, at))
    if (self->values[at] == id
        && slice_equals(slice_new((const gchar *) self->values + at + HEAD_BYTES, _data_len(self, at)), text))
      return TRUE;
  return FALSE;
}

gboolean
record_set_text(Record *self, FieldId id, Slice text)
{
  switch (field_get(id)->merge)
    {
    case FM_APPEND:
      return !_contains(self, id, text) && _append(self, id, text.str, text.len);
    case FM_FIRST:
      return !record_has(self, id) && _append(self, id, text.str, text.len);
    default:
      return _replace(self, id, text.str, text.len);
    }
}

static gint64
_sum(gint64 a, gint64 b)
{
  gint64 sum;

  if (__builtin_add_overflow(a, b, &sum))
    return a < 0 ? G_MININT64 : G_MAXINT64;
  return sum;
}

gboolean
record_set_integer(Record *self, FieldId id, gint64 number)
{
  FieldMerge merge = field_get(id)->merge;
  RecordValue old;

  if (record_get(self, id, &old))
    {
      if (merge == FM_FIRST || (merge == FM_MAX && number <= old.number))
        return FALSE;
      if (merge == FM_SUM)
        number = _sum(number, old.number);
    }
  return _replace(self, id, &number, sizeof(number));
}

gboolean
record_set_boolean(Record *self, FieldId id, gboolean value)
{
  return record_set_integer(self, id, value ? 1 : 0);
}

gboolean
record_set_time(Record *self, FieldId id, Stamp stamp)
{
  FieldMerge merge = field_get(id)->merge;
  struct { gint64 usec; gint64 offset; } data = { stamp.local_usec, stamp.offset_sec };
  RecordValue old;

  if (record_get(self, id, &old))
    if (merge == FM_FIRST || (merge == FM_MAX && stamp_to_utc_usec(&stamp) <= stamp_to_utc_usec(&old.stamp)))
      return FALSE;
  return _replace(self, id, &data, sizeof(data));
}

gboolean
record_replace_text(Record *self, FieldId id, Slice text)
{
  return text.str ? _replace(self, id, text.str, text.len) : record_remove(self, id);
}

void
record_append_text(Record *self, FieldId id, Slice text)
{
  _append(self, id, text.str, text.len);
}

static void
_value(const Record *self, guint32 at, RecordValue *out)
{
  const guint8 *data = self->values + at + HEAD_BYTES;
  gint64 numbers[2];

  out->id = (FieldId) self->values[at];
  out->type = field_get(out->id)->type;
  switch (out->type)
    {
    case FT_TEXT:
    case FT_LIST:
    case FT_RECORDS:
      out->text = slice_new((const gchar *) data, _data_len(self, at));
      break;
    case FT_INTEGER:
    case FT_DECIMAL:
    case FT_BOOLEAN:
      memcpy(&out->number, data, sizeof(out->number));
      break;
    case FT_TIME:
      memcpy(numbers, data, sizeof(numbers));
      out->stamp = (Stamp) { numbers[0], (gint32) numbers[1] };
      break;
    }
}

gboolean
record_next(const Record *self, guint32 *cursor, RecordValue *out)
{
  if (*cursor >= self->len)
    return FALSE;
  _value(self, *cursor, out);
  *cursor = _next(self, *cursor);
  return TRUE;
}

gboolean
record_get(const Record *self, FieldId id, RecordValue *out)
{
  guint32 at = _find(self, id);

  if (at >= self->len)
    return FALSE;
  _value(self, at, out);
  return TRUE;
}

Slice
record_get_text(const Record *self, FieldId id)
{
  RecordValue value;

  if (!record_get(self, id, &value) || (value.type != FT_TEXT && value.type != FT_LIST))
    return SLICE_NONE;
  return value.text;
}

gint64
record_get_integer(const Record *self, FieldId id, gint64 otherwise)
{
  RecordValue value;

  if (!record_get(self, id, &value) || (value.type != FT_INTEGER && value.type != FT_BOOLEAN))
    return otherwise;
  return value.number;
}

gboolean
record_has(const Record *self, FieldId id)
{
  return _find(self, id) < self->len;
}

guint
record_count(const Record *self, FieldId id)
{
  guint n = 0;

  for (guint32 at = 0; at < self->len; at = _next(self, at))
    n += self->values[at] == id;
  return n;
}

RecordList *
record_list(const Record *self, RecordKind kind)
{
  return self->nested ? &self->nested[kind - FIRST_NESTED_KIND] : NULL;
}

Record *
record_add(Record *self, RecordKind kind)
{
  if (!self->nested)
    self->nested = g_new0(RecordList, NESTED_KINDS);

  RecordList *list = record_list(self, kind);
  if (list->n == list->size)
    {
      list->size = list->size ? list->size * 2 : 1;
      list->items = g_renew(Record *, list->items, list->size);
    }
  return list->items[list->n++] = record_new(kind);
}

Record *
record_nested(const Record *self, RecordKind kind, guint i)
{
  const RecordList *list = record_list(self, kind);

  return list && i < list->n ? list->items[i] : NULL;
}

guint
record_count_nested(const Record *self, RecordKind kind)
{
  const RecordList *list = record_list(self, kind);

  return list ? list->n : 0;
}

gsize
record_bytes(const Record *self)
{
  gsize bytes = sizeof(*self) + self->size + (self->nested ? NESTED_KINDS * sizeof(RecordList) : 0);

  for (guint kind = 0; self->nested && kind < NESTED_KINDS; kind++)
    {
      bytes += self->nested[kind].size * sizeof(Record *);
      for (guint32 i = 0; i < self->nested[kind].n; i++)
        bytes += record_bytes(self->nested[kind].items[i]);
    }
  return bytes;
}
