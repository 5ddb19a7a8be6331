/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A document is written by walking over the entries of the plan whose fields are set.  Knows the shape of documents;
 * must not know what a field means, nor how its value came about.
 */
#include "document-plan.h"
#include "json-text.h"

#define ECS_VERSION "8.11.0"
#define MARK_BITS 64
#define MARK_WORDS ((PLAN_MAX + MARK_BITS - 1) / MARK_BITS)

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

DocumentWriter *
document_writer_new(DocumentFormat format)
{
  DocumentWriter *self = g_new0(DocumentWriter, 1);

  self->format = format;
  for (guint kind = 0; kind < RECORD_KIND_COUNT; kind++)
    {
      plan_make(&self->plans[kind], (RecordKind) kind, format);
      plan_make(&self->native[kind], (RecordKind) kind, DF_NATIVE);
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
  JsonText json;

  json_begin(&json, out);
  json_put_string(&json, text);
  json_end(&json);
}

/* one record while it is written */
typedef struct _Writing
{
  const DocumentWriter *writer;
  const Facts *facts;
  JsonText *json;
  const PlanEntry *open;   /* entry written last */
  gboolean comma;          /* something stands in front of the first one */
  DocumentPlaces *places;  /* or NULL */
} Writing;

static void
_close_objects(Writing *self, guint depth)
{
  for (guint open = self->open ? self->open->depth - 1u : 0; open > depth; open--)
    json_put(self->json, SLICE("}"));
}

static guint
_open_in_common(const PlanEntry *a, const PlanEntry *b)
{
  guint n = 0;

  while (n + 1 < a->depth && n + 1 < b->depth && a->objects[n] == b->objects[n])
    n++;
  return n;
}

static void
_put_path(Writing *self, const PlanEntry *entry)
{
  guint common = self->open ? _open_in_common(self->open, entry) : 0;
  /* the brace of the object that is open already is not written again */
  guint begin = entry->path_at[common] + (common > 0);

  _close_objects(self, common);
  if (self->open || self->comma)
    json_put(self->json, SLICE(","));
  json_put(self->json, slice_new(entry->path + begin, entry->path_at[entry->depth] - begin));
}

/* and room for the value behind it */
static inline void
_put_key(Writing *self, const PlanEntry *entry, gsize room)
{
  if (G_LIKELY(self->open && self->open->object == entry->object))
    {
      json_reserve(self->json, PLAN_KEY_ROOM + room);
      memcpy(self->json->at, entry->key, PLAN_KEY_ROOM);
      self->json->at += entry->key_len;
    }
  else
    {
      _put_path(self, entry);
      json_reserve(self->json, room);
    }
  self->open = entry;
}

static inline void
_put_text(Writing *self, const PlanEntry *entry, Slice text)
{
  _put_key(self, entry, json_room_of(text));
  self->json->at = json_write_string(self->json->at, text);
}

static void
_put_list(Writing *self, const PlanEntry *entry, const FactItem *item)
{
  _put_key(self, entry, JSON_ROOM);
  *self->json->at++ = '[';
  for (; item; item = item->next)
    {
      json_put_string(self->json, item->text);
      json_put(self->json, item->next ? SLICE(",") : SLICE("]"));
    }
}

static void
_put_derived(Writing *self, const PlanEntry *entry, const Fact *fact)
{
  Slice first = entry->type == FT_LIST ? fact->list.first->text : fact->text;
  Slice text = entry->derived->derive(self->facts, first);

  if (!text.str)
    return;
  if (entry->derived->as_list)
    _put_list(self, entry, &(FactItem) { text, NULL });
  else
    _put_text(self, entry, text);
}

static void _put_nested(const DocumentWriter *writer, const Facts *facts, RecordKind kind, JsonText *json);

static void
_put_records(Writing *self, const PlanEntry *entry)
{
  JsonText *json = self->json;
  RecordKind kind = field_nested_kind((FieldId) entry->id);

  _put_key(self, entry, JSON_ROOM);
  gsize at = (gsize) (json->at - json->out->str);
  _put_nested(self->writer, self->facts, kind, json);
  if (self->places)
    {
      self->places->nested[kind].at = at;
      self->places->nested[kind].len = (gsize) (json->at - json->out->str) - at;
    }
}

static void
_put_entry(Writing *self, const PlanEntry *entry)
{
  const Fact *fact = facts_at(self->facts, (FieldId) entry->id);

  if (entry->derived)
    {
      _put_derived(self, entry, fact);
      return;
    }
  switch (entry->type)
    {
    case FT_INTEGER:
      _put_key(self, entry, JSON_ROOM);
      self->json->at = json_write_integer(self->json->at, fact->number);
      break;
    case FT_DECIMAL:
      _put_key(self, entry, JSON_ROOM);
      self->json->at = json_write_decimal(self->json->at, fact->number);
      break;
    case FT_BOOLEAN:
      _put_key(self, entry, JSON_ROOM);
      memcpy(self->json->at, fact->number ? "true" : "false", 5);
      self->json->at += fact->number ? 4 : 5;
      break;
    case FT_TIME:
      _put_key(self, entry, JSON_ROOM);
      self->json->at = json_write_time(self->json, self->json->at, &fact->stamp);
      break;
    case FT_LIST:
      _put_list(self, entry, fact->list.first);
      break;
    case FT_RECORDS:
      _put_records(self, entry);
      break;
    default:
      _put_text(self, entry, fact->text);
    }
}

static void
_put_in_order(Writing *self, const Plan *plan)
{
  for (guint word = 0; word < FACTS_WORDS; word++)
    for (guint64 rest = self->facts->has[word]; rest; rest &= rest - 1)
      {
        guint number = plan->first_of[word * FACTS_WORD_BITS + (guint) __builtin_ctzll(rest)];

        if (number)
          _put_entry(self, &plan->entries[number - 1]);
      }
}

/* marks the entries first, as they stand in another order */
static void
_put_marked(Writing *self, const Plan *plan)
{
  guint64 marks[MARK_WORDS] = { 0 };

  for (guint id = facts_next(self->facts, 0); id < FIELD_COUNT; id = facts_next(self->facts, id + 1))
    for (guint number = plan->first_of[id]; number; number = plan->next_of[number - 1])
      marks[(number - 1) / MARK_BITS] |= 1ULL << (number - 1) % MARK_BITS;
  for (guint word = 0; word < MARK_WORDS; word++)
    for (guint64 rest = marks[word]; rest; rest &= rest - 1)
      _put_entry(self, &plan->entries[word * MARK_BITS + (guint) __builtin_ctzll(rest)]);
}

static void
_put_plan(Writing *self, const Plan *plan)
{
  if (plan->is_in_order)
    _put_in_order(self, plan);
  else
    _put_marked(self, plan);
  _close_objects(self, 0);
}

static void
_put_nested(const DocumentWriter *writer, const Facts *facts, RecordKind kind, JsonText *json)
{
  const Facts *nested;

  json_put(json, SLICE("["));
  for (guint i = 0; (nested = facts_nested(facts, kind, i)); i++)
    {
      json_put(json, i ? SLICE(",{") : SLICE("{"));
      _put_plan(&(Writing) { .writer = writer, .facts = nested, .json = json }, &writer->native[kind]);
      json_put(json, SLICE("}"));
    }
  json_put(json, SLICE("]"));
}

static void
_write(const DocumentWriter *self, const Facts *facts, GString *out, DocumentPlaces *places)
{
  gboolean ecs = self->format == DF_ECS;
  JsonText json;

  json_begin(&json, out);
  json_put(&json, ecs ? SLICE("{\"ecs\":{\"version\":\"" ECS_VERSION "\"}") : SLICE("{"));
  _put_plan(&(Writing) { .writer = self, .facts = facts, .json = &json, .comma = ecs, .places = places },
            &self->plans[facts->kind]);
  json_put(&json, SLICE("}"));
  json_end(&json);
}

void
document_write(const DocumentWriter *self, const Facts *facts, GString *out)
{
  _write(self, facts, out, NULL);
}

void
document_write_with_places(const DocumentWriter *self, const Facts *facts, GString *out, DocumentPlaces *places)
{
  memset(places, 0, sizeof(*places));
  _write(self, facts, out, places);
}
