/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a message has come to: every value of its document that no single line states */
#include "message.h"
#include "address.h"
#include "host.h"

typedef struct _Outcome
{
  guint delivered, deferred, failed, discarded, other, total;
} Outcome;

static void
_text(Record *record, FieldId id, const gchar *text)
{
  record_replace_text(record, id, slice_from_string(text));
}

static Stamp
_resolved(const Message *self, Stamp stamp)
{
  if (!stamp_has_offset(&stamp))
    stamp.offset_sec = self->offset_sec;
  return stamp;
}

/* stamps of lines that came before any queue id told the offset */
static void
_resolve_times(const Message *self, Record *record)
{
  guint32 cursor = 0;
  Record *nested;
  RecordValue value, unresolved[4];
  guint n = 0;

  while (record_next(record, &cursor, &value))
    if (value.type == FT_TIME && !stamp_has_offset(&value.stamp) && n < G_N_ELEMENTS(unresolved))
      unresolved[n++] = value;
  for (guint i = 0; i < n; i++)
    {
      record_remove(record, unresolved[i].id);
      record_set_time(record, unresolved[i].id, _resolved(self, unresolved[i].stamp));
    }
  for (guint kind = FIRST_NESTED_KIND; kind < RECORD_KIND_COUNT; kind++)
    for (guint i = 0; (nested = record_nested(record, (RecordKind) kind, i)); i++)
      _resolve_times(self, nested);
}

static void
_set_identity(const Message *self, Record *record)
{
  const IdEntry *first = self->first_id;
  GString *id = g_string_new(NULL);

  g_string_printf(id, "%s:%.*s", self->host->name, first->len, first->id);
  if (self->generation > 1)
    {
      record_set_text(record, F_PREVIOUS, slice_new(id->str, id->len));
      g_string_append_printf(id, ":%u", self->generation);
    }
  _text(record, F_RECORD, "message");
  record_set_text(record, F_ID, slice_new(id->str, id->len));
  _text(record, F_GATEWAY, self->host->name);
  g_string_free(id, TRUE);
  for (const IdEntry *entry = first; entry; entry = entry->next)
    record_append_text(record, F_QUEUE_IDS, slice_new(entry->id, entry->len));
}

static Stamp
_received(const Message *self)
{
  const IdEntry *first = self->first_id;
  QueueId id;

  if (!queue_id_decode(slice_new(first->id, first->len), &id))
    return _resolved(self, self->arrival);
  return (Stamp) { (id.sec + self->offset_sec) * STAMP_USEC, self->offset_sec };
}

static void
_seconds(Record *record, FieldId id, guint32 from, guint32 to)
{
  if (from && to)
    record_set_integer(record, id, to > from ? to - from : 0);
}

static guint32
_second(const Message *self, Stamp stamp)
{
  return stamp.local_usec ? message_second(self, &stamp) : 0;
}

static void
_set_times(const Message *self, Record *record)
{
  Stamp received = _received(self), completed = _resolved(self, self->completed);
  guint32 begin = _second(self, received), arrival = _second(self, self->arrival);
  guint32 queued = self->scan_begin ? self->scan_begin : self->first_attempt;
  guint32 scanned = self->scan_end ? self->scan_end : queued;

  record_set_time(record, F_RECEIVED, received);
  _text(record, F_TIME_ZONE_SOURCE, self->offset_source);
  if (self->arrived)
    {
      _seconds(record, F_SECONDS_RECEIVE, begin, arrival);
      _seconds(record, F_SECONDS_QUEUE, arrival, queued);
    }
  if (self->scan_begin)
    _seconds(record, F_SECONDS_SCAN, queued, scanned);
  _seconds(record, F_SECONDS_DELIVER, scanned, self->last_delivery);
  if (self->end_reason != ER_COMPLETE || !self->completed.local_usec)
    return;
  record_set_time(record, F_COMPLETED, completed);
  _seconds(record, F_SECONDS_TOTAL, begin, _second(self, completed));
}

/* the scanner knows the sender behind a rewritten one, else the address itself may tell */
static gboolean
_original_sender(Slice sender, Slice scanned, GString *out)
{
  if (scanned.len && sender.str && !slice_equals(sender, scanned))
    {
      g_string_append_len(out, scanned.str, (gssize) scanned.len);
      return TRUE;
    }
  return address_decode(sender.str ? sender : scanned, out);
}

