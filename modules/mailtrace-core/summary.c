/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/summary.h"
#include "host.h"

const gchar *
end_reason_name(EndReason reason)
{
  static const gchar *names[END_REASON_COUNT] = { "interim", "complete", "timeout", "evicted", "shutdown" };
  return names[reason];
}

void
summary_queue_push(SummaryQueue *self, Summary *summary)
{
  summary->next = NULL;
  if (self->tail)
    self->tail->next = summary;
  else
    self->head = summary;
  self->tail = summary;
}

Summary *
summary_queue_pop(SummaryQueue *self)
{
  Summary *summary = self->head;

  if (!summary)
    return NULL;
  self->head = summary->next;
  if (!self->head)
    self->tail = NULL;
  return summary;
}

void
summary_free(Summary *self)
{
  record_free(self->record);
  g_free(self);
}

/* 16 hex digits over the values that identify a nested record, separated by NUL */
static void
_append_digest(GString *out, const Record *nested, const FieldId *ids, guint n)
{
  GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);

  for (guint i = 0; i < n; i++)
    {
      Slice value = record_get_text(nested, ids[i]);
      if (ids[i] == F_DELIVERY_ORIGINAL_RECIPIENT && !value.str)
        value = record_get_text(nested, F_DELIVERY_RECIPIENT);
      if (i)
        g_checksum_update(checksum, (const guchar *) "", 1);
      g_checksum_update(checksum, (const guchar *) (value.len ? value.str : ""), (gssize) value.len);
    }
  g_string_append_len(out, g_checksum_get_string(checksum), 16);
  g_checksum_free(checksum);
}

static void
_append_key(GString *out, const Record *nested)
{
  static const FieldId delivery[] = { F_DELIVERY_ORIGINAL_RECIPIENT, F_DELIVERY_RECIPIENT };
  static const FieldId signature[] = { F_DKIM_DOMAIN, F_DKIM_SELECTOR, F_DKIM_ALGORITHM, F_DKIM_SIGNATURE_RESULT };
  static const FieldId scan[] = { F_SCAN_QUEUE_ID };

  if (nested->kind == RK_DELIVERY)
    {
      g_string_append(out, ":d:");
      _append_digest(out, nested, delivery, G_N_ELEMENTS(delivery));
    }
  else if (nested->kind == RK_DKIM)
    {
      g_string_append(out, ":k:");
      _append_digest(out, nested, signature, G_N_ELEMENTS(signature));
    }
  else
    {
      g_string_append(out, ":s:");
      _append_digest(out, nested, scan, G_N_ELEMENTS(scan));
    }
}

static void
_copy_common(const Record *from, Record *to)
{
  RecordValue value;

  record_set_text(to, F_MESSAGE, record_get_text(from, F_ID));
  record_set_text(to, F_GATEWAY, record_get_text(from, F_GATEWAY));
  record_set_integer(to, F_REVISION, record_get_integer(from, F_REVISION, 1));
  if (record_get(from, F_FINAL, &value))
    record_set_boolean(to, F_FINAL, value.number != 0);
  if (record_get(from, F_RECEIVED, &value))
    record_set_time(to, F_RECEIVED, value.stamp);
}

Record *
summary_flat_record(const Summary *self, RecordKind kind, guint i)
{
  Record *nested = record_nested(self->record, kind, i);
  Slice message = record_get_text(self->record, F_ID);

  if (!nested)
    return NULL;
  Record *flat = record_copy(nested);
  GString *id = g_string_new_len(message.str, (gssize) message.len);
  _append_key(id, nested);
  record_set_text(flat, F_RECORD, slice_from_string(record_kind_name(kind)));
  record_set_text(flat, F_ID, slice_new(id->str, id->len));
  _copy_common(self->record, flat);
  g_string_free(id, TRUE);
  return flat;
}

static void
_append_session_id(const Session *self, GString *out)
{
  Slice ip = record_get_text(self->record, F_CLIENT_IP);
  gchar stamp[STAMP_ISO_MAX];

  g_string_append_printf(out, "%s:session:", self->host->name);
  if (self->node)
    g_string_append_printf(out, "%s:", self->node);
  if (self->pid)
    g_string_append_printf(out, "%u:", self->pid);
  else
    {
      g_string_append_len(out, ip.len ? ip.str : "-", ip.len ? (gssize) ip.len : 1);
      g_string_append_c(out, ':');
    }
  g_string_append_len(out, stamp, (gssize) stamp_format_local(&self->first, stamp));
  if (!self->pid)
    g_string_append_printf(out, ":%016" G_GINT64_MODIFIER "x", self->id_hash);
}

static gboolean
_host_knows_offset(const Session *self)
{
  return self->host->offset_sec != STAMP_OFFSET_UNKNOWN;
}

/* a queue id may have told the offset after the session's first line */
static const gchar *
_offset_source(const Session *self)
{
  if (!stamp_has_offset(&self->first) && _host_knows_offset(self))
    return "queue-id";
  return self->offset_source ? self->offset_source : "option";
}

static void
_set_session_time(const Session *self, Record *record, FieldId id, Stamp stamp)
{
  if (!stamp_has_offset(&stamp))
    stamp.offset_sec = _host_knows_offset(self) ? self->host->offset_sec : self->offset_sec;
  record_remove(record, id);
  record_set_time(record, id, stamp);
}

static void
_resolve_session_times(const Session *self, Record *record)
{
  RecordValue value;
  Record *refusal;

  _set_session_time(self, record, F_RECEIVED, self->first);
  _set_session_time(self, record, F_ENDED, self->last);
  if (record_get(record, F_CLIENT_CONNECTED, &value))
    _set_session_time(self, record, F_CLIENT_CONNECTED, value.stamp);
  for (guint i = 0; (refusal = record_nested(record, RK_REFUSAL, i)); i++)
    if (record_get(refusal, F_REFUSAL_TIME, &value))
      _set_session_time(self, refusal, F_REFUSAL_TIME, value.stamp);
}

Summary *
session_summarize(const Session *self, EndReason reason, const TrackerOptions *options)
{
  Summary *summary = g_new0(Summary, 1);
  Record *record = summary->record = record_copy(self->record);
  GString *id = g_string_new(NULL);

  summary->end_reason = reason;
  _append_session_id(self, id);
  record_set_text(record, F_RECORD, SLICE("session"));
  if (self->generation > 1)
    {
      record_set_text(record, F_PREVIOUS, slice_new(id->str, id->len));
      g_string_append_printf(id, ":%u", self->generation);
    }
  record_set_text(record, F_ID, slice_new(id->str, id->len));
  record_set_text(record, F_GATEWAY, slice_from_string(self->host->name));
  record_set_integer(record, F_REVISION, 1);
  record_set_boolean(record, F_FINAL, TRUE);
  record_set_text(record, F_END_REASON, slice_from_string(end_reason_name(reason)));
  record_set_integer(record, F_LINES, self->lines);
  record_set_text(record, F_TIME_ZONE_SOURCE, slice_from_string(_offset_source(self)));
  if (self->pid)
    record_set_integer(record, F_CLIENT_PID, self->pid);
  _resolve_session_times(self, record);
  session_set_tls(record, options->tls_policy);
  g_string_free(id, TRUE);
  return summary;
}
