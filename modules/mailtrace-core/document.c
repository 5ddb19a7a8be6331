/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan of a record kind is the list of its fields in the order of their keys, each name split at its dots.  Fields
 * whose names begin alike stand together, so that a nested object opens once.  Knows JSON; must not know what a field
 * means, nor how its value came about.
 */
#include "mailtrace/document.h"
#include "ecs-derived.h"

#define DEPTH_MAX 4
#define ECS_VERSION "8.11.0"
#define PLAN_MAX (FIELD_COUNT + 32)

typedef struct _PlanEntry
{
  FieldId id;
  const EcsDerived *derived;   /* NULL: the field itself */
  guint depth;
  Slice parts[DEPTH_MAX];
} PlanEntry;

typedef struct _Plan
{
  guint n;
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
_plan(Plan *self, RecordKind kind, DocumentFormat format)
{
  if (format == DF_ECS)
    _insert_derived(self, kind);
  for (guint id = 0; id < FIELD_COUNT; id++)
    if (field_get((FieldId) id)->records & (1u << kind) && !(format == DF_ECS && id == F_RECORD))
      _insert_field(self, (FieldId) id, kind, format);
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

static guint
_continuation_count(guchar lead)
{
  if (lead >= 0xc2 && lead <= 0xdf)
    return 1;
  if (lead >= 0xe0 && lead <= 0xef)
    return 2;
  return lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}

/* length of the UTF-8 sequence at text[0] >= 0x80, 0 when it is none (overlong, surrogate, too large, cut off) */
static gsize
_utf8_length(const guchar *text, gsize len)
{
  guint n = _continuation_count(text[0]);

  if (!n || len < n + 1)
    return 0;
  for (guint i = 1; i <= n; i++)
    if ((text[i] & 0xc0) != 0x80)
      return 0;
  if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) || (text[0] == 0xf0 && text[1] < 0x90)
      || (text[0] == 0xf4 && text[1] >= 0x90))
    return 0;
  return n + 1;
}

