/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A value is packed as: field id (1 byte), size (7 bits a byte, the lowest first, the highest bit says that more
 * follow), data.  Size is twice the length of the data; or twice the number of a word, plus one, and no data follow.
 * Numbers have their sign in the lowest bit and no more bytes than they need.
 * Nested records lie in one array: by kind, the last kind first, so that the deliveries, of which there may be many,
 * move for no others.  Knows the merge rules of fields.def; must not know lines, messages, or what any field means.
 */
#include "mailtrace/record.h"

#include <stdlib.h>

#define NESTED_KINDS (RECORD_KIND_COUNT - FIRST_NESTED_KIND)
#define HEAD_BYTES_MAX 6
#define NUMBER_BYTES_MAX 8
#define TIME_BYTES_MAX (sizeof(gint64) + NUMBER_BYTES_MAX)
#define SIZE_MAX_BYTES ((gsize) 1 << 28)

struct _NestedRecords
{
  guint32 n[NESTED_KINDS], n_all, size;
  Record items[];
};

G_STATIC_ASSERT(FIELD_COUNT < 256);
G_STATIC_ASSERT(RECORD_KIND_COUNT <= 8);

static const Slice words[] =
{
#define WORD(text) { text, sizeof(text) - 1 },
#include "words.def"
#undef WORD
};

static gint
_compare_words(gconstpointer a, gconstpointer b)
{
  const Slice *x = a, *y = b;

  return x->len == y->len ? memcmp(x->str, y->str, x->len) : x->len < y->len ? -1 : 1;
}

/* number of the word, or -1 */
static gint
_word(Slice text)
{
  const Slice *found = text.len && text.len <= words[G_N_ELEMENTS(words) - 1].len
                       ? bsearch(&text, words, G_N_ELEMENTS(words), sizeof(Slice), _compare_words) : NULL;

  return found ? (gint) (found - words) : -1;
}

static gboolean
_is_text(FieldId id)
{
  FieldType type = field_get(id)->type;

  return type == FT_TEXT || type == FT_LIST;
}

void
record_init(Record *self, RecordKind kind)
{
  *self = (Record) { .kind = kind };
}

Record *
record_new(RecordKind kind)
{
  Record *self = g_new(Record, 1);

  record_init(self, kind);
  return self;
}

void
record_release(Record *self)
{
  for (guint32 i = 0; self->nested && i < self->nested->n_all; i++)
    record_release(&self->nested->items[i]);
  g_free(self->nested);
  g_free(self->values);
}

void
record_free(Record *self)
{
  if (!self)
    return;
  record_release(self);
  g_free(self);
}

static gsize
_nested_bytes(guint32 n)
{
  return sizeof(NestedRecords) + n * sizeof(Record);
}

static void
_copy(Record *to, const Record *from)
{
  *to = *from;
  to->is_indexed = FALSE;
  to->values = g_memdup2(from->values, from->len);
  to->size = from->len;
  if (!from->nested)
    return;
  to->nested = g_malloc(_nested_bytes(from->nested->n_all));
  *to->nested = *from->nested;
  to->nested->size = from->nested->n_all;
  for (guint32 i = 0; i < from->nested->n_all; i++)
    _copy(&to->nested->items[i], &from->nested->items[i]);
}

/* malloc() gives out 8 bytes less than a multiple of 16 */
static void
_reserve(Record *self, gsize needed)
{
  if (needed <= self->size)
    return;
  gsize size = MIN(needed + needed / 1024 * 64, SIZE_MAX_BYTES - 16);
  self->size = (guint32) ((MAX(needed, size) + 7) / 16 * 16 + 8);
  self->values = g_realloc(self->values, self->size);
}

/* a record whose values are found at once */
typedef struct _IndexedRecord
{
  Record super;
  gboolean is_stale;           /* values have moved */
  guint32 at[FIELD_COUNT];     /* of the first value of each field; ABSENT */
} IndexedRecord;

#define ABSENT G_MAXUINT32
#define COPY_ROOM 1024   /* for values that are derived from the others */

