/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Record: a compact, owned set of field values in one block of memory, plus nested records.  Values keep the order in
 * which they were set; a field of merge rule APPEND may occur more than once.  Not thread-safe.
 */
#ifndef MAILTRACE_RECORD_H_INCLUDED
#define MAILTRACE_RECORD_H_INCLUDED

#include "mailtrace/field.h"
#include "mailtrace/stamp.h"

typedef struct _Record Record;

typedef struct _NestedRecords NestedRecords;

typedef struct _Blocks Blocks;

#define FIRST_NESTED_KIND RK_DELIVERY

#define RECORD_WORDS ((FIELD_COUNT + 63) / 64)

struct _Record
{
  guint8 *values;         /* packed */
  NestedRecords *nested;  /* NULL: none */
  Blocks *blocks;         /* where its memory comes from; NULL: malloc() */
  guint64 has[RECORD_WORDS];   /* bit of each field of which there is a value */
  guint32 len;            /* bytes used */
  guint32 size : 27;      /* bytes allocated */
  guint32 in_room : 1;    /* see record_enter() */
  guint32 kind : 3;       /* RecordKind */
};

typedef struct _RecordValue
{
  FieldId id;
  FieldType type;
  union
  {
    Slice text;           /* FT_TEXT and one element of FT_LIST; valid until the record changes */
    gint64 number;        /* FT_INTEGER, FT_BOOLEAN; FT_DECIMAL in millionths */
    Stamp stamp;          /* FT_TIME */
  };
} RecordValue;

/* for records that are part of something larger; the nested ones take their memory from there, too */
void record_init(Record *self, RecordKind kind, Blocks *blocks);
void record_release(Record *self);
Record *record_new(RecordKind kind);
void record_free(Record *self);                    /* nested ones too; NULL is fine */
Record *record_copy(const Record *self);           /* deep */

/* The setters apply the field's merge rule.  They return TRUE when the record changed. */
gboolean record_set_text(Record *self, FieldId id, Slice text);
gboolean record_set_integer(Record *self, FieldId id, gint64 number);   /* of FT_DECIMAL: millionths */
gboolean record_set_boolean(Record *self, FieldId id, gboolean value);
gboolean record_set_time(Record *self, FieldId id, Stamp stamp);

/* sets all values of another record, by their merge rules; not the nested ones */
void record_take_values(Record *self, const Record *from);

/* sets the one value of another record that begins at that byte, see record_next_id() */
gboolean record_take_value(Record *self, const Record *from, guint32 at);

/* both have the same values, in the same order, and nested ones are not asked for */
gboolean record_values_equal(const Record *self, const Record *other);

/* whatever the merge rule says, the new value is the only one; removes all when text.str is NULL */
gboolean record_replace_text(Record *self, FieldId id, Slice text);

/* behind all other values, whatever there is of that field: for callers that keep their own index, or the order */
void record_append_text(Record *self, FieldId id, Slice text);
void record_append_integer(Record *self, FieldId id, gint64 number);
void record_append_time(Record *self, FieldId id, Stamp stamp);

gboolean record_remove(Record *self, FieldId id);

/* room for so many bytes of values, so that setting them moves nothing */
void record_reserve(Record *self, gsize more);

/* A place on the stack where values are set without moving; when the record leaves it, it takes memory once, and no
 * more than it needs.  In between it may be read and changed as ever, but not moved or released. */
#define RECORD_ROOM_BYTES 4096

typedef struct _RecordRoom
{
  guint8 *values;         /* where they were before */
  guint32 size;
  gboolean is_entered;
  guint8 bytes[RECORD_ROOM_BYTES];
} RecordRoom;

void record_enter(Record *self, RecordRoom *room);
void record_leave(Record *self, RecordRoom *room);

/* of records of the same kind with memory from the same place; nested ones stay where they are */
void record_swap_values(Record *self, Record *other);

static inline gboolean
record_has(const Record *self, FieldId id)
{
  return self->has[id / 64] >> id % 64 & 1;
}

/* first value; FALSE when absent */
gboolean record_get(const Record *self, FieldId id, RecordValue *out);
Slice record_get_text(const Record *self, FieldId id);              /* SLICE_NONE when absent */
gint64 record_get_integer(const Record *self, FieldId id, gint64 otherwise);
guint record_count(const Record *self, FieldId id);

/* the same without the value; *at: where record_next() finds it */
gboolean record_next_id(const Record *self, guint32 *cursor, guint32 *at, FieldId *id);

/* all values in order: start with *cursor = 0; FALSE at the end */
gboolean record_next(const Record *self, guint32 *cursor, RecordValue *out);

/* adds an empty nested record and returns it; owned by self; nested records found before lie elsewhere now */
Record *record_add(Record *self, RecordKind kind);

/* compare gets two Record * */
void record_sort_nested(Record *self, RecordKind kind, GCompareDataFunc compare, gpointer data);

/* nested record number i of that kind, or NULL; valid until one is added; constant time, like the count */
Record *record_nested(const Record *self, RecordKind kind, guint i);
guint record_count_nested(const Record *self, RecordKind kind);

/* bytes of memory held, nested ones included */
gsize record_bytes(const Record *self);

#endif
