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

/* addresses, names of hosts, ids, and what people or other servers write */
#define IS_FREE(id) \
  ((id) == F_ID || (id) == F_MESSAGE || (id) == F_GATEWAY || (id) == F_QUEUE_ID || (id) == F_PARENT \
   || (id) == F_MESSAGE_ID || (id) == F_SUBJECT || (id) == F_SENDER || (id) == F_RECIPIENT || (id) == F_RECIPIENTS \
   || (id) == F_CLIENT_IP || (id) == F_CLIENT_HOST || (id) == F_CLIENT_HELO || (id) == F_DKIM_DOMAIN \
   || (id) == F_SPAM_REFID || (id) == F_SPAM_CLASSIFIER || (id) == F_WARNINGS || (id) == F_SCAN_QUEUE_ID \
   || (id) == F_SCAN_PARENT || (id) == F_SCAN_SENDER || (id) == F_SCAN_RECIPIENTS || (id) == F_DELIVERY_RECIPIENT \
   || (id) == F_DELIVERY_ORIGINAL_RECIPIENT || (id) == F_DELIVERY_DOMAIN || (id) == F_DELIVERY_QUEUE_ID \
   || (id) == F_DELIVERY_RETURN_PATH || (id) == F_DELIVERY_SENDER || (id) == F_DELIVERY_HOST || (id) == F_DELIVERY_IP \
   || (id) == F_DELIVERY_TLS_DN || (id) == F_DELIVERY_RESPONSE || (id) == F_DELIVERY_NEXT_HOP_ID \
   || (id) == F_DELIVERY_ERROR || (id) == F_REFUSAL_SENDER || (id) == F_REFUSAL_RECIPIENT || (id) == F_REFUSAL_TEXT \
   || (id) == F_RAW)
#define IS_APART(id) ((id) == F_RECIPIENTS || (id) == F_WARNINGS)
#define FLAGS(id, type) \
  (((type) == FT_TEXT || (type) == FT_LIST ? FIELD_TEXT : 0) | (IS_FREE(id) ? FIELD_FREE_TEXT : 0))

const Field field_table[FIELD_COUNT] =
{
#define FIELD(id, name, type, merge, records, ecs, description) \
  { type, merge, records, IS_APART(F_ ## id) ? 0 : records, FLAGS(F_ ## id, type), { 0 } },
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
