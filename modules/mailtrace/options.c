/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#define DEFAULT_PREFIX "mailtrace."

void
mailtrace_options_init(MailtraceOptions *self)
{
  *self = (MailtraceOptions)
  {
    .prefix = g_strdup(DEFAULT_PREFIX),
    .emit = (1u << RK_MESSAGE) | (1u << RK_SESSION),
    .format = DF_NATIVE,
    .tls_policy = tls_policy_shipped(SLICE(TLS_POLICY_DEFAULT)),
    .aliases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    .zone = g_time_zone_new_local(),
    .journal_sync_sec = 1,
  };
  tracker_options_init(&self->tracker);
}

void
mailtrace_options_clear(MailtraceOptions *self)
{
  g_free(self->prefix);
  g_free(self->time_zone);
  g_free(self->journal);
  tls_policy_unref(self->tls_policy);
  g_strfreev(self->fields);
  g_strfreev(self->local_domains);
  g_hash_table_unref(self->aliases);
  g_time_zone_unref(self->zone);
}

void
mailtrace_options_copy(MailtraceOptions *self, const MailtraceOptions *from)
{
  GHashTableIter iter;
  gpointer node, gateway;
  MailtraceOptions copy = *from;

  copy.prefix = g_strdup(from->prefix);
  copy.time_zone = g_strdup(from->time_zone);
  copy.journal = g_strdup(from->journal);
  copy.tls_policy = tls_policy_ref(from->tls_policy);
  copy.fields = g_strdupv(from->fields);
  copy.local_domains = g_strdupv(from->local_domains);
  copy.zone = g_time_zone_ref(from->zone);
  copy.aliases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_iter_init(&iter, from->aliases);
  while (g_hash_table_iter_next(&iter, &node, &gateway))
    g_hash_table_insert(copy.aliases, g_strdup(node), g_strdup(gateway));
  mailtrace_options_clear(self);
  *self = copy;
}

gboolean
mailtrace_options_set_prefix(MailtraceOptions *self, const gchar *prefix)
{
  if (strlen(prefix) > MAILTRACE_PREFIX_MAX)
    return FALSE;
  g_free(self->prefix);
  self->prefix = g_strdup(prefix);
  return TRUE;
}

static gboolean
_document_kind(const gchar *name, RecordKind *kind)
{
  return record_kind_by_name(slice_from_string(name), kind) && *kind != RK_LINE && *kind != RK_REFUSAL;
}

const gchar *
mailtrace_options_unknown_kind(GList *kinds)
{
  RecordKind kind;

  for (GList *l = kinds; l; l = l->next)
    if (!_document_kind(l->data, &kind))
      return l->data;
  return NULL;
}

gboolean
mailtrace_options_set_emit(MailtraceOptions *self, GList *kinds)
{
  RecordKind kind;

  self->emit = 0;
  for (GList *l = kinds; l; l = l->next)
    {
      if (!_document_kind(l->data, &kind))
        return FALSE;
      self->emit |= 1u << kind;
    }
  return TRUE;
}

/* "tls" is that name only, "tls.*" all that begin with "tls." */
static gboolean
_selects(const gchar *pattern, const gchar *name)
{
  gsize len = strlen(pattern);

  if (len > 2 && pattern[len - 1] == '*' && pattern[len - 2] == '.')
    return strncmp(pattern, name, len - 1) == 0;
  return g_str_equal(pattern, name);
}

static gboolean
_selects_any(const gchar *pattern)
{
  for (guint id = 0; id < FIELD_COUNT; id++)
    for (guint kind = 0; kind < RK_REFUSAL; kind++)
      if (field_get((FieldId) id)->records & (1u << kind)
          && _selects(pattern, field_name_in((FieldId) id, (RecordKind) kind)))
        return TRUE;
  return FALSE;
}

const gchar *
mailtrace_options_unknown_field(GList *names)
{
  for (GList *l = names; l; l = l->next)
    if (!_selects_any(l->data))
      return l->data;
  return NULL;
}

static gchar **
_copy_list(GList *list, gchar *(*copy)(const gchar *text, gssize len))
{
  gchar **copied = g_new0(gchar *, g_list_length(list) + 1);
  guint n = 0;

  for (GList *l = list; l; l = l->next)
    copied[n++] = copy(l->data, -1);
  return copied;
}

static gchar *
_copy_text(const gchar *text, gssize len)
{
  return g_strdup(text);
}

void
mailtrace_options_set_fields(MailtraceOptions *self, GList *names)
{
  g_strfreev(self->fields);
  self->fields = _copy_list(names, _copy_text);
}

