/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan of a record kind is the list of its fields in the order of their keys, each name split at its dots.  Fields
 * whose names begin alike stand together, so that a nested object opens once.  A document is written by marking the
 * entries of the plan that the record has, and by walking over the marks.  Knows the shape of documents; must not know
 * what a field means, nor how its value came about.
 */
#include "mailtrace/document.h"
#include "ecs-derived.h"
#include "json-text.h"

#define DEPTH_MAX 4
#define ECS_VERSION "8.11.0"
#define PLAN_MAX (FIELD_COUNT + 32)

#define KEY_TEXT_MAX 96
#define MARK_BITS 64
#define MARK_WORDS(count) (((count) + MARK_BITS - 1) / MARK_BITS)

typedef struct _PlanEntry
{
  FieldId id;
  const EcsDerived *derived;   /* NULL: the field itself */
  guint depth;
  Slice parts[DEPTH_MAX];
  guint16 object[DEPTH_MAX];   /* first entry inside the same object at that depth */
  guint8 key_at[DEPTH_MAX + 1];   /* where the text of each part begins */
  gchar key[KEY_TEXT_MAX];     /* "a":{"b":{"c": */
} PlanEntry;

typedef struct _Plan
{
  guint n;
  guint16 first_of[FIELD_COUNT], next_of[PLAN_MAX];   /* entries of a field, as numbers from 1 on; 0: no more */
  PlanEntry entries[PLAN_MAX];
} Plan;

struct _DocumentWriter
{
  DocumentFormat format;
  Plan plans[RECORD_KIND_COUNT];    /* in the writer's format */
  Plan native[RECORD_KIND_COUNT];   /* nested records keep their native names */
};

gboolean
document_format_by_name(Slice name, DocumentFormat *format)
{
  if (slice_equals(name, SLICE("native")))
    *format = DF_NATIVE;
  else if (slice_equals(name, SLICE("ecs")))
    *format = DF_ECS;
  else
    return FALSE;
  return TRUE;
}

static void
_split(Slice name, PlanEntry *entry)
{
  while (entry->depth < DEPTH_MAX)
    {
      gssize dot = entry->depth + 1 < DEPTH_MAX ? slice_find_char(name, '.') : -1;

      entry->parts[entry->depth++] = dot < 0 ? name : slice_head(name, (gsize) dot);
      if (dot < 0)
        return;
      name = slice_skip(name, (gsize) dot + 1);
    }
}

static guint
_common(const PlanEntry *a, const PlanEntry *b)
{
  guint n = 0;

  while (n + 1 < a->depth && n + 1 < b->depth && slice_equals(a->parts[n], b->parts[n]))
    n++;
  return n;
}

/* behind the last entry that shares most with it */
static void
_insert(Plan *self, PlanEntry entry)
{
  guint at = self->n, best = 0;

  g_assert(self->n < PLAN_MAX);
  for (guint i = 0; i < self->n; i++)
    if (_common(&self->entries[i], &entry) > 0 && _common(&self->entries[i], &entry) >= best)
      {
        best = _common(&self->entries[i], &entry);
        at = i + 1;
      }
  memmove(&self->entries[at + 1], &self->entries[at], (self->n - at) * sizeof(PlanEntry));
  self->entries[at] = entry;
  self->n++;
}

static void
_insert_field(Plan *self, FieldId id, RecordKind kind, DocumentFormat format)
{
  PlanEntry entry = { .id = id };
  gboolean has_ecs = field_get(id)->ecs[0] && !ecs_derived_replaces(id);

  if (format == DF_ECS && !has_ecs)
    entry.parts[entry.depth++] = SLICE("mailtrace");
  _split(slice_from_string(format == DF_ECS && has_ecs ? field_get(id)->ecs : field_name_in(id, kind)), &entry);
  _insert(self, entry);
}

static void
_insert_derived(Plan *self, RecordKind kind)
{
  const EcsDerived *derived;

  for (guint i = 0; (derived = ecs_derived_get(i)); i++)
    if (derived->kinds & field_get(derived->source)->records & (1u << kind))
      {
        PlanEntry entry = { .id = derived->source, .derived = derived };

        _split(slice_from_string(derived->name), &entry);
        _insert(self, entry);
      }
}

