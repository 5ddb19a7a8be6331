/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a line says, into records: values as meant, by the merge rules or one behind the other */
#include "message.h"
#include "host.h"

#define SMALL_TEXT 512

/* the value as meant; a long one with escapes takes memory in *heap, to be freed */
static Slice
_decoded(const LineField *field, gchar small[SMALL_TEXT], gchar **heap)
{
  gsize max = line_field_decoded_max(field);

  *heap = field->escaped && max > SMALL_TEXT ? g_malloc(max) : NULL;
  return line_field_decode(field, *heap ? *heap : small);
}

/* FALSE: it is no number of that type */
static gboolean
_number(FieldType type, Slice value, gint64 *number)
{
  if (type == FT_DECIMAL)
    return slice_to_decimal(value, number);
  if (type == FT_BOOLEAN)
    {
      *number = slice_equals(value, SLICE("true"));
      return TRUE;
    }
  if (!value.len || value.str[0] != '-')
    return slice_to_int(value, number);
  if (!slice_to_int(slice_skip(value, 1), number))
    return FALSE;
  *number = -*number;
  return TRUE;
}

static gboolean
_is_text(FieldId id)
{
  FieldType type = field_get(id)->type;

  return type == FT_TEXT || type == FT_LIST;
}

/* of a line; id: of the field in the record */
static gboolean
_merge_field(Record *record, FieldId id, const LineField *field)
{
  gchar small[SMALL_TEXT], *heap;
  gint64 number;

  if (!_is_text(id))
    return _number(field_get(id)->type, field->value, &number) && record_set_integer(record, id, number);
  if (!field->escaped)
    return record_set_text(record, id, field->value);
  gboolean changed = record_set_text(record, id, _decoded(field, small, &heap));
  g_free(heap);
  return changed;
}

void
record_append_field(Record *record, const LineField *field)
{
  gchar small[SMALL_TEXT], *heap = NULL;
  gint64 number;

  if (_is_text(field->id))
    record_append_text(record, field->id, field->escaped ? _decoded(field, small, &heap) : field->value);
  else if (_number(field_get(field->id)->type, field->value, &number))
    record_append_integer(record, field->id, number);
  g_free(heap);
}

/* lists that have an index of their own */
static inline gboolean
_is_kept_apart(FieldId id)
{
  return id == F_WARNINGS || id == F_RECIPIENTS;
}

/* the session's names of what an arrival says of its TLS */
static inline FieldId
_name_in(const Record *record, const Line *line, FieldId id)
{
  G_STATIC_ASSERT(F_TLS_IN_RESUMED - F_TLS_IN_VERSION == F_TLS_RESUMED - F_TLS_VERSION);

  if (line->role != LR_ARRIVAL || record->kind != RK_MESSAGE || id < F_TLS_VERSION || id > F_TLS_RESUMED)
    return id;
  return (FieldId) (id - F_TLS_VERSION + F_TLS_IN_VERSION);
}

static inline gboolean
_belongs(const Record *record, FieldId id)
{
  return field_get(id)->records >> record->kind & 1;
}

gboolean
record_merge_line(Record *record, const Line *line, FieldId except)
{
  const LineField *end = line->fields + line->n_fields;
  gboolean changed = FALSE;

  for (const LineField *field = line->fields; field < end; field++)
    {
      FieldId id = _name_in(record, line, field->id);

      if (_belongs(record, id) && id != except && !_is_kept_apart(id))
        changed |= _merge_field(record, id, field);
    }
  return changed;
}

gboolean
record_add_warning(Record *record, Slice text, U64Set *known, guint64 seed)
{
  if (record_count(record, F_WARNINGS) >= WARNINGS_MAX || !u64_set_add(known, slice_hash(text, seed + F_WARNINGS)))
    return FALSE;
  record_append_text(record, F_WARNINGS, text);
  return TRUE;
}

static gboolean
_merge_warnings(Record *record, const Line *line, U64Set *known, guint64 seed)
{
  gchar small[SMALL_TEXT], *heap;
  gboolean changed = FALSE;

  for (guint i = 0; i < line->n_fields; i++)
    if (line->fields[i].id == F_WARNINGS)
      {
        changed |= record_add_warning(record, _decoded(&line->fields[i], small, &heap), known, seed);
        g_free(heap);
      }
  return changed;
}

gboolean
message_merge_line(Message *self, Record *record, const Line *line)
{
  gboolean scanner = line->role == LR_HANDOVER || line->role == LR_VERDICT;
  gboolean changed = record_merge_line(record, line, scanner ? F_SENDER : FIELD_COUNT);

  return _merge_warnings(record, line, &self->known, self->host->seed) || changed;
}
