/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows the merge rules of fields.def; must not know lines, messages, or what any field means. */
#include "blocks.h"
#include "record-nested.h"
#include "record-packed.h"

#define TIME_BYTES_MAX (sizeof(gint64) + NUMBER_BYTES_MAX)
#define SIZE_MAX_BYTES ((gsize) 1 << 27)

G_STATIC_ASSERT(FIELD_COUNT < 256);
G_STATIC_ASSERT(RECORD_KIND_COUNT <= 8);

void
record_init(Record *self, RecordKind kind, Blocks *blocks)
{
  *self = (Record) { .kind = kind, .blocks = blocks };
}

Record *
record_new(RecordKind kind)
{
  Record *self = g_new(Record, 1);

  record_init(self, kind, NULL);
  return self;
}

void
record_release(Record *self)
{
  NestedRecords *nested = self->nested;

  blocks_give(self->blocks, self->values, self->size);
  if (!nested)
    return;
  for (guint32 i = 0; i < nested->n_all; i++)
    record_release(&nested->items[i]);
  blocks_give(self->blocks, nested, nested_records_bytes(nested->size));
}

void
record_free(Record *self)
{
  if (!self)
    return;
  record_release(self);
  g_free(self);
}

static void
_copy(Record *to, const Record *from)
{
  *to = *from;
  to->blocks = NULL;
  to->in_room = FALSE;
  to->size = (guint32) blocks_size(from->len);
  to->values = blocks_take(NULL, to->size);
  if (from->len)
    memcpy(to->values, from->values, from->len);
  if (!from->nested)
    return;
  to->nested = blocks_take(NULL, nested_records_bytes(from->nested->n_all));
  *to->nested = *from->nested;
  to->nested->size = from->nested->n_all;
  for (guint32 i = 0; i < from->nested->n_all; i++)
    _copy(&to->nested->items[i], &from->nested->items[i]);
}

static guint8 *
_larger_block(Record *self, gsize size)
{
  if (blocks_is_large(self->size) && !self->in_room)
    return g_realloc(self->values, size);
  guint8 *values = blocks_take(self->blocks, size);

  if (self->len)
    memcpy(values, self->values, self->len);
  if (!self->in_room)
    blocks_give(self->blocks, self->values, self->size);
  return values;
}

static void
_grow(Record *self, gsize needed)
{
  gsize size = blocks_size(MAX(needed, MIN(needed + needed / 1024 * 64, SIZE_MAX_BYTES - 16)));

  self->values = _larger_block(self, size);
  self->size = (guint32) size;
  self->in_room = FALSE;
}

void
record_enter(Record *self, RecordRoom *room)
{
  room->is_entered = self->len <= RECORD_ROOM_BYTES / 2 && !self->in_room;
  if (!room->is_entered)
    return;
  room->values = self->values;
  room->size = self->size;
  if (self->len)
    memcpy(room->bytes, self->values, self->len);
  self->values = room->bytes;
  self->size = RECORD_ROOM_BYTES;
  self->in_room = TRUE;
}

/* the block of before, or one of the right size */
static guint8 *
_block_to_leave_for(Record *self, RecordRoom *room)
{
  if (self->len <= room->size)
    {
      self->size = room->size;
      return room->values;
    }
  blocks_give(self->blocks, room->values, room->size);
  self->size = (guint32) blocks_size(self->len);
  return blocks_take(self->blocks, self->size);
}

void
record_leave(Record *self, RecordRoom *room)
{
  if (!room->is_entered)
    return;
  if (!self->in_room)
    {
      blocks_give(self->blocks, room->values, room->size);
      return;
    }
  guint32 len = self->len;
  self->values = _block_to_leave_for(self, room);
  if (len)
    memcpy(self->values, room->bytes, len);
  self->in_room = FALSE;
}

void
record_reserve(Record *self, gsize more)
{
  gsize needed = self->len + more;

  if (needed > self->size && needed < SIZE_MAX_BYTES)
    _grow(self, needed);
}

Record *
record_copy(const Record *self)
{
  Record *copy = g_new(Record, 1);

  _copy(copy, self);
  return copy;
}