static inline gboolean
_is_plain(guchar c)
{
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void
_write_control(guchar c, GString *out)
{
  static const gchar hex[] = "0123456789abcdef";
  const gchar escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

  g_string_append_len(out, escape, sizeof(escape));
}

static void
_write_ascii(guchar c, GString *out)
{
  static const gchar short_from[] = "\"\\\n\r\t\b\f", short_to[] = "\"\\nrtbf";
  const gchar *found = c ? strchr(short_from, c) : NULL;

  if (found)
    {
      g_string_append_c(out, '\\');
      g_string_append_c(out, short_to[found - short_from]);
    }
  else
    _write_control(c, out);
}

void
document_write_string(Slice text, GString *out)
{
  const guchar *s = (const guchar *) text.str;
  gsize i = 0;

  g_string_append_c(out, '"');
  while (i < text.len)
    {
      gsize run = i;

      while (run < text.len && _is_plain(s[run]))
        run++;
      g_string_append_len(out, text.str + i, (gssize) (run - i));
      if ((i = run) >= text.len)
        break;
      gsize sequence = s[i] >= 0x80 ? _utf8_length(s + i, text.len - i) : 0;
      if (sequence)
        g_string_append_len(out, text.str + i, (gssize) sequence);
      else if (s[i] >= 0x80)
        g_string_append(out, "\xef\xbf\xbd");
      else
        _write_ascii(s[i], out);
      i += sequence ? sequence : 1;
    }
  g_string_append_c(out, '"');
}

static void
_write_integer(gint64 number, GString *out)
{
  gchar digits[24], *at = digits + sizeof(digits);
  guint64 rest = number < 0 ? -(guint64) number : (guint64) number;

  do
    *--at = (gchar) ('0' + rest % 10);
  while (rest /= 10);
  if (number < 0)
    *--at = '-';
  g_string_append_len(out, at, digits + sizeof(digits) - at);
}

static void
_write_decimal(gint64 millionths, GString *out)
{
  gchar digits[DECIMAL_MAX];

  g_string_append_len(out, digits, (gssize) decimal_format(millionths, digits));
}

static void
_write_time(const Stamp *stamp, GString *out)
{
  gchar iso[STAMP_ISO_MAX];
  gsize len = stamp_format_iso(stamp, iso);

  g_string_append_c(out, '"');
  g_string_append_len(out, iso, (gssize) len);
  g_string_append_c(out, '"');
}

static void
_write_list(const Record *record, guint32 at, FieldId id, GString *out)
{
  gboolean first = TRUE;
  RecordValue value;

  g_string_append_c(out, '[');
  while (record_next(record, &at, &value))
    if (value.id == id)
      {
        if (!first)
          g_string_append_c(out, ',');
        first = FALSE;
        document_write_string(value.text, out);
      }
  g_string_append_c(out, ']');
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
      _write_integer(value.number, out);
      break;
    case FT_DECIMAL:
      _write_decimal(value.number, out);
      break;
    case FT_BOOLEAN:
      g_string_append(out, value.number ? "true" : "false");
      break;
    case FT_TIME:
      _write_time(&value.stamp, out);
      break;
    case FT_LIST:
      _write_list(record, at, id, out);
      break;
    default:
      document_write_string(value.text, out);
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
    g_string_append_c(out, '}');
}

static void
_open_key(Nesting *self, const PlanEntry *entry, GString *out)
{
  guint common = self->open ? MIN(_common(self->open, entry), self->depth) : 0;

  _close_to(self, common, out);
  if (self->comma)
    g_string_append_c(out, ',');
  for (guint i = common; i < entry->depth; i++)
    {
      g_string_append_c(out, '"');
      g_string_append_len(out, entry->parts[i].str, (gssize) entry->parts[i].len);
      g_string_append_len(out, "\":", 2);
      if (i + 1 < entry->depth)
        {
          g_string_append_c(out, '{');
          self->depth++;
        }
    }
  self->comma = TRUE;
  self->open = entry;
}

static void
_index_values(const Record *record, guint32 first[FIELD_COUNT])
{
  guint32 cursor = 0, at = 0;
  RecordValue value;

  memset(first, 0xff, FIELD_COUNT * sizeof(*first));
  while (record_next(record, &cursor, &value))
    {
      if (first[value.id] == G_MAXUINT32)
        first[value.id] = at;
      at = cursor;
    }
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
    g_string_append_c(out, '[');
  document_write_string(text, out);
  if (entry->derived->as_list)
    g_string_append_c(out, ']');
}

static void
_write_entry(const DocumentWriter *self, Nesting *nesting, const PlanEntry *entry, const Record *record, guint32 at,
             GString *out)
{
  gboolean present = at != G_MAXUINT32;

  if (field_get(entry->id)->type == FT_RECORDS)
    {
      if (!record_count_nested(record, field_nested_kind(entry->id)))
        return;
      _open_key(nesting, entry, out);
      document_write_nested(self, record, entry->id, out);
    }
  else if (present && entry->derived)
    _write_derived(nesting, entry, record, at, out);
  else if (present)
    {
      _open_key(nesting, entry, out);
      _write_value(record, at, entry->id, out);
    }
}

static void
_write_plan(const DocumentWriter *self, const Plan *plan, const Record *record, Nesting nesting, GString *out)
{
  guint32 first[FIELD_COUNT];

  _index_values(record, first);
  for (guint i = 0; i < plan->n; i++)
    _write_entry(self, &nesting, &plan->entries[i], record, first[plan->entries[i].id], out);
  _close_to(&nesting, 0, out);
}

void
document_write_nested(const DocumentWriter *self, const Record *record, FieldId id, GString *out)
{
  RecordKind kind = field_nested_kind(id);
  Record *nested;

  g_string_append_c(out, '[');
  for (guint i = 0; (nested = record_nested(record, kind, i)); i++)
    {
      g_string_append(out, i ? ",{" : "{");
      _write_plan(self, &self->native[kind], nested, (Nesting) { 0 }, out);
      g_string_append_c(out, '}');
    }
  g_string_append_c(out, ']');
}

void
document_write(const DocumentWriter *self, const Record *record, GString *out)
{
  gboolean ecs = self->format == DF_ECS;

  g_string_append(out, ecs ? "{\"ecs\":{\"version\":\"" ECS_VERSION "\"}" : "{");
  _write_plan(self, &self->plans[record->kind], record, (Nesting) { .comma = ecs }, out);
  g_string_append_c(out, '}');
}
