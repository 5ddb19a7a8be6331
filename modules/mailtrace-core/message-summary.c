/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a message has come to: every value of its document that no single line states */
#include "address.h"
#include "host.h"
#include "known-texts.h"
#include "message-parts.h"
#include "words.h"

#define ROOM 1024   /* for texts and lists that no line states */

static Stamp
_resolved(const Message *self, Stamp stamp)
{
  if (!stamp_has_offset(&stamp))
    stamp.offset_sec = self->offset_sec;
  return stamp;
}

/* identity = gateway ":" queue-id [":" generation] */
static void
_set_identity(const Message *self, Facts *facts)
{
  const IdEntry *first = self->first_id;
  Slice gateway = host_name(self->host);
  gsize plain = gateway.len + 1 + first->len;
  gchar *id = facts_alloc(facts->memory, plain + 16);
  gsize len = plain;

  memcpy(id, gateway.str, gateway.len);
  id[gateway.len] = ':';
  memcpy(id + gateway.len + 1, first->id, first->len);
  if (self->generation > 1)
    {
      facts_set_text(facts, F_PREVIOUS, slice_new(id, plain));
      len += (gsize) g_snprintf(id + plain, 16, ":%u", self->generation);
    }
  facts_set_text(facts, F_RECORD, WORD_TEXT(w_message));
  facts_set_text(facts, F_ID, slice_new(id, len));
  facts_set_text(facts, F_GATEWAY, slice_new(id, gateway.len));
  facts_append(facts, F_QUEUE_IDS, slice_new(id + gateway.len + 1, first->len));
  for (const IdEntry *entry = first->next; entry; entry = entry->next)
    facts_append(facts, F_QUEUE_IDS, facts_copy_text(facts->memory, slice_new(entry->id, entry->len)));
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
_seconds(Facts *facts, FieldId id, guint32 from, guint32 to)
{
  if (from && to)
    facts_set_number(facts, id, to > from ? to - from : 0);
}

static guint32
_second(const Message *self, Stamp stamp)
{
  return stamp.local_usec ? message_second(self, &stamp) : 0;
}

static void
_set_times(const Message *self, Facts *facts)
{
  Stamp received = _received(self), completed = _resolved(self, self->completed);
  guint32 begin = _second(self, received), arrival = _second(self, self->arrival);
  guint32 queued = self->scan_begin ? self->scan_begin : self->first_attempt;
  guint32 scanned = self->scan_end ? self->scan_end : queued;

  facts_set_time(facts, F_RECEIVED, received);
  facts_set_text(facts, F_TIME_ZONE_SOURCE, offset_source_text(self->offset_source));
  if (self->arrived)
    {
      _seconds(facts, F_SECONDS_RECEIVE, begin, arrival);
      _seconds(facts, F_SECONDS_QUEUE, arrival, queued);
    }
  if (self->scan_begin)
    _seconds(facts, F_SECONDS_SCAN, queued, scanned);
  _seconds(facts, F_SECONDS_DELIVER, scanned, self->last_delivery);
  if (self->end_reason != ER_COMPLETE || !self->completed.local_usec)
    return;
  facts_set_time(facts, F_COMPLETED, completed);
  _seconds(facts, F_SECONDS_TOTAL, begin, _second(self, completed));
}

/* the scanner knows the sender behind a rewritten one, else the address itself may tell: each such one has a "=" */
static Slice
_original_sender(Slice sender, Slice scanned, FactsMemory *memory)
{
  Slice address = sender.str ? sender : scanned, original = SLICE_NONE;

  if (scanned.len && sender.str && !slice_equals(sender, scanned))
    return scanned;
  if (slice_find_char(address, '=') < 0)
    return SLICE_NONE;
  GString *decoded = g_string_new(NULL);
  if (address_decode(address, decoded))
    original = facts_copy_text(memory, slice_new(decoded->str, decoded->len));
  g_string_free(decoded, TRUE);
  return original;
}

static void
_set_sender(const Message *self, Facts *facts)
{
  const Facts *scan = facts_nested(facts, RK_SCAN, 0);
  Slice scanned = scan ? facts_get_text(scan, F_SCAN_SENDER) : SLICE_NONE;
  Slice sender = facts_get_text(facts, F_SENDER), original = _original_sender(sender, scanned, facts->memory);

  facts_set_text(facts, F_SENDER_ORIGINAL, original);
  if (!sender.str)
    facts_set_text(facts, F_SENDER, scanned);
  /* a rewritten address may claim any domain, only the scanner knows */
  facts_set_text(facts, F_SENDER_DOMAIN,
                 facts_domain(facts, scanned.len ? scanned : facts_get_text(facts, F_SENDER)));
}

typedef enum _DeliveryStatus
{
  DS_DELIVERED,
  DS_DEFERRED,
  DS_FAILED,
  DS_DISCARDED,
  DS_OTHER,
  DELIVERY_STATUS_COUNT
} DeliveryStatus;

static DeliveryStatus
_delivery_status(const Facts *delivery)
{
  Slice status = facts_get_text(delivery, F_DELIVERY_STATUS);

  return slice_equals(status, SLICE("delivered")) ? DS_DELIVERED
         : slice_equals(status, SLICE("deferred")) ? DS_DEFERRED
         : slice_equals(status, SLICE("failed")) ? DS_FAILED
         : slice_equals(status, SLICE("discarded")) ? DS_DISCARDED : DS_OTHER;
}

/* what the filter's word says of a message that was not delivered */
static Slice
_disposition_status(const Facts *facts)
{
  Slice disposition = facts_get_text(facts, F_DISPOSITION);

  if (slice_equals(disposition, SLICE("quarantined")))
    return WORD_TEXT(w_quarantined);
  if (slice_equals(disposition, SLICE("rejected")) || slice_equals(disposition, SLICE("blocked")))
    return WORD_TEXT(w_rejected);
  if (slice_equals(disposition, SLICE("blackholed")) || slice_equals(disposition, SLICE("deleted"))
      || slice_equals(disposition, SLICE("discarded")))
    return WORD_TEXT(w_discarded);
  return SLICE_NONE;
}

static Slice
_status(const Message *self, const Facts *facts)
{
  guint n = facts_count_nested(facts, RK_DELIVERY), counts[DELIVERY_STATUS_COUNT] = { 0 };
  Slice disposed = _disposition_status(facts);

  for (guint i = 0; i < n; i++)
    counts[_delivery_status(facts_nested(facts, RK_DELIVERY, i))]++;
  if (counts[DS_DEFERRED] && self->n_open)
    return WORD_TEXT(w_deferred);
  if (!n)
    return disposed.len ? disposed : WORD_TEXT(w_unknown);
  if (counts[DS_DELIVERED] == n)
    return WORD_TEXT(w_delivered);
  if (counts[DS_FAILED] == n)
    return WORD_TEXT(w_failed);
  if (counts[DS_DISCARDED] == n)
    return WORD_TEXT(w_discarded);
  if (counts[DS_OTHER] == n)
    return disposed.len && !slice_equals(disposed, WORD_TEXT(w_discarded)) ? disposed : WORD_TEXT(w_unknown);
  return counts[DS_DELIVERED] ? WORD_TEXT(w_partial) : counts[DS_FAILED] ? WORD_TEXT(w_failed) : WORD_TEXT(w_unknown);
}

/* once the queue id is done nothing waits any more: what became of it the log did not say */
static void
_close_deferrals(const Message *self, Facts *facts)
{
  Facts *delivery;

  if (self->n_open || self->state != MS_ENDED)
    return;
  for (guint i = 0; (delivery = facts_nested_at(facts, RK_DELIVERY, i)); i++)
    if (_delivery_status(delivery) == DS_DEFERRED)
      facts_set_text(delivery, F_DELIVERY_STATUS, WORD_TEXT(w_unknown));
}

/* mail that the gateway made itself came over no network; where verdicts are logged, it has none */
static gboolean
_is_own_origin(const Message *self, const Facts *facts)
{
  Slice ip = facts_get_text(facts, F_CLIENT_IP);

  return self->spam_logged && self->arrived && !facts_has(facts, F_SPAM_SKIPPED)
         && (!message_arrived_over_network(self, facts) || slice_equals(ip, SLICE("127.0.0.1"))
             || slice_equals(ip, SLICE("::1")));
}

static Slice
_spam_result(Slice verdict)
{
  if (slice_equals(verdict, SLICE("Unknown")) || slice_equals(verdict, SLICE("NonSpam"))
      || slice_equals(verdict, SLICE("not spam")))
    return WORD_TEXT(w_not_spam);
  if (slice_equals(verdict, SLICE("Confirmed")) || slice_equals(verdict, SLICE("spam")))
    return SLICE("confirmed");
  if (slice_equals(verdict, SLICE("Bulk")) || slice_equals(verdict, SLICE("Suspect")))
    return SLICE("probable");
  return SLICE_NONE;
}

static void
_set_spam(const Message *self, Facts *facts)
{
  Slice verdict = facts_get_text(facts, F_SPAM_VERDICT);

  if (verdict.len)
    {
      facts_remove(facts, F_SPAM_SKIPPED);
      facts_remove(facts, F_SPAM_SKIPPED_DETAIL);
      facts_set_text(facts, F_SPAM_RESULT, _spam_result(verdict));
    }
  else if (_is_own_origin(self, facts))
    facts_set_text(facts, F_SPAM_SKIPPED, WORD_TEXT(w_own_origin));
}

/* a domain for which the gateway has a profile is one of its own */
static gboolean
_has_profile(const Facts *facts, Slice domain)
{
  for (const FactItem *item = facts_get_list(facts, F_WARNINGS); item; item = item->next)
    if (slice_starts_with(item->text, domain)
        && slice_starts_with(slice_skip(item->text, domain.len), SLICE(" profile ")))
      return TRUE;
  return FALSE;
}

static gboolean
_is_local(const Facts *facts, Slice domain, const TrackerOptions *options)
{
  for (gchar **local = options->local_domains; local && *local; local++)
    if (slice_equals(slice_from_string(*local), domain))
      return TRUE;
  return domain.len && _has_profile(facts, domain);
}

static void
_set_direction(const Message *self, Facts *facts, const TrackerOptions *options)
{
  gboolean from_inside = facts_has(facts, F_AUTH_MECHANISM)
                         || (self->arrived && !message_arrived_over_network(self, facts))
                         || _is_local(facts, facts_get_text(facts, F_SENDER_DOMAIN), options);
  const FactItem *item = facts_get_list(facts, F_RECIPIENT_DOMAINS);
  gboolean all_local = item != NULL;

  for (; item && all_local; item = item->next)
    all_local = _is_local(facts, item->text, options);
  if (all_local)
    facts_set_text(facts, F_DIRECTION, from_inside ? WORD_TEXT(w_internal) : WORD_TEXT(w_inbound));
  else
    facts_set_text(facts, F_DIRECTION, from_inside ? WORD_TEXT(w_outbound) : WORD_TEXT(w_unknown));
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
_set_missing(const Message *self, Facts *facts)
{
  if (self->state != MS_ENDED)
    return;
  if (!self->arrived)
    facts_append(facts, F_MISSING, SLICE("arrival"));
  if (self->awaits_child)
    facts_append(facts, F_MISSING, SLICE("scan"));
  if (_lacks_completion(self))
    facts_append(facts, F_MISSING, SLICE("completion"));
}

static gint
_compare_slices(Slice a, Slice b)
{
  gint order = memcmp(a.len ? a.str : "", b.len ? b.str : "", MIN(a.len, b.len));
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

static gint64
_usec(const Facts *facts, FieldId time)
{
  return facts_has(facts, time) ? stamp_to_utc_usec(&facts_at(facts, time)->stamp) : 0;
}

static gint
_compare_by(const Facts *x, const Facts *y, FieldId time, FieldId queue_id, FieldId address)
{
  gint64 difference = _usec(x, time) - _usec(y, time);

  if (difference)
    return difference > 0 ? 1 : -1;
  gint order = _compare_slices(facts_get_text(x, queue_id), facts_get_text(y, queue_id));
  return order ? order : _compare_slices(facts_get_text(x, address), facts_get_text(y, address));
}

static gint
_compare_deliveries(const Facts *a, const Facts *b)
{
  return _compare_by(a, b, F_DELIVERY_TIME, F_DELIVERY_QUEUE_ID, F_DELIVERY_RECIPIENT);
}

static gint
_compare_scans(const Facts *a, const Facts *b)
{
  return _compare_by(a, b, F_SCAN_TIME, F_SCAN_QUEUE_ID, F_SCAN_SENDER);
}

static void
_set_state(const Message *self, Facts *facts)
{
  facts_set_number(facts, F_REVISION, self->revision);
  facts_set_number(facts, F_FINAL, self->state == MS_ENDED);
  if (self->state == MS_ENDED)
    facts_set_text(facts, F_END_REASON, end_reason_text(self->end_reason));
  facts_set_number(facts, F_LINES, self->lines);
  if (self->n_omitted)
    facts_set_number(facts, F_RECIPIENTS_OMITTED, self->n_omitted);
}

static gboolean
_is_made_by(const Facts *scan, const Facts *maker)
{
  return slice_equals(facts_get_text(scan, F_SCAN_PARENT), facts_get_text(maker, F_SCAN_QUEUE_ID));
}

/* passes that began with an id which a pass had made */
static void
_count_requeues(const Message *self, Facts *facts)
{
  guint n = facts_count_nested(facts, RK_SCAN), requeues = 0;
  KnownTexts made;

  if (!n)
    return;
  if (n == 1)
    {
      const Facts *scan = facts_nested(facts, RK_SCAN, 0);

      facts_set_number(facts, F_REQUEUES, _is_made_by(scan, scan));
      return;
    }
  known_texts_init(&made, self->host->seed);
  for (guint i = 0; i < n; i++)
    known_texts_add(&made, facts_get_text(facts_nested(facts, RK_SCAN, i), F_SCAN_QUEUE_ID));
  for (guint i = 0; i < n; i++)
    requeues += known_texts_has(&made, facts_get_text(facts_nested(facts, RK_SCAN, i), F_SCAN_PARENT));
  facts_set_number(facts, F_REQUEUES, requeues);
  known_texts_release(&made);
}

/* of the last pass that tells it, whatever order the lines came in */
static void
_set_disposition(Facts *facts)
{
  static const FieldId copied[][2] = { { F_SCAN_DISPOSITION, F_DISPOSITION }, { F_SCAN_REASON, F_REASON },
    { F_SCAN_REASON_DETAIL, F_REASON_DETAIL } };
  const Facts *scan, *last = NULL;

  for (guint i = 0; (scan = facts_nested(facts, RK_SCAN, i)); i++)
    {
      if (facts_has(scan, F_SCAN_DISPOSITION))
        last = scan;
      if (facts_has(scan, F_SCAN_SIZE))
        facts_set_number(facts, F_SCANNED_SIZE, facts_at(scan, F_SCAN_SIZE)->number);
    }
  for (guint i = 0; last && i < G_N_ELEMENTS(copied); i++)
    facts_set_text(facts, copied[i][1], facts_get_text(last, copied[i][0]));
}

Summary *
message_summarize(const Message *self, const TrackerOptions *options, SummaryQueue *out)
{
  Facts *facts = facts_new_from(self->record, self->offset_sec, ROOM, &out->spare);

  _set_identity(self, facts);
  _set_state(self, facts);
  _set_times(self, facts);
  facts_sort_nested(facts, RK_SCAN, _compare_scans);
  _count_requeues(self, facts);
  _set_disposition(facts);
  _set_sender(self, facts);
  message_set_recipients(self, facts);
  if (self->state == MS_ENDED)
    message_add_missing_deliveries(self, facts, _disposition_status(facts));
  _close_deferrals(self, facts);
  facts_set_text(facts, F_STATUS, _status(self, facts));
  message_set_tls(self, facts, options->tls_policy);
  message_set_dkim(self, facts);
  _set_spam(self, facts);
  _set_direction(self, facts, options);
  _set_missing(self, facts);
  facts_sort_nested(facts, RK_DELIVERY, _compare_deliveries);
  return summary_add(facts, self->end_reason, out);
}
