/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows in which fields ids and addresses stand; must not know how lines became a message. */
#include "lookup.h"

#include "escape.h"

typedef struct _Found
{
  guint number;          /* order in which they were found */
  gint64 begin_usec;
  guint64 omitted_lines;
  Record *lines;         /* nothing but F_RAW */
} Found;

struct _Lookup
{
  Slice wanted;
  GHashTable *found;     /* id -> Found */
};

static void
_found_free(gpointer data)
{
  Found *self = data;

  record_free(self->lines);
  g_free(self);
}

Lookup *
lookup_new(Slice wanted)
{
  Lookup *self = g_new0(Lookup, 1);

  self->wanted = wanted;
  self->found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, _found_free);
  return self;
}

void
lookup_free(Lookup *self)
{
  if (!self)
    return;
  g_hash_table_unref(self->found);
  g_free(self);
}

static gboolean
_is_address(FieldId id)
{
  switch (id)
    {
    case F_SENDER:
    case F_SENDER_ORIGINAL:
    case F_RECIPIENTS:
    case F_SCAN_SENDER:
    case F_SCAN_RECIPIENTS:
    case F_DELIVERY_RECIPIENT:
    case F_DELIVERY_ORIGINAL_RECIPIENT:
    case F_REFUSAL_SENDER:
    case F_REFUSAL_RECIPIENT:
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
_is_text_wanted(Slice wanted, FieldId id, Slice text)
{
  if (id == F_ID || id == F_QUEUE_IDS || id == F_REFUSAL_QUEUE_ID)
    return slice_equals(text, wanted);
  return _is_address(id) && text.len == wanted.len && g_ascii_strncasecmp(text.str, wanted.str, wanted.len) == 0;
}

static gboolean
_is_value_wanted(Slice wanted, const Facts *facts, FieldId id)
{
  FieldType type = field_get(id)->type;

  if (type == FT_TEXT)
    return _is_text_wanted(wanted, id, facts_get_text(facts, id));
  for (const FactItem *item = type == FT_LIST ? facts_get_list(facts, id) : NULL; item; item = item->next)
    if (_is_text_wanted(wanted, id, item->text))
      return TRUE;
  return FALSE;
}

static gboolean
_is_wanted(Slice wanted, const Facts *facts)
{
  for (FieldId id = facts_next(facts, 0); id < FIELD_COUNT; id = facts_next(facts, id + 1u))
    if (_is_value_wanted(wanted, facts, id))
      return TRUE;
  for (guint kind = FIRST_NESTED_KIND; kind < RECORD_KIND_COUNT; kind++)
    for (guint i = 0; i < facts_count_nested(facts, (RecordKind) kind); i++)
      if (_is_wanted(wanted, facts_nested(facts, (RecordKind) kind, i)))
        return TRUE;
  return FALSE;
}

static Record *
_lines(const Facts *facts)
{
  Record *lines = record_new((RecordKind) facts->kind);

  for (const FactItem *item = facts_get_list(facts, F_RAW); item; item = item->next)
    record_append_text(lines, F_RAW, item->text);
  return lines;
}

void
lookup_offer(Lookup *self, const Facts *facts)
{
  if (!_is_wanted(self->wanted, facts))
    return;
  gchar *id = slice_dup(facts_get_text(facts, F_ID));
  Found *earlier = g_hash_table_lookup(self->found, id), *found = g_new0(Found, 1);
  found->number = earlier ? earlier->number : g_hash_table_size(self->found);
  found->lines = _lines(facts);
  if (facts_has(facts, F_RECEIVED))
    found->begin_usec = stamp_to_utc_usec(&facts_at(facts, F_RECEIVED)->stamp);
  gint64 omitted = facts_get_integer(facts, F_LINES, 0) - record_count(found->lines, F_RAW);
  found->omitted_lines = (guint64) MAX(omitted, 0);
  g_hash_table_replace(self->found, id, found);
}

guint
lookup_count(const Lookup *self)
{
  return g_hash_table_size(self->found);
}

guint64
lookup_omitted_lines(const Lookup *self)
{
  GHashTableIter iter;
  gpointer found;
  guint64 lines = 0;

  g_hash_table_iter_init(&iter, self->found);
  while (g_hash_table_iter_next(&iter, NULL, &found))
    lines += ((const Found *) found)->omitted_lines;
  return lines;
}

static gint
_compare(gconstpointer a, gconstpointer b)
{
  const Found *x = a, *y = b;

  if (x->begin_usec != y->begin_usec)
    return x->begin_usec < y->begin_usec ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

static void
_write_lines(const Found *found, gboolean escaped, Output *output)
{
  RecordValue value;
  guint32 cursor = 0;

  while (record_next(found->lines, &cursor, &value))
    {
      if (escaped)
        escape_append(value.text, output_buffer(output));
      else
        g_string_append_len(output_buffer(output), value.text.str, (gssize) value.text.len);
      output_line_done(output);
    }
}

void
lookup_write(Lookup *self, gboolean escaped, Output *output)
{
  GList *all = g_list_sort(g_hash_table_get_values(self->found), _compare);

  for (GList *link = all; link; link = link->next)
    {
      if (link != all)
        output_line_done(output);
      _write_lines(link->data, escaped, output);
    }
  g_list_free(all);
}