static void
_set_sender(const Message *self, Record *record)
{
  Record *scan = record_nested(record, RK_SCAN, 0);
  Slice scanned = scan ? record_get_text(scan, F_SCAN_SENDER) : SLICE_NONE;
  GString *original = g_string_new(NULL);

  if (_original_sender(record_get_text(record, F_SENDER), scanned, original))
    record_set_text(record, F_SENDER_ORIGINAL, slice_new(original->str, original->len));
  if (scanned.str)
    record_set_text(record, F_SENDER, scanned);
  /* a rewritten address may claim any domain, only the scanner knows */
  record_set_domain(record, F_SENDER_DOMAIN, scanned.len ? scanned : record_get_text(record, F_SENDER));
  g_string_free(original, TRUE);
}

static Slice
_envelope_recipient(const Record *delivery)
{
  Slice original = record_get_text(delivery, F_DELIVERY_ORIGINAL_RECIPIENT);

  return original.len ? original : record_get_text(delivery, F_DELIVERY_RECIPIENT);
}

static void
_set_recipients(const Message *self, Record *record)
{
  Record *nested;
  guint32 cursor = 0;
  RecordValue value;

  if (!self->envelope_known)
    for (guint i = 0; (nested = record_nested(record, RK_DELIVERY, i)); i++)
      record_set_text(record, F_RECIPIENTS, _envelope_recipient(nested));
  if (!record_has(record, F_RECIPIENTS) && (nested = record_nested(record, RK_SCAN, 0)))
    while (record_next(nested, &cursor, &value))
      if (value.id == F_SCAN_RECIPIENTS)
        record_set_text(record, F_RECIPIENTS, value.text);

  GPtrArray *domains = g_ptr_array_new_with_free_func(g_free);
  for (cursor = 0; record_next(record, &cursor, &value);)
    if (value.id == F_RECIPIENTS && slice_find_last_char(value.text, '@') >= 0 && domains->len < 1000)
      g_ptr_array_add(domains, slice_dup(value.text));
  for (guint i = 0; i < domains->len; i++)
    record_set_domain(record, F_RECIPIENT_DOMAINS, slice_from_string(g_ptr_array_index(domains, i)));
  g_ptr_array_free(domains, TRUE);
}

static Slice
_disposition_status(const Record *record)
{
  Slice disposition = record_get_text(record, F_DISPOSITION);

  if (slice_equals(disposition, SLICE("quarantined")) || slice_equals(disposition, SLICE("rejected")))
    return disposition;
  if (slice_equals(disposition, SLICE("blackholed")) || slice_equals(disposition, SLICE("deleted"))
      || slice_equals(disposition, SLICE("discarded")))
    return SLICE("discarded");
  if (slice_equals(disposition, SLICE("blocked")))
    return SLICE("rejected");
  return SLICE_NONE;
}

/* a recipient of the envelope that no delivery line names still has an outcome to report */
static void
_add_missing_deliveries(const Message *self, Record *record)
{
  Slice status = _disposition_status(record);
  guint n = record_count_nested(record, RK_DELIVERY);
  U64Set known = { NULL };
  GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
  guint32 cursor = 0;
  RecordValue value;

  for (guint i = 0; i < n; i++)
    u64_set_add(&known, slice_hash(_envelope_recipient(record_nested(record, RK_DELIVERY, i)), self->host->seed));
  while (record_next(record, &cursor, &value))
    if (value.id == F_RECIPIENTS && u64_set_add(&known, slice_hash(value.text, self->host->seed)))
      g_ptr_array_add(missing, slice_dup(value.text));
  for (guint i = 0; i < missing->len; i++)
    {
      Record *delivery = record_add(record, RK_DELIVERY);
      _text(delivery, F_DELIVERY_RECIPIENT, g_ptr_array_index(missing, i));
      record_set_domain(delivery, F_DELIVERY_DOMAIN, slice_from_string(g_ptr_array_index(missing, i)));
      record_set_text(delivery, F_DELIVERY_STATUS, status.len ? status : SLICE("unknown"));
    }
  g_ptr_array_free(missing, TRUE);
  u64_set_release(&known);
}

static Outcome
_count_outcome(const Record *record)
{
  Outcome outcome = { 0 };
  Record *delivery;

  for (guint i = 0; (delivery = record_nested(record, RK_DELIVERY, i)); i++)
    {
      Slice status = record_get_text(delivery, F_DELIVERY_STATUS);
      guint *counter = slice_equals(status, SLICE("delivered")) ? &outcome.delivered
                       : slice_equals(status, SLICE("deferred")) ? &outcome.deferred
                       : slice_equals(status, SLICE("failed")) ? &outcome.failed
                       : slice_equals(status, SLICE("discarded")) ? &outcome.discarded : &outcome.other;

      (*counter)++;
      outcome.total++;
    }
  return outcome;
}

