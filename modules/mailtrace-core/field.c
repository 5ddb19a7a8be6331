/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of fields.def as a table.  Knows names and types; must not know lines, records or messages. */
#include "mailtrace/field.h"

#define TEXT FT_TEXT
#define INTEGER FT_INTEGER
#define DECIMAL FT_DECIMAL
#define BOOLEAN FT_BOOLEAN
#define TIME FT_TIME
#define LIST FT_LIST
#define RECORDS FT_RECORDS
#define FIRST FM_FIRST
#define LAST FM_LAST
#define APPEND FM_APPEND
#define SUM FM_SUM
#undef MAX
#define MAX FM_MAX
#define LIN (1u << RK_LINE)
#define MSG (1u << RK_MESSAGE)
#define SES (1u << RK_SESSION)
#define DLV (1u << RK_DELIVERY)
#define DKM (1u << RK_DKIM)
#define SCN (1u << RK_SCAN)
#define REF (1u << RK_REFUSAL)

const Field field_table[FIELD_COUNT] =
{
#define FIELD(id, name, type, merge, records, ecs, description) { type, merge, records, 0 },
#include "mailtrace/fields.def"
#undef FIELD
};

const FieldTexts field_texts_table[FIELD_COUNT] =
{
#define FIELD(id, name, type, merge, records, ecs, description) { name, ecs, description },
#include "mailtrace/fields.def"
#undef FIELD
};

static const gchar *const kind_names[RECORD_KIND_COUNT] =
{
  "line", "message", "session", "delivery", "dkim", "scan", "refusal"
};

const gchar *
record_kind_name(RecordKind kind)
{
  return kind_names[kind];
}

gboolean
record_kind_by_name(Slice name, RecordKind *kind)
{
  for (guint i = 0; i < RECORD_KIND_COUNT; i++)
    if (slice_equals(name, slice_from_string(kind_names[i])))
      {
        *kind = (RecordKind) i;
        return TRUE;
      }
  return FALSE;
}

const gchar *
field_name_in(FieldId id, RecordKind kind)
{
  const gchar *name = field_texts_table[id].name;
  Slice first = slice_from_string(kind_names[kind]);

  if (kind >= RK_DELIVERY && slice_starts_with(slice_from_string(name), first) && name[first.len] == '.')
    return name + first.len + 1;
  return name;
}

RecordKind
field_nested_kind(FieldId id)
{
  switch (id)
    {
    case F_DKIM:
      return RK_DKIM;
    case F_SCANS:
      return RK_SCAN;
    case F_REFUSALS:
      return RK_REFUSAL;
    default:
      return RK_DELIVERY;
    }
}
