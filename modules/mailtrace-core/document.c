/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A document is written by walking over the entries of the plan whose fields are set.  Knows the shape of documents;
 * must not know what a field means, nor how its value came about.
 */
#include "document-plan.h"
#include "json-text.h"
#include "words.h"

#define ECS_VERSION "8.11.0"
#define MARK_BITS FACTS_WORD_BITS
#define MARK_WORDS ((PLAN_MAX + MARK_BITS - 1) / MARK_BITS)

struct _DocumentWriter
{
  DocumentFormat format;
  const Plan *plans;                /* in the writer's format */
  Plan native[RECORD_KIND_COUNT];   /* nested records keep their native names */
  Plan ecs[RECORD_KIND_COUNT];      /* made if they are asked for */
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
  self->plans = format == DF_ECS ? self->ecs : self->native;
  for (guint kind = 0; kind < RECORD_KIND_COUNT; kind++)
    {
      plan_make(&self->native[kind], (RecordKind) kind, DF_NATIVE);
      if (format == DF_ECS)
        plan_make(&self->ecs[kind], (RecordKind) kind, DF_ECS);
    }
  return self;
}

void
document_writer_free(DocumentWriter *self)
{
  for (guint kind = 0; self && kind < RECORD_KIND_COUNT; kind++)
    {
      plan_release(&self->native[kind]);
      plan_release(&self->ecs[kind]);
    }
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
  const PlanEntry *open;   /* first one written in the innermost object */
  guint object;            /* that one */
  DocumentPlaces *places;  /* or NULL */
} Writing;

#define ENTRY_ROOM 256      /* of each but longer texts and lists */
#define WORD_ROOM (MARK_BITS * ENTRY_ROOM)
#define TEXT_IN_ROOM 128    /* as long as it is plain */

G_STATIC_ASSERT(PLAN_KEY_ROOM + TEXT_IN_ROOM + JSON_ROOM <= ENTRY_ROOM);
G_STATIC_ASSERT(PLAN_KEY_ROOM + WORD_LEN_MAX + JSON_ROOM <= ENTRY_ROOM);
G_STATIC_ASSERT(2 * PLAN_PATH_MAX + PLAN_DEPTH_MAX + JSON_ROOM <= ENTRY_ROOM);

static const PlanEntry outermost = { .depth = 1 };

static inline guint
_open_in_common(const PlanEntry *a, const PlanEntry *b)
{
  guint n = 0, max = MIN(a->depth, b->depth) - 1u;

  while (n < max && a->path->objects[n] == b->path->objects[n])
    n++;
  return n;
}

static inline gchar *
_close_objects(const Writing *self, gchar *at, guint depth)
{
  memcpy(at, "}}}}", PLAN_DEPTH_MAX);
  return at + self->open->depth - 1u - depth;
}

/* of an entry that stands in an object, maybe in another one than the one before; a comma is in front of whatever comes
 * first */
static gchar *
_put_path(Writing *self, gchar *at, const PlanEntry *entry)
{
  const PlanPath *path = entry->path;
  guint common = _open_in_common(self->open, entry);

  at = _close_objects(self, at, common);
  memcpy(at, path->text + path->at[common], PLAN_PATH_MAX);
  *at = ',';
  self->open = entry;
  self->object = path->objects[entry->depth - 2];
  return at + path->at[entry->depth] - path->at[common];
}

static inline gchar *
_put_outer_key(Writing *self, gchar *at, const PlanEntry *entry)
{
  at = _close_objects(self, at, 0);
  memcpy(at, entry->key, PLAN_KEY_ROOM);
  self->open = entry;
  self->object = PLAN_OUTERMOST;
  return at + entry->key_len;
}

static gchar *
_put_key(Writing *self, gchar *at, const PlanEntry *entry)
{
  return entry->depth == 1 ? _put_outer_key(self, at, entry) : _put_path(self, at, entry);
}

static gchar *
_put_odd_text(JsonText *json, gchar *at, Slice text)
{
  return json_write_text(json_make_room(json, at, json_room_of(text) + WORD_ROOM), text);
}

/* with room for other entries behind it; the first quote is there */
static inline gchar *
_put_text(JsonText *json, gchar *at, Slice text)
{
  if (word_has(text.str))
    memcpy(at, text.str, WORD_LEN_MAX);
  else if (G_UNLIKELY(text.len > TEXT_IN_ROOM || json_copy_all(at, text.str, text.len)))
    return _put_odd_text(json, at, text);
  at[text.len] = '"';
  return at + text.len + 1;
}

static __attribute__((noinline)) gchar *
_put_list(JsonText *json, gchar *at, const FactItem *item)
{
  *at = '[';
  for (; item; item = item->next)
    {
      if (G_UNLIKELY((gsize) (json->end - at) < 2 * WORD_ROOM))
        at = json_make_room(json, at, 2 * WORD_ROOM);
      at[1] = '"';
      at = _put_text(json, at + 2, item->text);
      *at = ',';
    }
  *at = ']';
  return at + 1;
}