static const gchar *
_status(const Message *self, const Record *record)
{
  Outcome outcome = _count_outcome(record);
  Slice disposed = _disposition_status(record);

  if (outcome.deferred && self->n_open)
    return "deferred";
  if (!outcome.total)
    return slice_equals(disposed, SLICE("quarantined")) ? "quarantined"
           : slice_equals(disposed, SLICE("rejected")) ? "rejected"
           : disposed.len ? "discarded" : "unknown";
  if (outcome.delivered == outcome.total)
    return "delivered";
  if (outcome.failed == outcome.total)
    return "failed";
  if (outcome.discarded == outcome.total)
    return "discarded";
  if (outcome.other == outcome.total)
    return slice_equals(disposed, SLICE("quarantined")) ? "quarantined"
           : slice_equals(disposed, SLICE("rejected")) ? "rejected" : "unknown";
  return outcome.delivered ? "partial" : outcome.failed ? "failed" : "unknown";
}

/* once the queue id is done nothing waits any more: what became of it the log did not say */
static void
_close_deferrals(const Message *self, Record *record)
{
  Record *delivery;

  if (self->n_open || self->state != MS_ENDED)
    return;
  for (guint i = 0; (delivery = record_nested(record, RK_DELIVERY, i)); i++)
    if (slice_equals(record_get_text(delivery, F_DELIVERY_STATUS), SLICE("deferred")))
      _text(delivery, F_DELIVERY_STATUS, "unknown");
}

/* mail that the gateway made itself came over no network; where verdicts are logged, it has none */
static gboolean
_is_own_origin(const Message *self, const Record *record)
{
  Slice ip = record_get_text(record, F_CLIENT_IP);

  return self->spam_logged && self->arrived && !record_has(record, F_SPAM_SKIPPED)
         && (!message_arrived_over_network(self, record) || slice_equals(ip, SLICE("127.0.0.1")) || slice_equals(ip, SLICE("::1")));
}

static void
_set_spam(const Message *self, Record *record)
{
  Slice verdict = record_get_text(record, F_SPAM_VERDICT);

  if (!verdict.len)
    {
      if (_is_own_origin(self, record))
        record_set_text(record, F_SPAM_SKIPPED, SLICE("own-origin"));
      return;
    }
  record_remove(record, F_SPAM_SKIPPED);
  record_remove(record, F_SPAM_SKIPPED_DETAIL);
  if (slice_equals(verdict, SLICE("Confirmed")) || slice_equals(verdict, SLICE("spam")))
    _text(record, F_SPAM_RESULT, "confirmed");
  else if (slice_equals(verdict, SLICE("Bulk")) || slice_equals(verdict, SLICE("Suspect")))
    _text(record, F_SPAM_RESULT, "probable");
  else if (slice_equals(verdict, SLICE("Unknown")) || slice_equals(verdict, SLICE("NonSpam"))
           || slice_equals(verdict, SLICE("not spam")))
    _text(record, F_SPAM_RESULT, "not-spam");
}

/* a domain for which the gateway has a profile is one of its own */
static gboolean
_has_profile(const Record *record, Slice domain)
{
  guint32 cursor = 0;
  RecordValue value;

  while (record_next(record, &cursor, &value))
    if (value.id == F_WARNINGS && slice_starts_with(value.text, domain)
        && slice_starts_with(slice_skip(value.text, domain.len), SLICE(" profile ")))
      return TRUE;
  return FALSE;
}

static gboolean
_is_local(const Record *record, Slice domain, const TrackerOptions *options)
{
  for (gchar **local = options->local_domains; local && *local; local++)
    if (slice_equals(slice_from_string(*local), domain))
      return TRUE;
  return domain.len && _has_profile(record, domain);
}

static void
_set_direction(const Message *self, Record *record, const TrackerOptions *options)
{
  gboolean from_inside = record_has(record, F_AUTH_MECHANISM)
                         || (self->arrived && !message_arrived_over_network(self, record));
  gboolean sender_local = _is_local(record, record_get_text(record, F_SENDER_DOMAIN), options);
  guint n = 0, local = 0;
  guint32 cursor = 0;
  RecordValue value;

  while (record_next(record, &cursor, &value))
    if (value.id == F_RECIPIENT_DOMAINS)
      {
        n++;
        local += _is_local(record, value.text, options);
      }
  if (n && local == n)
    _text(record, F_DIRECTION, sender_local || from_inside ? "internal" : "inbound");
  else
    _text(record, F_DIRECTION, sender_local || from_inside ? "outbound" : "unknown");
}

/* an id of which nothing was seen but its child is done as soon as that is */
static gboolean
_lacks_completion(const Message *self)
{
  for (const IdEntry *entry = self->first_id; entry; entry = entry->next)
    if (entry->open && (entry->seen || !entry->superseded))
      return TRUE;
  return FALSE;
}