Record *
record_copy(const Record *self)
{
  IndexedRecord *copy = g_new(IndexedRecord, 1);

  _copy(&copy->super, self);
  copy->super.is_indexed = TRUE;
  copy->is_stale = TRUE;
  _reserve(&copy->super, self->len + COPY_ROOM);
  return &copy->super;
}

static guint
_put_head(guint8 head[HEAD_BYTES_MAX], FieldId id, guint32 size)
{
  guint n = 0;

  head[n++] = (guint8) id;
  for (; size > 127; size >>= 7)
    head[n++] = (guint8) (size | 128);
  head[n++] = (guint8) size;
  return n;
}

/* *head: bytes in front of the data */
static guint32
_size(const Record *self, guint32 at, guint32 *head)
{
  const guint8 *byte = self->values + at + 1;
  guint32 size = *byte & 127;

  for (guint shift = 7; *byte & 128; shift += 7)
    size |= (guint32) (*++byte & 127) << shift;
  *head = (guint32) (byte + 1 - (self->values + at));
  return size;
}

/* the data of the value that begins at that byte */
static Slice
_data(const Record *self, guint32 at)
{
  guint32 head, size = _size(self, at, &head);

  return size & 1 ? words[size / 2] : slice_new((const gchar *) self->values + at + head, size / 2);
}

static guint32
_next(const Record *self, guint32 at)
{
  guint32 head, size = _size(self, at, &head);

  return at + head + (size & 1 ? 0 : size / 2);
}

static gsize
_put_number(guint8 out[NUMBER_BYTES_MAX], gint64 number)
{
  guint64 rest = ((guint64) number << 1) ^ (number < 0 ? G_MAXUINT64 : 0);
  gsize n = 0;

  for (; rest; rest >>= 8)
    out[n++] = (guint8) rest;
  return n;
}

static gint64
_get_number(Slice data)
{
  guint64 bits = 0;

  for (gsize i = data.len; i > 0; i--)
    bits = bits << 8 | (guint8) data.str[i - 1];
  return (gint64) (bits >> 1) ^ -(gint64) (bits & 1);
}

static void
_build_index(IndexedRecord *self)
{
  memset(self->at, 0xff, sizeof(self->at));
  for (guint32 at = 0; at < self->super.len; at = _next(&self->super, at))
    if (self->at[self->super.values[at]] == ABSENT)
      self->at[self->super.values[at]] = at;
  self->is_stale = FALSE;
}

static guint32
_find_indexed(IndexedRecord *self, FieldId id)
{
  if (self->is_stale)
    _build_index(self);
  return MIN(self->at[id], self->super.len);
}

static void
_set_stale(Record *self)
{
  if (self->is_indexed)
    ((IndexedRecord *) self)->is_stale = TRUE;
}

static void
_index_added(Record *self, FieldId id, guint32 at)
{
  IndexedRecord *indexed = (IndexedRecord *) self;

  if (self->is_indexed && !indexed->is_stale && indexed->at[id] == ABSENT)
    indexed->at[id] = at;
}

