/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host.h"
#include "message-parts.h"
#include "words.h"

#define SESSION_ROOM 768   /* for texts that no line states */
#define DIGEST_HEX 16

const gchar *
end_reason_name(EndReason reason)
{
  return end_reason_text(reason).str;
}

Slice
end_reason_text(EndReason reason)
{
  static const Slice texts[END_REASON_COUNT] =
  {
    { "interim", 7 }, WORD_ROW(w_complete), WORD_ROW(w_timeout), { "evicted", 7 }, { "shutdown", 8 }
  };

  return texts[reason];
}

Slice
offset_source_text(const gchar *name)
{
  Slice text = slice_from_string(name);

  if (slice_equals(text, WORD_TEXT(w_queue_id)))
    return WORD_TEXT(w_queue_id);
  return slice_equals(text, WORD_TEXT(w_stamp)) ? WORD_TEXT(w_stamp) : text;
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
  facts_free(self->facts);
}

void
summary_queue_recycle(SummaryQueue *self, Summary *summary)
{
  facts_recycle(summary->facts, &self->spare);
}

void
summary_queue_release(SummaryQueue *self)
{
  g_free(self->spare);
  self->spare = NULL;
}

Summary *
summary_add(Facts *facts, EndReason reason, SummaryQueue *out)
{
  Summary *self = facts_alloc(facts->memory, sizeof(Summary));

  *self = (Summary) { .facts = facts, .end_reason = reason };
  summary_queue_push(out, self);
  return self;
}

/* over the values that identify a nested record, separated by NUL */
static void
_digest(const Facts *nested, const FieldId *ids, guint n, gchar *out)
{
  GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);

  for (guint i = 0; i < n; i++)
    {
      Slice value = facts_get_text(nested, ids[i]);
      if (ids[i] == F_DELIVERY_ORIGINAL_RECIPIENT && !value.str)
        value = facts_get_text(nested, F_DELIVERY_RECIPIENT);
      if (i)
        g_checksum_update(checksum, (const guchar *) "", 1);
      g_checksum_update(checksum, (const guchar *) (value.len ? value.str : ""), (gssize) value.len);
    }
  memcpy(out, g_checksum_get_string(checksum), DIGEST_HEX);
  g_checksum_free(checksum);
}

/* what identifies a nested record within its message */
typedef struct _Key
{
  gchar mark[4];
  guint n;
  FieldId ids[4];
} Key;

static const Key keys[RECORD_KIND_COUNT] =
{
  [RK_DELIVERY] = { ":d:", 2, { F_DELIVERY_ORIGINAL_RECIPIENT, F_DELIVERY_RECIPIENT } },
  [RK_DKIM] = { ":k:", 4, { F_DKIM_DOMAIN, F_DKIM_SELECTOR, F_DKIM_ALGORITHM, F_DKIM_SIGNATURE_RESULT } },
  [RK_SCAN] = { ":s:", 1, { F_SCAN_QUEUE_ID } },
};

static Slice
_flat_id(Slice message, const Facts *nested, FactsMemory *memory)
{
  const Key *key = &keys[nested->kind];
  gsize mark_len = strlen(key->mark);
  gchar *id = facts_alloc(memory, message.len + mark_len + DIGEST_HEX);

  memcpy(id, message.str, message.len);
  memcpy(id + message.len, key->mark, mark_len);
  _digest(nested, key->ids, key->n, id + message.len + mark_len);
  return slice_new(id, message.len + mark_len + DIGEST_HEX);
}

static void
_copy_common(const Facts *from, Facts *to)
{
  facts_set_text(to, F_MESSAGE, facts_get_text(from, F_ID));
  facts_set_text(to, F_GATEWAY, facts_get_text(from, F_GATEWAY));
  facts_set_number(to, F_REVISION, facts_get_integer(from, F_REVISION, 1));
  facts_set_number(to, F_FINAL, facts_get_integer(from, F_FINAL, 0));
  facts_set_time(to, F_RECEIVED, facts_at(from, F_RECEIVED)->stamp);
}

