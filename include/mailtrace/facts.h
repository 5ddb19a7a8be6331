/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts: all values of one document, each found by its field at once, with the facts of its nested records.  Complete
 * and read-only for whoever gets them; independent of where they came from.
 */
#ifndef MAILTRACE_FACTS_H_INCLUDED
#define MAILTRACE_FACTS_H_INCLUDED

#include "mailtrace/record.h"

#define FACTS_WORD_BITS 64
#define FACTS_WORDS ((FIELD_COUNT + FACTS_WORD_BITS - 1) / FACTS_WORD_BITS)

typedef struct _FactItem FactItem;
struct _FactItem
{
  Slice text;
  FactItem *next;
};

typedef union _Fact
{
  Slice text;           /* FT_TEXT */
  gint64 number;        /* FT_INTEGER, FT_BOOLEAN; FT_DECIMAL in millionths */
  Stamp stamp;          /* FT_TIME */
  struct
  {
    FactItem *first, *last;
  } list;               /* FT_LIST */
} Fact;

typedef struct _Facts Facts;
typedef struct _FactsMemory FactsMemory;
typedef struct _FactsChunk FactsChunk;

typedef struct _FactsGroup
{
  Facts **items;
  guint32 n, size;
} FactsGroup;

struct _Facts
{
  guint64 has[FACTS_WORDS];   /* bit of each field that is set; FT_RECORDS: there are nested ones */
  FactsMemory *memory;        /* shared with the nested ones */
  FactsGroup *groups;         /* by kind from FIRST_NESTED_KIND on; NULL: none nested */
  Fact *at;                   /* at[field]: its value; only the fields of its kind have room */
  guint8 kind;                /* RecordKind */
  Fact values[];
};

static inline gboolean
facts_has(const Facts *self, FieldId id)
{
  return self->has[id / FACTS_WORD_BITS] >> id % FACTS_WORD_BITS & 1;
}

/* of a field that is set */
static inline const Fact *
facts_at(const Facts *self, FieldId id)
{
  return &self->at[id];
}

/* of FT_TEXT; SLICE_NONE when absent */
static inline Slice
facts_get_text(const Facts *self, FieldId id)
{
  return facts_has(self, id) ? facts_at(self, id)->text : SLICE_NONE;
}

static inline gint64
facts_get_integer(const Facts *self, FieldId id, gint64 otherwise)
{
  return facts_has(self, id) ? facts_at(self, id)->number : otherwise;
}

/* of FT_LIST; NULL when absent */
static inline const FactItem *
facts_get_list(const Facts *self, FieldId id)
{
  return facts_has(self, id) ? facts_at(self, id)->list.first : NULL;
}

/* the first field from id on that is set, or FIELD_COUNT */
FieldId facts_next(const Facts *self, guint id);

guint facts_count_nested(const Facts *self, RecordKind kind);
const Facts *facts_nested(const Facts *self, RecordKind kind, guint i);   /* NULL when there are no more */

/* what a record says; the caller frees them */
Facts *facts_new_of_record(const Record *record);

/* not for nested ones, nor for those of a summary; NULL is fine */
void facts_free(Facts *self);

#endif