static gchar *
_put_derived(Writing *self, gchar *at, const PlanEntry *entry)
{
  const Fact *fact = facts_at(self->facts, (FieldId) entry->id);
  Slice first = field_get((FieldId) entry->id)->type == FT_LIST ? fact->list.first->text : fact->text;
  Slice text = entry->derived->derive(self->facts, first);

  if (!text.str)
    return at;
  at = _put_key(self, at, entry);
  if (entry->derived->as_list)
    return _put_list(self->json, at, &(FactItem) { text, NULL });
  *at = '"';
  return _put_text(self->json, at + 1, text);
}

static inline gchar *
_put_boolean(gchar *at, gboolean value)
{
  memcpy(at, value ? "true" : "false", 5);
  return at + (value ? 4 : 5);
}

static gchar *_put_nested(Writing *self, RecordKind kind, gchar *at);

static gchar *
_put_records(Writing *self, gchar *at, const PlanEntry *entry)
{
  RecordKind kind = field_nested_kind((FieldId) entry->id);
  gsize begin = (gsize) (at - self->json->out->str);

  at = _put_nested(self, kind, at);
  if (self->places)
    {
      self->places->nested[kind].at = begin;
      self->places->nested[kind].len = (gsize) (at - self->json->out->str) - begin;
    }
  return at;
}

/* behind its key */
static inline gchar *
_put_value(Writing *self, JsonText *json, gchar *at, const PlanEntry *entry, const Fact *fact)
{
  if (entry->type == FT_TEXT)
    return _put_text(json, at, fact->text);
  if (entry->type == FT_INTEGER)
    return json_write_integer(at, fact->number);
  switch (entry->type)
    {
    case FT_DECIMAL:
      return json_write_decimal(at, fact->number);
    case FT_BOOLEAN:
      return _put_boolean(at, fact->number != 0);
    case FT_TIME:
      return json_write_time(json, at, &fact->stamp);
    case FT_LIST:
      return _put_list(json, at, fact->list.first);
    case FT_RECORDS:
      return _put_records(self, at, entry);
    default:
      return at;
    }
}

/* of an entry that stands in another object than the one before; a derived value is written as well */
static gchar *
_put_other_key(Writing *self, gchar *at, const PlanEntry *entry)
{
  if (entry->object != PLAN_NO_OBJECT)
    return _put_key(self, at, entry);
  return entry->type == PLAN_DERIVED ? _put_derived(self, at, entry) : at;
}

/* the product has 32 bits, which are those of a pointer at once */
static inline const PlanEntry *
_first_marked(const PlanEntry *begin, guint64 marks)
{
  guint at = (guint) __builtin_ctzll(marks) * (guint) sizeof(PlanEntry);

  return (const PlanEntry *) ((const gchar *) begin + at);
}

/* those that are marked */
static gchar *
_put_entries(Writing *self, gchar *at, const Plan *plan, const guint64 *marks, guint n_words)
{
  const gchar *values = (const gchar *) self->facts->at;
  const PlanEntry *begin = plan->entries, *entry;
  JsonText *json = self->json;
  guint object = PLAN_OUTERMOST;

  for (guint word = 0; word < n_words; word++, begin += MARK_BITS)
    {
      if (marks[word])
        at = json_make_room(json, at, WORD_ROOM);
      for (guint64 rest = marks[word]; rest; rest &= rest - 1)
        {
          entry = _first_marked(begin, rest);
          memcpy(at, entry->key, PLAN_KEY_ROOM);
          if (G_LIKELY(object == entry->object))
            at += entry->key_len;
          else
            {
              at = _put_other_key(self, at, entry);
              object = self->object;
            }
          at = _put_value(self, json, at, entry, (const Fact *) (values + entry->value));
        }
    }
  return _close_objects(self, json_make_room(json, at, WORD_ROOM), 0);
}

/* a key of any length, then the value */
static PlanEntry *
_add_to_route(PlanEntry *to, Slice key, const PlanEntry *entry)
{
  for (; key.len > PLAN_KEY_ROOM; key = slice_skip(key, PLAN_KEY_ROOM), to++)
    {
      *to = (PlanEntry) { .type = PLAN_ABSENT, .key_len = PLAN_KEY_ROOM };
      memcpy(to->key, key.str, PLAN_KEY_ROOM);
    }
  *to = *entry;
  memcpy(to->key, key.str, key.len);
  to->key_len = (guint8) key.len;
  return to + 1;
}

#define ROUTE_PLACES 8   /* where one may be, side by side */
#define ROUTE_STEPS_MAX (1 + ENTRY_ROOM / PLAN_KEY_ROOM)   /* of a key and its value */

static PlanRoute *
_new_route(const guint64 *has)
{
  gsize n = 1;

  for (guint word = 0; word < FACTS_WORDS; word++)
    n += (gsize) __builtin_popcountll(has[word]);
  PlanRoute *self = g_malloc(sizeof(PlanRoute) + n * ROUTE_STEPS_MAX * sizeof(PlanEntry));
  memcpy(self->has, has, sizeof(self->has));
  return self;
}

