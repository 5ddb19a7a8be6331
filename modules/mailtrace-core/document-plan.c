/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "document-plan.h"

static void
_split(Slice name, PlanEntry *entry)
{
  while (entry->depth < PLAN_DEPTH_MAX)
    {
      gssize dot = entry->depth + 1 < PLAN_DEPTH_MAX ? slice_find_char(name, '.') : -1;

      entry->path->parts[entry->depth++] = dot < 0 ? name : slice_head(name, (gsize) dot);
      if (dot < 0)
        return;
      name = slice_skip(name, (gsize) dot + 1);
    }
}

static guint
_common(const PlanEntry *a, const PlanEntry *b)
{
  guint n = 0;

  while (n + 1 < a->depth && n + 1 < b->depth && slice_equals(a->path->parts[n], b->path->parts[n]))
    n++;
  return n;
}

/* behind the last entry that shares most with it */
static guint
_place(const Plan *self, const PlanEntry *entry)
{
  guint at = self->n, best = 0;

  for (guint i = self->n; i-- > 0 && best + 1 < entry->depth;)
    {
      guint common = _common(&self->entries[i], entry);

      if (common > best)
        {
          best = common;
          at = i + 1;
        }
    }
  return at;
}

static void
_insert(Plan *self, const PlanEntry *entry)
{
  guint at = _place(self, entry);

  g_assert(self->n + 1 < PLAN_MAX);
  memmove(&self->entries[at + 1], &self->entries[at], (self->n - at) * sizeof(PlanEntry));
  self->entries[at] = *entry;
  self->entries[at].value = (guint16) (entry->id * sizeof(Fact));
  self->n++;
}

static void
_insert_field(Plan *self, FieldId id, RecordKind kind, DocumentFormat format)
{
  PlanEntry entry = { .id = (guint8) id, .type = field_get(id)->type, .path = &self->paths[self->n] };
  gboolean has_ecs = field_texts(id)->ecs[0] && !ecs_derived_replaces(id);

  if (format == DF_ECS && !has_ecs)
    entry.path->parts[entry.depth++] = SLICE("mailtrace");
  _split(slice_from_string(format == DF_ECS && has_ecs ? field_texts(id)->ecs : field_name_in(id, kind)), &entry);
  _insert(self, &entry);
}

static void
_insert_derived(Plan *self, RecordKind kind)
{
  const EcsDerived *derived;

  for (guint i = 0; (derived = ecs_derived_get(i)); i++)
    if (derived->kinds & field_get(derived->source)->records & (1u << kind))
      {
        PlanEntry entry = { .id = (guint8) derived->source, .type = PLAN_DERIVED, .derived = derived };

        entry.path = &self->paths[self->n];
        _split(slice_from_string(derived->name), &entry);
        _insert(self, &entry);
      }
}

/* ,"a": or {"a": */
static gsize
_render_part(gchar *to, gchar begin, Slice name)
{
  to[0] = begin;
  to[1] = '"';
  memcpy(to + 2, name.str, name.len);
  memcpy(to + 2 + name.len, "\":", 2);
  return name.len + 4;
}

static void
_render_key(PlanEntry *entry)
{
  PlanPath *path = entry->path;
  gsize len = 0;

  for (guint i = 0; i < MIN(entry->depth, PLAN_DEPTH_MAX); i++)
    {
      g_assert(len + path->parts[i].len + 5 < PLAN_PATH_MAX);
      path->at[i] = (guint8) len;
      len += _render_part(path->text + len, i ? '{' : ',', path->parts[i]);
    }
  if (entry->type == FT_TEXT)
    path->text[len++] = '"';
  path->at[entry->depth] = (guint8) len;

  guint8 last = path->at[entry->depth - 1];
  entry->key_len = (guint8) (len - last);
  g_assert(entry->key_len < PLAN_KEY_ROOM);
  memcpy(entry->key, path->text + last, entry->key_len);
  entry->key[0] = ',';
}

/* an object's number: PLAN_OUTERMOST, else that of the first entry in it, with its depth */
static void
_number_objects(Plan *self, guint i)
{
  PlanEntry *entry = &self->entries[i];

  for (guint depth = 0; depth + 1 < entry->depth; depth++)
    {
      gboolean same = i > 0 && _common(entry - 1, entry) > depth;

      entry->path->objects[depth] = same ? entry[-1].path->objects[depth] : (guint16) (i * PLAN_DEPTH_MAX + depth + 1);
      entry->object = entry->path->objects[depth];
    }
}

/* after all entries have their places */
static void
_index(Plan *self)
{
  self->is_in_order = TRUE;
  for (guint i = self->n; i-- > 0;)
    {
      self->next_of[i] = self->first_of[self->entries[i].id];
      self->first_of[self->entries[i].id] = (guint16) (i + 1);
      self->is_in_order &= i == 0 || self->entries[i - 1].id < self->entries[i].id;
    }
  for (guint i = 0; i < self->n; i++)
    {
      _render_key(&self->entries[i]);
      _number_objects(self, i);
    }
  for (guint i = 0; i < self->n; i++)
    if (self->entries[i].type >= PLAN_DERIVED)
      self->entries[i].object = PLAN_NO_OBJECT;
}

static void
_set_absent(PlanEntry *self)
{
  self->type = PLAN_ABSENT;
  self->object = PLAN_NO_OBJECT;
}

static void
_place_by_field(Plan *self)
{
  for (guint i = self->n; i-- > 0;)
    {
      PlanEntry entry = self->entries[i];

      _set_absent(&self->entries[i]);
      self->entries[entry.id] = entry;
    }
}

void
plan_make(Plan *self, RecordKind kind, DocumentFormat format)
{
  for (guint i = 0; i < PLAN_MAX; i++)
    _set_absent(&self->entries[i]);
  if (format == DF_ECS)
    _insert_derived(self, kind);
  for (guint id = 0; id < FIELD_COUNT; id++)
    if (field_get((FieldId) id)->records & (1u << kind) && !(format == DF_ECS && id == F_RECORD))
      _insert_field(self, (FieldId) id, kind, format);
  _index(self);
  if (self->is_in_order)
    _place_by_field(self);
  self->routes = g_new0(PlanRoute *, PLAN_ROUTES);
}

void
plan_release(Plan *self)
{
  for (guint i = 0; self->routes && i < PLAN_ROUTES; i++)
    g_free(self->routes[i]);
  g_free(self->routes);
}