static void
_set_missing(const Message *self, Record *record)
{
  if (self->state != MS_ENDED)
    return;
  if (!self->arrived)
    record_append_text(record, F_MISSING, SLICE("arrival"));
  if (self->awaits_child)
    record_append_text(record, F_MISSING, SLICE("scan"));
  if (_lacks_completion(self))
    record_append_text(record, F_MISSING, SLICE("completion"));
}

static gint
_compare_slices(Slice a, Slice b)
{
  gint order = memcmp(a.len ? a.str : "", b.len ? b.str : "", MIN(a.len, b.len));
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

static gint
_compare_by(const Record *x, const Record *y, FieldId time, FieldId queue_id, FieldId address)
{
  RecordValue a = { 0 }, b = { 0 };

  record_get(x, time, &a);
  record_get(y, time, &b);
  gint64 difference = stamp_to_utc_usec(&a.stamp) - stamp_to_utc_usec(&b.stamp);
  gint order = _compare_slices(record_get_text(x, queue_id), record_get_text(y, queue_id));
  return difference ? (difference > 0 ? 1 : -1)
         : order ? order : _compare_slices(record_get_text(x, address), record_get_text(y, address));
}

static gint
_compare_deliveries(gconstpointer a, gconstpointer b, gpointer unused)
{
  return _compare_by(a, b, F_DELIVERY_TIME, F_DELIVERY_QUEUE_ID, F_DELIVERY_RECIPIENT);
}

static gint
_compare_scans(gconstpointer a, gconstpointer b, gpointer unused)
{
  return _compare_by(a, b, F_SCAN_TIME, F_SCAN_QUEUE_ID, F_SCAN_SENDER);
}

static void
_set_state(const Message *self, Record *record)
{
  record_set_integer(record, F_REVISION, self->revision);
  record_set_boolean(record, F_FINAL, self->state == MS_ENDED);
  if (self->state == MS_ENDED)
    _text(record, F_END_REASON, end_reason_name(self->end_reason));
  record_set_integer(record, F_LINES, self->lines);
  if (self->n_omitted)
    record_set_integer(record, F_RECIPIENTS_OMITTED, self->n_omitted);
}

/* passes that began with an id which a pass had made */
static void
_count_requeues(const Message *self, Record *record)
{
  U64Map made = { 0 };
  Record *scan;
  gint64 requeues = 0;
  guint32 ignored;

  for (guint i = 0; (scan = record_nested(record, RK_SCAN, i)); i++)
    u64_map_insert(&made, slice_hash(record_get_text(scan, F_SCAN_QUEUE_ID), self->host->seed), &i);
  for (guint i = 0; (scan = record_nested(record, RK_SCAN, i)); i++)
    requeues += u64_map_get(&made, slice_hash(record_get_text(scan, F_SCAN_PARENT), self->host->seed), &ignored);
  if (u64_map_count(&made))
    record_set_integer(record, F_REQUEUES, requeues);
  u64_map_release(&made);
}

/* of the last pass that tells it, whatever order the lines came in */
static void
_set_disposition(Record *record)
{
  static const FieldId copied[][2] = { { F_SCAN_DISPOSITION, F_DISPOSITION }, { F_SCAN_REASON, F_REASON },
    { F_SCAN_REASON_DETAIL, F_REASON_DETAIL } };
  Record *scan, *last = NULL;
  RecordValue size;

  for (guint i = 0; (scan = record_nested(record, RK_SCAN, i)); i++)
    {
      if (record_has(scan, F_SCAN_DISPOSITION))
        last = scan;
      if (record_get(scan, F_SCAN_SIZE, &size))
        record_set_integer(record, F_SCANNED_SIZE, size.number);
    }
  for (guint i = 0; last && i < G_N_ELEMENTS(copied); i++)
    record_replace_text(record, copied[i][1], record_get_text(last, copied[i][0]));
}

Summary *
message_summarize(const Message *self, const TrackerOptions *options)
{
  Summary *summary = g_new0(Summary, 1);
  Record *record = summary->record = record_copy(self->record);

  summary->end_reason = self->end_reason;
  _set_identity(self, record);
  _set_state(self, record);
  _set_times(self, record);
  _resolve_times(self, record);
  record_sort_nested(record, RK_SCAN, _compare_scans, NULL);
  _count_requeues(self, record);
  _set_disposition(record);
  _set_sender(self, record);
  _set_recipients(self, record);
  if (self->state == MS_ENDED)
    _add_missing_deliveries(self, record);
  _close_deferrals(self, record);
  _text(record, F_STATUS, _status(self, record));
  message_set_tls(self, record, options->tls_policy);
  message_set_dkim(self, record);
  _set_spam(self, record);
  _set_direction(self, record, options);
  _set_missing(self, record);
  record_sort_nested(record, RK_DELIVERY, _compare_deliveries, NULL);
  return summary;
}
