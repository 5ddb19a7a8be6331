/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Field: a row of fields.def.  Knows names, types and where a field may appear; knows no lines and no messages.
 */
#ifndef MAILTRACE_FIELD_H_INCLUDED
#define MAILTRACE_FIELD_H_INCLUDED

#include "mailtrace/slice.h"

typedef enum _FieldId
{
#define FIELD(id, name, type, merge, records, ecs, description) F_ ## id,
#include "mailtrace/fields.def"
#undef FIELD
  FIELD_COUNT
} FieldId;

typedef enum _FieldType
{
  FT_TEXT,
  FT_INTEGER,
  FT_DECIMAL,   /* a gint64 of millionths, see slice_to_decimal() */
  FT_BOOLEAN,
  FT_TIME,
  FT_LIST,
  FT_RECORDS,
} FieldType;

typedef enum _FieldMerge
{
  FM_FIRST,
  FM_LAST,
  FM_APPEND,
  FM_MAX,
  FM_SUM,
} FieldMerge;

/* what a record is about; LINE, MESSAGE, SESSION, DELIVERY, DKIM and SCAN are kinds of documents as well */
typedef enum _RecordKind
{
  RK_LINE,
  RK_MESSAGE,
  RK_SESSION,
  RK_DELIVERY,
  RK_DKIM,
  RK_SCAN,
  RK_REFUSAL,
  RECORD_KIND_COUNT
} RecordKind;

#define FIELD_TEXT 1         /* of FT_TEXT or FT_LIST */
#define FIELD_FREE_TEXT 2    /* nobody chooses its texts from a few: looking for a word would be in vain */

typedef struct _Field
{
  guint8 type;              /* FieldType */
  guint8 merge;             /* FieldMerge */
  guint8 records;           /* bit (1 << RecordKind) for each record it may appear in */
  guint8 merged;            /* the same for each one that lines are merged into: not where lists have their own index */
  guint8 flags;             /* FIELD_... */
  guint8 unused[3];
} Field;

typedef struct _FieldTexts
{
  const gchar *name;        /* dotted, native */
  const gchar *ecs;         /* dotted, "" = none */
  const gchar *description;
} FieldTexts;

/* apart: each value of each line asks the first one */
extern const Field field_table[FIELD_COUNT];
extern const FieldTexts field_texts_table[FIELD_COUNT];

/* static, never NULL for id < FIELD_COUNT */
static inline const Field *
field_get(FieldId id)
{
  return &field_table[id];
}

static inline const FieldTexts *
field_texts(FieldId id)
{
  return &field_texts_table[id];
}

/* "message", "session", ...; static */
const gchar *record_kind_name(RecordKind kind);

/* FALSE for an unknown name */
gboolean record_kind_by_name(Slice name, RecordKind *kind);

/* the name of a field inside a record of that kind: "delivery.host" in RK_DELIVERY is "host"; static, a tail of name */
const gchar *field_name_in(FieldId id, RecordKind kind);

/* kind of the nested records of an FT_RECORDS field */
RecordKind field_nested_kind(FieldId id);

#endif
