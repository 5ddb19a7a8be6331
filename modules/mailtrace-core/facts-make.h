/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How facts are made: in one piece of memory that grows by further ones, so that nothing in it ever moves, and that is
 * freed at once.  Setters replace, whatever the merge rule says; texts are not copied unless the name says so.
 */
#ifndef MAILTRACE_FACTS_MAKE_H_INCLUDED
#define MAILTRACE_FACTS_MAKE_H_INCLUDED

#include "mailtrace/facts.h"

struct _FactsMemory
{
  gchar *at, *end;
  FactsChunk *chunks;   /* the last one first */
};

gpointer facts_memory_grow(FactsMemory *self, gsize bytes);

static inline gpointer
facts_alloc(FactsMemory *self, gsize bytes)
{
  gsize rounded = (bytes + 7) / 8 * 8;
  gpointer begin = self->at;

  if (G_UNLIKELY(rounded > (gsize) (self->end - self->at)))
    return facts_memory_grow(self, rounded);
  self->at += rounded;
  return begin;
}

static inline Slice
facts_copy_text(FactsMemory *self, Slice text)
{
  gchar *copy = facts_alloc(self, text.len);

  if (text.len)
    memcpy(copy, text.str, text.len);
  return slice_new(copy, text.len);
}

/* empty facts of a kind, with memory of their own, and room for so many bytes in it */
Facts *facts_new(RecordKind kind, gsize room);

/* All values of a record and of its nested ones; stamps without an offset get this one.  They lie in the spare chunk if
 * that is large enough, which is taken off then. */
Facts *facts_new_from(const Record *record, gint32 offset_sec, gsize room, FactsChunk **spare);

/* frees them, but for the first chunk if it is better than the spare one */
void facts_recycle(Facts *self, FactsChunk **spare);

/* empty facts of a nested record behind those of that kind */
Facts *facts_add(Facts *self, RecordKind kind);

/* those of a nested record as facts of their own, which can have all fields of its kind; texts are shared */
Facts *facts_new_flat(const Facts *nested, gsize room);

static inline Fact *
facts_put(Facts *self, FieldId id)
{
  self->has[id / FACTS_WORD_BITS] |= 1ULL << id % FACTS_WORD_BITS;
  return &self->at[id];
}

static inline void
facts_remove(Facts *self, FieldId id)
{
  self->has[id / FACTS_WORD_BITS] &= ~(1ULL << id % FACTS_WORD_BITS);
}

/* without a text: removes */
static inline void
facts_set_text(Facts *self, FieldId id, Slice text)
{
  if (text.str)
    facts_put(self, id)->text = text;
  else
    facts_remove(self, id);
}

static inline void
facts_set_number(Facts *self, FieldId id, gint64 number)
{
  facts_put(self, id)->number = number;
}

static inline void
facts_set_time(Facts *self, FieldId id, Stamp stamp)
{
  facts_put(self, id)->stamp = stamp;
}

static inline void
facts_append(Facts *self, FieldId id, Slice text)
{
  FactItem *item = facts_alloc(self->memory, sizeof(FactItem));
  gboolean is_first = !facts_has(self, id);
  Fact *fact = facts_put(self, id);

  *item = (FactItem) { text, NULL };
  if (is_first)
    fact->list.first = item;
  else
    fact->list.last->next = item;
  fact->list.last = item;
}

typedef gint (*FactsCompare)(const Facts *a, const Facts *b);

/* equal ones stay as they are */
void facts_sort_nested(Facts *self, RecordKind kind, FactsCompare compare);

/* for loops that change them; NULL when there are no more */
static inline Facts *
facts_nested_at(Facts *self, RecordKind kind, guint i)
{
  FactsGroup *group = self->groups ? &self->groups[kind - FIRST_NESTED_KIND] : NULL;

  return group && i < group->n ? group->items[i] : NULL;
}

#endif