static void
_render_key(PlanEntry *entry)
{
  gsize at = 0;

  for (guint i = 0; i < entry->depth; i++)
    {
      entry->key_at[i] = (guint8) at;
      g_assert(at + entry->parts[i].len + 4 <= KEY_TEXT_MAX);
      at += (gsize) g_snprintf(entry->key + at, KEY_TEXT_MAX - at, "%s\"%.*s\":", i ? "{" : "",
                               (gint) entry->parts[i].len, entry->parts[i].str);
    }
  entry->key_at[entry->depth] = (guint8) at;
}

/* after all entries have their places */
static void
_index_plan(Plan *self)
{
  for (guint i = self->n; i-- > 0;)
    {
      self->next_of[i] = self->first_of[self->entries[i].id];
      self->first_of[self->entries[i].id] = (guint16) (i + 1);
      _render_key(&self->entries[i]);
    }
  for (guint i = 0; i < self->n; i++)
    for (guint depth = 0; depth + 1 < self->entries[i].depth; depth++)
      {
        gboolean same = i > 0 && _common(&self->entries[i - 1], &self->entries[i]) > depth;
        self->entries[i].object[depth] = same ? self->entries[i - 1].object[depth] : (guint16) i;
      }
}

static void
_plan(Plan *self, RecordKind kind, DocumentFormat format)
{
  if (format == DF_ECS)
    _insert_derived(self, kind);
  for (guint id = 0; id < FIELD_COUNT; id++)
    if (field_get((FieldId) id)->records & (1u << kind) && !(format == DF_ECS && id == F_RECORD))
      _insert_field(self, (FieldId) id, kind, format);
  _index_plan(self);
}

DocumentWriter *
document_writer_new(DocumentFormat format)
{
  DocumentWriter *self = g_new0(DocumentWriter, 1);

  self->format = format;
  for (guint kind = 0; kind < RECORD_KIND_COUNT; kind++)
    {
      _plan(&self->plans[kind], (RecordKind) kind, format);
      _plan(&self->native[kind], (RecordKind) kind, DF_NATIVE);
    }
  return self;
}

void
document_writer_free(DocumentWriter *self)
{
  g_free(self);
}

void
document_write_string(Slice text, GString *out)
{
  json_put_string(out, text);
  out->str[out->len] = 0;
}

/* where the values of a record begin, and which entries of the plan it has */
typedef struct _Marks
{
  guint64 entries[MARK_WORDS(PLAN_MAX)];
  guint64 fields[MARK_WORDS(FIELD_COUNT)];
  guint32 at[FIELD_COUNT];   /* of marked fields only */
} Marks;

static void
_mark_entries(Marks *self, const Plan *plan, FieldId id)
{
  for (guint entry = plan->first_of[id]; entry; entry = plan->next_of[entry - 1])
    self->entries[(entry - 1) / MARK_BITS] |= 1ULL << (entry - 1) % MARK_BITS;
}

static void
_mark_nested(Marks *self, const Plan *plan, const Record *record)
{
  static const FieldId fields[] = { F_DKIM, F_SCANS, F_DELIVERIES, F_REFUSALS };

  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (record_count_nested(record, field_nested_kind(fields[i])))
      _mark_entries(self, plan, fields[i]);
}

static void
_mark(Marks *self, const Plan *plan, const Record *record)
{
  guint32 cursor = 0, at;
  FieldId id;

  memset(self->entries, 0, sizeof(self->entries));
  memset(self->fields, 0, sizeof(self->fields));
  while (record_next_id(record, &cursor, &at, &id))
    {
      guint64 bit = 1ULL << id % MARK_BITS;

      if (self->fields[id / MARK_BITS] & bit)
        continue;
      self->fields[id / MARK_BITS] |= bit;
      self->at[id] = at;
      _mark_entries(self, plan, id);
    }
  _mark_nested(self, plan, record);
}

static void
_write_list(const Record *record, guint32 at, FieldId id, GString *out)
{
  gboolean first = TRUE;
  RecordValue value;
  FieldId found;

  json_put_char(out, '[');
  for (guint32 cursor = at; record_next_id(record, &cursor, &at, &found);)
    if (found == id)
      {
        record_next(record, &at, &value);
        if (!first)
          json_put_char(out, ',');
        first = FALSE;
        json_put_string(out, value.text);
      }
  json_put_char(out, ']');
}

