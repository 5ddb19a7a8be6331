/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a line says, into the record of a message */
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

gboolean
record_add_warning(Record *record, Slice text, U64Set *known, const HashKey *key)
{
  if (record_count(record, F_WARNINGS) >= WARNINGS_MAX
      || !u64_set_add(known, hash_text(key, text, F_WARNINGS), record->blocks))
    return FALSE;
  record_append_text(record, F_WARNINGS, text);
  return TRUE;
}

static gboolean
_merge_warnings(Record *record, const Line *line, U64Set *known, const HashKey *key)
{
  gchar small[SMALL_TEXT], *heap;
  gboolean changed = FALSE;

  for (guint i = 0; i < line->n_fields; i++)
    if (line->fields[i].id == F_WARNINGS)
      {
        changed |= record_add_warning(record, _decoded(&line->fields[i], small, &heap), known, key);
        g_free(heap);
      }
  return changed;
}

/* the record of the pass says the same, and the summary asks that one */
static guint64
_told_by_scans(const Line *line)
{
  guint64 fields = LEFT_OUT(F_SENDER);
  Slice size;

  if (line->role != LR_HANDOVER && line->role != LR_VERDICT)
    return 0;
  size = line_get(line, F_SCANNED_SIZE);
  if (size.len && size.str[0] != '-')
    fields |= LEFT_OUT(F_SCANNED_SIZE);
  if (line_get(line, F_DISPOSITION).str)
    fields |= LEFT_OUT(F_DISPOSITION) | LEFT_OUT(F_REASON) | LEFT_OUT(F_REASON_DETAIL);
  return fields;
}

gboolean
message_merge_line(Message *self, Record *record, const Line *line)
{
  gboolean has_warnings = FALSE, changed = record_merge_line(record, line, _told_by_scans(line), &has_warnings);

  return (has_warnings && _merge_warnings(record, line, &self->known, self->host->hash_key)) || changed;
}