gboolean
mailtrace_options_has_field(const MailtraceOptions *self, FieldId id, RecordKind kind)
{
  if (!self->fields || id == F_RECORD)
    return TRUE;
  for (guint i = 0; self->fields[i]; i++)
    if (_selects(self->fields[i], field_name_in(id, kind)))
      return TRUE;
  return FALSE;
}

gboolean
mailtrace_options_set_lines(MailtraceOptions *self, const gchar *value)
{
  self->drop_lines = g_str_equal(value, "drop");
  return self->drop_lines || g_str_equal(value, "pass");
}

const gchar *
mailtrace_options_add_private(guint *bits, GList *things)
{
  PrivateThing thing;

  for (GList *l = things; l; l = l->next)
    {
      if (!private_thing_by_name(slice_from_string(l->data), &thing))
        return l->data;
      *bits |= 1u << thing;
    }
  return NULL;
}

const gchar *
mailtrace_options_problem(const MailtraceOptions *self)
{
  if (!privacy_is_on(&self->privacy))
    return NULL;
  if (!self->drop_lines)
    return "anonymize() and omit() hold for documents, lines() must be drop with them";
  if (self->tracker.keep_raw)
    return "anonymize() and omit() do not go with raw(yes)";
  return privacy_problem(&self->privacy);
}

gboolean
mailtrace_options_set_json(MailtraceOptions *self, const gchar *value)
{
  return document_format_by_name(slice_from_string(value), &self->format);
}

gboolean
mailtrace_options_set_time_zone(MailtraceOptions *self, const gchar *name)
{
  GTimeZone *zone = g_time_zone_new_identifier(name);

  if (!zone)
    return FALSE;
  g_time_zone_unref(self->zone);
  self->zone = zone;
  g_free(self->time_zone);
  self->time_zone = g_strdup(name);
  return TRUE;
}

static TlsPolicy *
_load_policy(const gchar *file, gchar **problem)
{
  GError *unreadable = NULL;
  gchar *text;
  gsize len;

  if (!g_file_get_contents(file, &text, &len, &unreadable))
    {
      *problem = g_strdup(unreadable->message);
      g_error_free(unreadable);
      return NULL;
    }
  TlsPolicy *policy = tls_policy_parse(slice_new(text, len), problem);
  g_free(text);
  return policy;
}

gchar *
mailtrace_options_set_tls_policy(MailtraceOptions *self, const gchar *name)
{
  gchar *problem = NULL;
  TlsPolicy *policy = tls_policy_shipped(slice_from_string(name));

  if (!policy)
    policy = _load_policy(name, &problem);
  if (!policy)
    return problem;
  tls_policy_unref(self->tls_policy);
  self->tls_policy = policy;
  return NULL;
}

const gchar *
mailtrace_options_wrong_domain(GList *domains)
{
  for (GList *l = domains; l; l = l->next)
    if (!*(const gchar *) l->data || strpbrk(l->data, " ,;@<>"))
      return l->data;
  return NULL;
}

void
mailtrace_options_set_local_domains(MailtraceOptions *self, GList *domains)
{
  g_strfreev(self->local_domains);
  self->local_domains = _copy_list(domains, g_ascii_strdown);
}

gboolean
mailtrace_options_set_journal(MailtraceOptions *self, const gchar *value)
{
  gboolean by_name = g_str_equal(value, "yes");

  self->has_journal = !g_str_equal(value, "no");
  g_free(self->journal);
  self->journal = self->has_journal && !by_name ? g_strdup(value) : NULL;
  return *value != 0;
}

void
mailtrace_options_add_alias(MailtraceOptions *self, const gchar *node, const gchar *gateway)
{
  g_hash_table_insert(self->aliases, g_strdup(node), g_strdup(gateway));
}

/* the offset at the line's own date, not today's */
static gint32
_offset_at(gint64 local_sec, gpointer zone)
{
  gint interval = g_time_zone_find_interval(zone, G_TIME_TYPE_STANDARD, local_sec);

  return interval < 0 ? 0 : g_time_zone_get_offset(zone, interval);
}

void
mailtrace_options_get_tracker(MailtraceOptions *self, TrackerOptions *out)
{
  *out = self->tracker;
  out->local_domains = self->local_domains;
  out->offset_at = _offset_at;
  out->offset_data = self->zone;
  out->tls_policy = self->tls_policy;
}

gint32
mailtrace_options_offset_at(const MailtraceOptions *self, gint64 local_sec)
{
  return _offset_at(local_sec, self->zone);
}

Slice
mailtrace_options_gateway(const MailtraceOptions *self, Slice host)
{
  gchar name[256];

  if (!g_hash_table_size(self->aliases) || host.len >= sizeof(name))
    return host;
  memcpy(name, host.str, host.len);
  name[host.len] = 0;
  const gchar *gateway = g_hash_table_lookup(self->aliases, name);
  return gateway ? slice_from_string(gateway) : host;
}