Facts *
summary_flat_facts(const Summary *self, RecordKind kind, guint i)
{
  const Facts *nested = facts_nested(self->facts, kind, i);
  Slice message = facts_get_text(self->facts, F_ID);

  if (!nested)
    return NULL;
  Facts *flat = facts_new_flat(nested, message.len + sizeof(keys->mark) + DIGEST_HEX + 8);
  facts_set_text(flat, F_RECORD, slice_from_string(record_kind_name(kind)));
  facts_set_text(flat, F_ID, _flat_id(message, nested, flat->memory));
  _copy_common(self->facts, flat);
  return flat;
}

static gchar *
_put(gchar *to, Slice text)
{
  memcpy(to, text.str, text.len);
  return to + text.len;
}

static gchar *
_put_decimal(gchar *to, guint32 number)
{
  gchar digits[10];
  gsize n = 0;

  do
    digits[n++] = (gchar) ('0' + number % 10);
  while (number /= 10);
  while (n)
    *to++ = digits[--n];
  return to;
}

static gchar *
_put_hash(gchar *to, guint64 hash)
{
  for (gint shift = 60; shift >= 0; shift -= 4)
    *to++ = "0123456789abcdef"[hash >> shift & 15];
  return to;
}

#define SESSION_ID_MAX (STAMP_ISO_MAX + 64)   /* without the texts of names and addresses */

/* identity = gateway ":session:" [node ":"] ( pid ":" stamp / ip ":" stamp ":" hash ) */
static Slice
_session_id(const Session *self, Facts *facts)
{
  Slice ip = facts_get_text(facts, F_CLIENT_IP), gateway = host_name(self->host);
  Slice node = self->node ? slice_from_string(self->node) : SLICE_NONE;
  gchar *id = facts_alloc(facts->memory, gateway.len + node.len + ip.len + SESSION_ID_MAX), *at = _put(id, gateway);

  at = _put(at, SLICE(":session:"));
  if (node.len)
    at = _put(_put(at, node), SLICE(":"));
  at = self->pid ? _put_decimal(at, self->pid) : _put(at, ip.len ? ip : SLICE("-"));
  *at++ = ':';
  at += stamp_format_local(&self->first, at);
  if (!self->pid)
    at = _put_hash(_put(at, SLICE(":")), self->id_hash);
  return slice_new(id, (gsize) (at - id));
}

static void
_set_session_identity(const Session *self, Facts *facts)
{
  Slice id = _session_id(self, facts);

  facts_set_text(facts, F_RECORD, WORD_TEXT(w_session));
  facts_set_text(facts, F_GATEWAY, slice_head(id, self->host->name_len));
  if (self->generation > 1)
    {
      gchar *again = facts_alloc(facts->memory, id.len + 16);

      facts_set_text(facts, F_PREVIOUS, id);
      memcpy(again, id.str, id.len);
      id = slice_new(again, id.len + (gsize) g_snprintf(again + id.len, 16, ":%u", self->generation));
    }
  facts_set_text(facts, F_ID, id);
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
_set_session_time(Facts *facts, FieldId id, Stamp stamp, gint32 offset_sec)
{
  if (!stamp_has_offset(&stamp))
    stamp.offset_sec = offset_sec;
  facts_set_time(facts, id, stamp);
}

Summary *
session_summarize(const Session *self, EndReason reason, const TrackerOptions *options, SummaryQueue *out)
{
  gint32 offset_sec = _host_knows_offset(self) ? self->host->offset_sec : self->offset_sec;
  Facts *facts = facts_new_from(self->record, offset_sec, SESSION_ROOM, &out->spare);

  _set_session_identity(self, facts);
  facts_set_number(facts, F_REVISION, 1);
  facts_set_number(facts, F_FINAL, TRUE);
  facts_set_text(facts, F_END_REASON, end_reason_text(reason));
  facts_set_number(facts, F_LINES, self->lines);
  facts_set_text(facts, F_TIME_ZONE_SOURCE, offset_source_text(_offset_source(self)));
  if (self->pid)
    facts_set_number(facts, F_CLIENT_PID, self->pid);
  _set_session_time(facts, F_RECEIVED, self->first, offset_sec);
  _set_session_time(facts, F_ENDED, self->last, offset_sec);
  session_set_tls(facts, options->tls_policy);
  return summary_add(facts, reason, out);
}