static void
_write_value(const Record *record, guint32 at, FieldId id, GString *out)
{
  guint32 cursor = at;
  RecordValue value;

  record_next(record, &cursor, &value);
  switch (value.type)
    {
    case FT_INTEGER:
      json_put_integer(out, value.number);
      break;
    case FT_DECIMAL:
      json_put_decimal(out, value.number);
      break;
    case FT_BOOLEAN:
      json_put(out, value.number ? SLICE("true") : SLICE("false"));
      break;
    case FT_TIME:
      json_put_time(out, &value.stamp);
      break;
    case FT_LIST:
      _write_list(record, at, id, out);
      break;
    default:
      json_put_string(out, value.text);
    }
}

/* where the objects of an entry's name are opened and closed */
typedef struct _Nesting
{
  const PlanEntry *open;   /* entry written last */
  guint depth;             /* objects open below the outermost one */
  gboolean comma;
} Nesting;

static void
_close_to(Nesting *self, guint depth, GString *out)
{
  for (; self->depth > depth; self->depth--)
    json_put_char(out, '}');
}

static guint
_open_in_common(const PlanEntry *a, const PlanEntry *b)
{
  guint n = 0;

  while (n + 1 < a->depth && n + 1 < b->depth && a->object[n] == b->object[n])
    n++;
  return n;
}

static void
_open_key(Nesting *self, const PlanEntry *entry, GString *out)
{
  guint common = self->open ? _open_in_common(self->open, entry) : 0;
  /* the brace of the object that is open already is not written again */
  guint begin = entry->key_at[common] + (common > 0);

  _close_to(self, common, out);
  if (self->comma)
    json_put_char(out, ',');
  json_put(out, slice_new(entry->key + begin, entry->key_at[entry->depth] - begin));
  self->depth = entry->depth - 1;
  self->comma = TRUE;
  self->open = entry;
}

static void
_write_derived(Nesting *nesting, const PlanEntry *entry, const Record *record, guint32 at, GString *out)
{
  RecordValue value;

  record_next(record, &at, &value);
  Slice text = entry->derived->derive(record, value.text);
  if (!text.str)
    return;
  _open_key(nesting, entry, out);
  if (entry->derived->as_list)
    json_put_char(out, '[');
  json_put_string(out, text);
  if (entry->derived->as_list)
    json_put_char(out, ']');
}

static void _write_nested(const DocumentWriter *self, const Record *record, FieldId id, GString *out);

static void
_write_entry(const DocumentWriter *self, Nesting *nesting, const PlanEntry *entry, const Record *record,
             const Marks *marks, GString *out)
{
  if (entry->derived)
    {
      _write_derived(nesting, entry, record, marks->at[entry->id], out);
      return;
    }
  _open_key(nesting, entry, out);
  if (field_get(entry->id)->type == FT_RECORDS)
    _write_nested(self, record, entry->id, out);
  else
    _write_value(record, marks->at[entry->id], entry->id, out);
}

static void
_write_plan(const DocumentWriter *self, const Plan *plan, const Record *record, Nesting nesting, GString *out)
{
  Marks marks;

  _mark(&marks, plan, record);
  for (guint word = 0; word < G_N_ELEMENTS(marks.entries); word++)
    for (guint64 rest = marks.entries[word]; rest; rest &= rest - 1)
      {
        guint entry = word * MARK_BITS + (guint) __builtin_ctzll(rest);
        _write_entry(self, &nesting, &plan->entries[entry], record, &marks, out);
      }
  _close_to(&nesting, 0, out);
}

static void
_write_nested(const DocumentWriter *self, const Record *record, FieldId id, GString *out)
{
  RecordKind kind = field_nested_kind(id);
  Record *nested;

  json_put_char(out, '[');
  for (guint i = 0; (nested = record_nested(record, kind, i)); i++)
    {
      json_put(out, i ? SLICE(",{") : SLICE("{"));
      _write_plan(self, &self->native[kind], nested, (Nesting) { 0 }, out);
      json_put_char(out, '}');
    }
  json_put_char(out, ']');
}

void
document_write_nested(const DocumentWriter *self, const Record *record, FieldId id, GString *out)
{
  _write_nested(self, record, id, out);
  out->str[out->len] = 0;
}

void
document_write(const DocumentWriter *self, const Record *record, GString *out)
{
  gboolean ecs = self->format == DF_ECS;

  json_put(out, ecs ? SLICE("{\"ecs\":{\"version\":\"" ECS_VERSION "\"}") : SLICE("{"));
  _write_plan(self, &self->plans[record->kind], record, (Nesting) { .comma = ecs }, out);
  json_put_char(out, '}');
  out->str[out->len] = 0;
}