/* of a plan in order */
static PlanRoute *
_make_route(const Plan *plan, const guint64 *has)
{
  static const PlanEntry end = { .type = PLAN_ABSENT };
  PlanRoute *self = _new_route(has);
  Writing writing = { .open = &outermost, .object = PLAN_OUTERMOST };
  PlanEntry *to = self->entries;
  gchar key[ENTRY_ROOM];

  for (guint word = 0; word < FACTS_WORDS; word++)
    for (guint64 rest = has[word]; rest; rest &= rest - 1)
      {
        const PlanEntry *entry = _first_marked(plan->entries + word * MARK_BITS, rest);
        gboolean same = entry->object == writing.object;

        if (entry->object != PLAN_NO_OBJECT)
          to = _add_to_route(to, same ? slice_new(entry->key, entry->key_len)
                             : slice_new(key, (gsize) (_put_key(&writing, key, entry) - key)), entry);
      }
  to = _add_to_route(to, slice_new(key, (gsize) (_close_objects(&writing, key, 0) - key)), &end);
  self->n = (guint) (to - self->entries);
  return g_realloc(self, sizeof(PlanRoute) + self->n * sizeof(PlanEntry));
}

/* the one that is there, now at least */
static const PlanRoute *
_route_at(PlanRoute **place, const Plan *plan, const guint64 *has)
{
  PlanRoute *route = g_atomic_pointer_get(place);

  if (route)
    return route;
  route = _make_route(plan, has);
  if (g_atomic_pointer_compare_and_exchange(place, NULL, route))
    return route;
  g_free(route);
  return g_atomic_pointer_get(place);
}

/* NULL: others have its places */
static const PlanRoute *
_find_route(const Plan *plan, const guint64 *has)
{
  guint64 hash = 0;

  for (guint i = 0; i < FACTS_WORDS; i++)
    hash = (hash ^ has[i]) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
  for (guint i = 0; i < ROUTE_PLACES; i++)
    {
      const PlanRoute *route = _route_at(&plan->routes[((hash >> 32) + i) % PLAN_ROUTES], plan, has);

      if (memcmp(route->has, has, sizeof(route->has)) == 0)
        return route;
    }
  return NULL;
}

static gchar *
_put_route(Writing *self, gchar *at, const PlanRoute *route)
{
  const gchar *values = (const gchar *) self->facts->at;
  const PlanEntry *entry = route->entries, *end = entry + route->n;
  JsonText *json = self->json;

  while (entry < end)
    {
      const PlanEntry *part = MIN(end, entry + MARK_BITS);

      at = json_make_room(json, at, WORD_ROOM);
      for (; entry < part; entry++)
        {
          memcpy(at, entry->key, PLAN_KEY_ROOM);
          at = _put_value(self, json, at + entry->key_len, entry, (const Fact *) (values + entry->value));
        }
    }
  return json_make_room(json, at, WORD_ROOM);
}

/* a comma in front of each entry */
static gchar *
_put_plan(Writing *self, gchar *at, const Plan *plan)
{
  const PlanRoute *route = plan->is_in_order ? _find_route(plan, self->facts->has) : NULL;

  if (route)
    return _put_route(self, at, route);
  if (plan->is_in_order)
    return _put_entries(self, at, plan, self->facts->has, FACTS_WORDS);

  guint64 marks[MARK_WORDS] = { 0 };
  for (guint id = facts_next(self->facts, 0); id < FIELD_COUNT; id = facts_next(self->facts, id + 1))
    for (guint number = plan->first_of[id]; number; number = plan->next_of[number - 1])
      marks[(number - 1) / MARK_BITS] |= 1ULL << (number - 1) % MARK_BITS;
  return _put_entries(self, at, plan, marks, MARK_WORDS);
}

/* the first comma becomes its brace */
static gchar *
_put_object(Writing *self, gchar *at, const Plan *plan)
{
  gsize begin = (gsize) (at - self->json->out->str);

  at = _put_plan(self, at, plan);
  gchar *brace = self->json->out->str + begin;
  *brace = '{';
  at += at == brace;
  *at = '}';
  return at + 1;
}

static gchar *
_put_nested(Writing *self, RecordKind kind, gchar *at)
{
  guint n = facts_count_nested(self->facts, kind);

  *at++ = '[';
  for (guint i = 0; i < n; i++)
    {
      Writing nested = { self->writer, facts_nested(self->facts, kind, i), self->json, .open = &outermost };

      at = _put_object(&nested, at, &self->writer->native[kind]);
      *at++ = ',';
    }
  at -= n > 0;
  *at++ = ']';
  return at;
}

static void
_write(const DocumentWriter *self, const Facts *facts, GString *out, DocumentPlaces *places)
{
  JsonText json;
  Writing writing = { self, facts, &json, .open = &outermost, .places = places };

  json_begin(&json, out);
  if (self->format == DF_ECS)
    {
      json_put(&json, SLICE("{\"ecs\":{\"version\":\"" ECS_VERSION "\"}"));
      json.at = _put_plan(&writing, json.at, &self->plans[facts->kind]);
      json_put(&json, SLICE("}"));
    }
  else
    json.at = _put_object(&writing, json.at, &self->plans[facts->kind]);
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
