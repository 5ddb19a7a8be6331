/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a line says, into a record: values as meant, by the merge rules or one behind the other.  Most fields of most
 * lines are new to the record, and there is room: these are written down at once.  Knows no message.
 */
#include "record-line.h"
#include "record-packed.h"

#define SMALL_TEXT 512

/* FALSE: it is no number of that type, which is not FT_BOOLEAN */
static gboolean
_number(FieldType type, Slice value, gint64 *number)
{
  if (type == FT_DECIMAL)
    return slice_to_decimal(value, number);
  if (!value.len || value.str[0] != '-')
    return slice_to_int(value, number);
  if (!slice_to_int(slice_skip(value, 1), number))
    return FALSE;
  *number = -*number;
  return TRUE;
}

/* most numbers are short and plain */
static inline gboolean
_short_number(FieldType type, Slice value, gint64 *number)
{
  guint64 n = 0;

  if (type == FT_BOOLEAN)
    {
      *number = value.len == 4 && memcmp(value.str, "true", 4) == 0;
      return TRUE;
    }
  if (type != FT_INTEGER || value.len > 9 || !value.len)
    return _number(type, value, number);
  for (gsize i = 0; i < value.len; i++)
    {
      guint digit = (guint) (guchar) value.str[i] - '0';

      if (digit > 9)
        return _number(type, value, number);
      n = n * 10 + digit;
    }
  *number = (gint64) n;
  return TRUE;
}

/* an unescaped value, for which there is room */
static inline __attribute__((always_inline)) gboolean
_append(Record *record, FieldId id, Slice value)
{
  const Field *row = field_get(id);
  gint64 number;
  gint word = -1;

  if (!(row->flags & FIELD_TEXT))
    {
      if (!_short_number((FieldType) row->type, value, &number))
        return FALSE;
      packed_append_number(record, id, number);
      return TRUE;
    }
  if (!(row->flags & FIELD_FREE_TEXT))
    word = word_find(value);
  if (word >= 0)
    packed_append_word(record, id, (guint) word);
  else
    packed_append(record, id, value.len * 2, value.str, value.len);
  return TRUE;
}

/* the value as meant, a long one with escapes takes memory in *heap, to be freed */
static Slice
_decoded(const LineField *field, gchar small[SMALL_TEXT], gchar **heap)
{
  gsize max = line_field_decoded_max(field);

  *heap = field->escaped && max > SMALL_TEXT ? g_malloc(max) : NULL;
  return line_field_decode(field, *heap ? *heap : small);
}

/* it is meant as it is logged */
static inline gboolean
_is_plain(const LineField *field)
{
  return !field->escaped || slice_find_char(field->value, '\\') < 0;
}

static gboolean
_merge(Record *record, FieldId id, const LineField *field)
{
  gchar small[SMALL_TEXT], *heap;
  gint64 number;

  if (!packed_is_text(id))
    return _short_number((FieldType) field_get(id)->type, field->value, &number)
           && record_set_integer(record, id, number);
  gboolean changed = record_set_text(record, id, _decoded(field, small, &heap));
  g_free(heap);
  return changed;
}

static void
_append_slowly(Record *record, const LineField *field)
{
  gchar small[SMALL_TEXT], *heap;
  gint64 number;

  if (packed_is_text(field->id))
    {
      record_append_text(record, field->id, _decoded(field, small, &heap));
      g_free(heap);
    }
  else if (_short_number((FieldType) field_get(field->id)->type, field->value, &number))
    record_append_integer(record, field->id, number);
}

void
record_append_field(Record *record, const LineField *field)
{
  if (!packed_has_room(record, field->value.len) || !_is_plain(field))
    _append_slowly(record, field);
  else
    _append(record, field->id, field->value);
}

/* the session's names of what an arrival says of its TLS */
static inline FieldId
_name_of_arrival(FieldId id)
{
  G_STATIC_ASSERT(F_TLS_IN_RESUMED - F_TLS_IN_VERSION == F_TLS_RESUMED - F_TLS_VERSION);

  guint of_tls = (guint) id - F_TLS_VERSION;

  return of_tls > F_TLS_RESUMED - F_TLS_VERSION ? id : (FieldId) (F_TLS_IN_VERSION + of_tls);
}

gboolean
record_merge_line(Record *record, const Line *line, guint64 left_out, gboolean *has_warnings)
{
  gboolean is_arrival = line->role == LR_ARRIVAL && record->kind == RK_MESSAGE;
  const LineField *end = line->fields + line->n_fields;
  guint kind = 1u << record->kind;
  gboolean changed = FALSE;

  for (const LineField *field = line->fields; field < end; field++)
    {
      FieldId id = is_arrival ? _name_of_arrival(field->id) : field->id;
      const Field *row = field_get(id);

      if (!(row->merged & kind) || (left_out && id < 64 && left_out >> id & 1))
        {
          if (id == F_WARNINGS && has_warnings)
            *has_warnings = TRUE;
          continue;
        }
      if (record_has(record, id) && row->merge == FM_FIRST)
        continue;
      if (record_has(record, id) || !packed_has_room(record, field->value.len) || !_is_plain(field))
        changed |= _merge(record, id, field);
      else
        changed |= _append(record, id, field->value);
    }
  return changed;
}