/* self->len when absent */
static guint32
_find(const Record *self, FieldId id)
{
  guint32 at = 0;

  if (self->is_indexed)
    return _find_indexed((IndexedRecord *) self, id);

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

/* FALSE: the record would become larger than any honest message */
static gboolean
_append(Record *self, FieldId id, gconstpointer data, gsize data_len)
{
  gsize own = _is_own(self, data) ? (gsize) ((const guint8 *) data - self->values) : G_MAXSIZE;
  gint word = _is_text(id) ? _word(slice_new(data, data_len)) : -1;
  guint8 head[HEAD_BYTES_MAX];

  if (word >= 0)
    data_len = 0;
  if (data_len > SIZE_MAX_BYTES || self->len + HEAD_BYTES_MAX + data_len > SIZE_MAX_BYTES - 16)
    return FALSE;
  guint head_len = _put_head(head, id, word >= 0 ? (guint32) word * 2 + 1 : (guint32) data_len * 2);
  _reserve(self, self->len + head_len + data_len);
  _index_added(self, id, self->len);
  memcpy(self->values + self->len, head, head_len);
  if (data_len)
    memcpy(self->values + self->len + head_len, own == G_MAXSIZE ? data : self->values + own, data_len);
  self->len += (guint32) (head_len + data_len);
  return TRUE;
}

gboolean
record_remove(Record *self, FieldId id)
{
  guint32 kept = _find(self, id), before = self->len;

  if (kept < before)
    _set_stale(self);
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
  Slice old = at < self->len ? _data(self, at) : SLICE_NONE;

  if (old.str && single && slice_equals(old, slice_new(data, len)))
    return FALSE;
  if (old.str && single && old.len == len && !_is_text(id))
    {
      memcpy(self->values + (old.str - (const gchar *) self->values), data, len);
      return TRUE;
    }
  if (old.str)
    record_remove(self, id);
  return _append(self, id, data, len);
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
    if (self->values[at] == id && slice_equals(_data(self, at), text))
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
  guint8 data[NUMBER_BYTES_MAX];
  return _replace(self, id, data, _put_number(data, number));
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
  guint8 data[TIME_BYTES_MAX];
  RecordValue old;

  if (record_get(self, id, &old))
    if (merge == FM_FIRST || (merge == FM_MAX && stamp_to_utc_usec(&stamp) <= stamp_to_utc_usec(&old.stamp)))
      return FALSE;
  memcpy(data, &stamp.local_usec, sizeof(gint64));
  return _replace(self, id, data, sizeof(gint64) + _put_number(data + sizeof(gint64), stamp.offset_sec));
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
  Slice data = _data(self, at);

  out->id = (FieldId) self->values[at];
  out->type = field_get(out->id)->type;
  switch (out->type)
    {
    case FT_TEXT:
    case FT_LIST:
    case FT_RECORDS:
      out->text = data;
      break;
    case FT_INTEGER:
    case FT_DECIMAL:
    case FT_BOOLEAN:
      out->number = _get_number(data);
      break;
    case FT_TIME:
      memcpy(&out->stamp.local_usec, data.str, sizeof(gint64));
      out->stamp.offset_sec = (gint32) _get_number(slice_skip(data, sizeof(gint64)));
      break;
    }
}

gboolean
record_next_id(const Record *self, guint32 *cursor, guint32 *at, FieldId *id)
{
  if (*cursor >= self->len)
    return FALSE;
  *at = *cursor;
  *id = (FieldId) self->values[*at];
  *cursor = _next(self, *at);
  return TRUE;
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
  guint32 size = self->nested ? self->nested->size + self->nested->size / 2 + 1 : 1;

  if (self->nested && self->nested->n_all < self->nested->size)
    return;
  self->nested = self->nested ? g_realloc(self->nested, _nested_bytes(size)) : g_malloc0(_nested_bytes(size));
  self->nested->size = size;
}

static void
_take_value(Record *self, const RecordValue *value, gboolean is_new)
{
  switch (value->type)
    {
    case FT_LIST:
      if (is_new)
        record_append_text(self, value->id, value->text);
      else
        record_set_text(self, value->id, value->text);
      break;
    case FT_TEXT:
      record_set_text(self, value->id, value->text);
      break;
    case FT_TIME:
      record_set_time(self, value->id, value->stamp);
      break;
    case FT_BOOLEAN:
      record_set_boolean(self, value->id, value->number != 0);
      break;
    default:
      record_set_integer(self, value->id, value->number);
    }
}

void
record_take_values(Record *self, const Record *from)
{
  gboolean has_lists = FALSE;
  guint32 cursor = 0;
  RecordValue value;

  while (record_next(self, &cursor, &value))
    has_lists |= value.type == FT_LIST;
  for (cursor = 0; record_next(from, &cursor, &value);)
    _take_value(self, &value, !has_lists);
}

Record *
record_add(Record *self, RecordKind kind)
{
  _make_room(self);

  NestedRecords *nested = self->nested;
  Record *added = &nested->items[_first_nested(self, kind) + nested->n[kind - FIRST_NESTED_KIND]++];
  memmove(added + 1, added, (gsize) (&nested->items[nested->n_all++] - added) * sizeof(Record));
  record_init(added, kind);
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
  bytes += _nested_bytes(self->nested->size) - self->nested->n_all * sizeof(Record);
  for (guint32 i = 0; i < self->nested->n_all; i++)
    bytes += record_bytes(&self->nested->items[i]);
  return bytes;
}