static inline guint
_head_bytes(gsize size)
{
  guint n = 2;

  for (; size > 127; size >>= 7)
    n++;
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

/* self->len when absent */
static guint32
_find(const Record *self, FieldId id)
{
  guint32 at = 0;

  if (!record_has(self, id))
    return self->len;
  while (at < self->len && self->values[at] != id)
    at = packed_next(self, at);
  return at;
}

static inline gboolean
_is_own(const Record *self, gconstpointer data)
{
  const guint8 *at = data;

  return self->values && at >= self->values && at < self->values + self->len;
}

/* the data may be a value of the record itself: where they lie then */
static gconstpointer
_grow_with(Record *self, gsize needed, gconstpointer data)
{
  gsize own = _is_own(self, data) ? (gsize) ((const guint8 *) data - self->values) : G_MAXSIZE;

  _grow(self, needed);
  return own == G_MAXSIZE ? data : self->values + own;
}

/* FALSE: the record would become larger than any honest message */
static gboolean
_make_room(Record *self, gsize size, gconstpointer *data, gsize len)
{
  gsize needed = self->len + _head_bytes(size) + len;

  if (len > SIZE_MAX_BYTES || needed > SIZE_MAX_BYTES - 16)
    return FALSE;
  if (needed > self->size)
    *data = _grow_with(self, needed, *data);
  return TRUE;
}

/* FALSE: there is no room, nor can it be made */
static inline gboolean
_put(Record *self, FieldId id, gsize size, gconstpointer data, gsize len)
{
  if (!packed_has_room(self, len) && !_make_room(self, size, &data, len))
    return FALSE;
  packed_append(self, id, size, data, len);
  return TRUE;
}

static gboolean
_append(Record *self, FieldId id, gconstpointer data, gsize len)
{
  gboolean may_be_word = (field_get(id)->flags & (FIELD_TEXT | FIELD_FREE_TEXT)) == FIELD_TEXT;
  gint word = may_be_word ? word_find(slice_new(data, len)) : -1;

  return word >= 0 ? _put(self, id, (gsize) word * 2 + 1, NULL, 0) : _put(self, id, len * 2, data, len);
}

static void
_cut_out(Record *self, guint32 at, guint32 next)
{
  memmove(self->values + at, self->values + next, self->len - next);
  self->len -= next - at;
}

gboolean
record_remove(Record *self, FieldId id)
{
  guint32 at = _find(self, id), before = self->len;

  if (at == before)
    return FALSE;
  self->has[id / 64] &= ~packed_bit(id);
  if (field_get(id)->merge != FM_APPEND)
    {
      _cut_out(self, at, packed_next(self, at));
      return TRUE;
    }
  guint32 kept = at;
  for (guint32 next; at < before; at = next)
    {
      next = packed_next(self, at);
      if (self->values[at] == id)
        continue;
      memmove(self->values + kept, self->values + at, next - at);
      kept += next - at;
    }
  self->len = kept;
  return TRUE;
}

/* the value that begins there, the only one of its field, by another one, which is none of the record */
static gboolean
_replace_at(Record *self, guint32 at, gconstpointer data, gsize len)
{
  FieldId id = (FieldId) self->values[at];
  Slice old = packed_data(self, at);

  if (slice_equals(old, slice_new(data, len)))
    return FALSE;
  if (old.len == len && !packed_is_text(id))
    {
      memcpy(self->values + (old.str - (const gchar *) self->values), data, len);
      return TRUE;
    }
  _cut_out(self, at, packed_next(self, at));
  return _append(self, id, data, len);
}

static gboolean
_replace_foreign(Record *self, FieldId id, gconstpointer data, gsize len)
{
  guint32 at = _find(self, id);

  if (at < self->len && (field_get(id)->merge != FM_APPEND || record_count(self, id) == 1))
    return _replace_at(self, at, data, len);
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
  for (guint32 at = _find(self, id); at < self->len; at = packed_next(self, at))
    if (self->values[at] == id && slice_equals(packed_data(self, at), text))
      return TRUE;
  return FALSE;
}

gboolean
record_set_text(Record *self, FieldId id, Slice text)
{
  if (!record_has(self, id))
    return _append(self, id, text.str, text.len);
  switch (field_get(id)->merge)
    {
    case FM_APPEND:
      return !_contains(self, id, text) && _append(self, id, text.str, text.len);
    case FM_FIRST:
      return FALSE;
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

static gboolean
_merge_integer(Record *self, FieldId id, gint64 number)
{
  FieldMerge merge = field_get(id)->merge;
  guint8 data[NUMBER_BYTES_MAX];
  guint32 at;

  if (merge == FM_FIRST)
    return FALSE;
  at = _find(self, id);
  if (merge == FM_MAX && number <= _get_number(packed_data(self, at)))
    return FALSE;
  if (merge == FM_SUM)
    number = _sum(number, _get_number(packed_data(self, at)));
  return _replace_at(self, at, data, packed_put_number(data, number));
}

void
record_append_integer(Record *self, FieldId id, gint64 number)
{
  gconstpointer none = NULL;

  if (packed_has_room(self, 0) || _make_room(self, 0, &none, NUMBER_BYTES_MAX))
    packed_append_number(self, id, number);
}

gboolean
record_set_integer(Record *self, FieldId id, gint64 number)
{
  if (record_has(self, id))
    return _merge_integer(self, id, number);
  record_append_integer(self, id, number);
  return TRUE;
}

gboolean
record_set_boolean(Record *self, FieldId id, gboolean value)
{
  return record_set_integer(self, id, value ? 1 : 0);
}

static gsize
_put_time(guint8 out[TIME_BYTES_MAX], const Stamp *stamp)
{
  memcpy(out, &stamp->local_usec, sizeof(gint64));
  return sizeof(gint64) + packed_put_number(out + sizeof(gint64), stamp->offset_sec);
}

void
record_append_time(Record *self, FieldId id, Stamp stamp)
{
  guint8 data[TIME_BYTES_MAX];
  gsize len = _put_time(data, &stamp);

  _put(self, id, len * 2, data, len);
}

static gint64
_time_usec(const Record *self, FieldId id)
{
  RecordValue value;

  return record_get(self, id, &value) && value.type == FT_TIME ? stamp_to_utc_usec(&value.stamp) : G_MININT64;
}

gboolean
record_set_time(Record *self, FieldId id, Stamp stamp)
{
  FieldMerge merge = field_get(id)->merge;
  guint8 data[TIME_BYTES_MAX];

  if (!record_has(self, id))
    {
      record_append_time(self, id, stamp);
      return TRUE;
    }
  if (merge == FM_FIRST)
    return FALSE;
  if (merge == FM_MAX && stamp_to_utc_usec(&stamp) <= _time_usec(self, id))
    return FALSE;
  return _replace(self, id, data, _put_time(data, &stamp));
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

/* the value that begins there; where the next one begins */
static inline guint32
_value(const Record *self, guint32 at, RecordValue *out)
{
  guint32 head, size = packed_size(self, at, &head), len = size & 1 ? 0 : size / 2;
  Slice data = slice_new((const gchar *) self->values + at + head, len);

  out->id = (FieldId) self->values[at];
  out->type = (FieldType) field_get(out->id)->type;
  if (out->type == FT_TEXT || out->type == FT_LIST)
    out->text = size & 1 ? words[size / 2] : data;
  else if (out->type != FT_TIME)
    out->number = _get_number(data);
  else
    {
      memcpy(&out->stamp.local_usec, data.str, sizeof(gint64));
      out->stamp.offset_sec = (gint32) _get_number(slice_skip(data, sizeof(gint64)));
    }
  return at + head + len;
}

gboolean
record_next_id(const Record *self, guint32 *cursor, guint32 *at, FieldId *id)
{
  if (*cursor >= self->len)
    return FALSE;
  *at = *cursor;
  *id = (FieldId) self->values[*at];
  *cursor = packed_next(self, *at);
  return TRUE;
}

gboolean
record_next(const Record *self, guint32 *cursor, RecordValue *out)
{
  if (*cursor >= self->len)
    return FALSE;
  *cursor = _value(self, *cursor, out);
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
  return record_has(self, id) && packed_is_text(id) ? packed_data(self, _find(self, id)) : SLICE_NONE;
}

gint64
record_get_integer(const Record *self, FieldId id, gint64 otherwise)
{
  RecordValue value;

  if (!record_get(self, id, &value) || (value.type != FT_INTEGER && value.type != FT_BOOLEAN))
    return otherwise;
  return value.number;
}

guint
record_count(const Record *self, FieldId id)
{
  guint n = 0;

  for (guint32 at = _find(self, id); at < self->len; at = packed_next(self, at))
    n += self->values[at] == id;
  return n;
}

static gboolean
_take_new_value(Record *self, const Record *from, guint32 at)
{
  guint32 bytes = packed_next(from, at) - at;

  if (packed_has_room(self, bytes))
    {
      packed_copy(self->values + self->len, from->values + at, bytes);
      packed_note(self, (FieldId) from->values[at]);
      self->len += bytes;
      return TRUE;
    }
  guint32 head, size = packed_size(from, at, &head);

  return _put(self, (FieldId) from->values[at], size, from->values + at + head, size & 1 ? 0 : size / 2);
}

gboolean
record_take_value(Record *self, const Record *from, guint32 at)
{
  RecordValue value;

  FieldId id = (FieldId) from->values[at];
  if (!record_has(self, id))
    return _take_new_value(self, from, at);
  if (field_get(id)->merge == FM_FIRST)
    return FALSE;
  _value(from, at, &value);
  switch (value.type)
    {
    case FT_LIST:
    case FT_TEXT:
      return record_set_text(self, value.id, value.text);
    case FT_TIME:
      return record_set_time(self, value.id, value.stamp);
    default:
      return record_set_integer(self, value.id, value.number);
    }
}

static gboolean
_has_lists(const Record *self)
{
  guint32 at = 0;

  while (at < self->len && field_get((FieldId) self->values[at])->type != FT_LIST)
    at = packed_next(self, at);
  return at < self->len;
}

void
record_take_values(Record *self, const Record *from)
{
  gboolean has_lists = _has_lists(self);

  for (guint32 at = 0; at < from->len; at = packed_next(from, at))
    if (!has_lists && field_get((FieldId) from->values[at])->type == FT_LIST)
      _take_new_value(self, from, at);
    else
      record_take_value(self, from, at);
}

gboolean
record_values_equal(const Record *self, const Record *other)
{
  return self->len == other->len && (self->len == 0 || memcmp(self->values, other->values, self->len) == 0);
}

void
record_swap_values(Record *self, Record *other)
{
  Record taken = *self;

  self->values = other->values, self->len = other->len, self->size = other->size;
  other->values = taken.values, other->len = taken.len, other->size = taken.size;
  memcpy(self->has, other->has, sizeof(self->has));
  memcpy(other->has, taken.has, sizeof(other->has));
}
