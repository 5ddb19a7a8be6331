/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "message.h"
#include "host.h"
#include "lower.h"

#define DOMAIN_MAX 256

Message *
message_new(Host *host, RecordKind kind)
{
  Message *self = pool_take(&host->shared->messages);

  self->link.data = self;
  self->interim_link.data = self;
  self->host = host;
  record_init(self->record, kind, &host->shared->blocks);
  self->generation = 1;
  self->offset_sec = STAMP_OFFSET_UNKNOWN;
  return self;
}

void
message_free(Message *self)
{
  record_release(self->record);
  u64_set_release(&self->known, self->record->blocks);
  u64_map_release(&self->deliveries, self->record->blocks);
  pool_give(&self->host->shared->messages, self);
}

gboolean
message_see(Message *self, guint64 line_hash)
{
  if (self->lines < LINES_REMEMBERED_MAX && !u64_set_add(&self->known, line_hash, self->record->blocks))
    return FALSE;
  self->lines++;
  return TRUE;
}

guint32
message_second(const Message *self, const Stamp *stamp)
{
  gint32 offset_sec = stamp_has_offset(stamp) ? stamp->offset_sec : self->offset_sec;
  gint64 second = stamp->local_usec / STAMP_USEC - offset_sec;

  return (guint32) CLAMP(second, 1, (gint64) G_MAXUINT32);
}

static gboolean
_is_before(const IdEntry *a, const IdEntry *b)
{
  gint order = memcmp(a->id, b->id, MIN(a->len, b->len));

  return a->scanned != b->scanned ? b->scanned : order ? order < 0 : a->len < b->len;
}

/* its place is at or behind the one given */
static void
_insert_id_behind(Message *self, IdEntry **at, IdEntry *entry)
{
  if (self->last_id && !_is_before(entry, self->last_id))
    at = &self->last_id->next;
  while (*at && !_is_before(entry, *at))
    at = &(*at)->next;
  entry->next = *at;
  *at = entry;
  if (!entry->next)
    self->last_id = entry;
}

static void
_insert_id(Message *self, IdEntry *entry)
{
  _insert_id_behind(self, &self->first_id, entry);
}

static void
_remove_id(Message *self, IdEntry *entry)
{
  IdEntry **at = &self->first_id, *before = NULL;

  for (; *at != entry; at = &(*at)->next)
    before = *at;
  *at = entry->next;
  if (self->last_id == entry)
    self->last_id = before;
}

static void
_count_id(Message *self, IdEntry *entry)
{
  entry->message = self;
  self->n_ids++;
  self->n_open += entry->open;
  self->n_superseded += entry->open && entry->superseded;
}

/* both are in order: one pass */
void
message_adopt_ids(Message *self, Message *other)
{
  IdEntry **at = &self->first_id;

  for (IdEntry *entry = other->first_id, *next; entry; entry = next)
    {
      next = entry->next;
      _count_id(self, entry);
      _insert_id_behind(self, at, entry);
      at = &entry->next;
    }
  other->first_id = other->last_id = NULL;
  other->n_ids = 0;
}

void
message_add_id(Message *self, IdEntry *entry)
{
  entry->open = TRUE;
  _count_id(self, entry);
  _insert_id(self, entry);
}

void
message_sort_id(Message *self, IdEntry *entry)
{
  _remove_id(self, entry);
  _insert_id(self, entry);
}

void
message_close_id(Message *self, IdEntry *entry)
{
  if (!entry->open)
    return;
  entry->open = FALSE;
  self->n_open--;
  self->n_superseded -= entry->superseded;
}

/* an id that the scanner made says nothing more once it is scanned again; one made on arrival still says Completed */
void
message_supersede_id(Message *self, IdEntry *entry)
{
  if (entry->scanned)
    message_close_id(self, entry);
  else if (entry->open && !entry->superseded)
    {
      entry->superseded = TRUE;
      self->n_superseded++;
    }
}

gboolean
message_add_recipient(Message *self, Slice address, const TrackerOptions *options)
{
  if (self->n_recipients >= options->max_recipients)
    {
      self->n_omitted++;
      return FALSE;
    }
  if (!u64_set_add(&self->known, hash_text(self->host->hash_key, address, F_RECIPIENTS), self->record->blocks))
    return FALSE;
  record_append_text(self->record, F_RECIPIENTS, address);
  self->n_recipients++;
  return TRUE;
}

void
record_set_domain(Record *record, FieldId id, Slice address)
{
  gssize at = slice_find_last_char(address, '@');
  gchar small[DOMAIN_MAX], *lower = small;

  if (at < 0)
    return;
  Slice domain = slice_skip(address, (gsize) at + 1);
  if (!lower_has_work(domain))
    {
      record_set_text(record, id, domain);
      return;
    }
  if (domain.len > DOMAIN_MAX)
    lower = g_malloc(domain.len);
  lower_copy(lower, domain);
  record_set_text(record, id, slice_new(lower, domain.len));
  if (lower != small)
    g_free(lower);
}

static gboolean
_is_deferred(const Record *delivery)
{
  return slice_equals(record_get_text(delivery, F_DELIVERY_STATUS), SLICE("deferred"));
}

static void
_fill_delivery(Record *delivery, const Line *line, const Stamp *stamp, Slice final, Slice original)
{
  RecordRoom room;

  record_enter(delivery, &room);
  record_merge_line(delivery, line, 0, NULL);
  if (slice_equals(final, original))
    record_remove(delivery, F_DELIVERY_ORIGINAL_RECIPIENT);
  /* without its end a line does not tell that there was no TLS: without an address nobody asks */
  if (line->is_cut && !record_has(delivery, F_DELIVERY_TLS_VERSION))
    record_remove(delivery, F_DELIVERY_IP);
  record_set_domain(delivery, F_DELIVERY_DOMAIN, slice_find_last_char(final, '@') >= 0 ? final : original);
  record_set_text(delivery, F_DELIVERY_QUEUE_ID, line->queue_id);
  if (line->role != LR_NOTE)
    record_set_integer(delivery, F_DELIVERY_ATTEMPTS, 1);
  record_set_time(delivery, F_DELIVERY_TIME, *stamp);
  if (line->pid)
    record_set_integer(delivery, F_DELIVERY_PID, line->pid);
  record_leave(delivery, &room);
}

static gint64
_delivery_usec(const Record *delivery)
{
  RecordValue value;

  return record_get(delivery, F_DELIVERY_TIME, &value) ? stamp_to_utc_usec(&value.stamp) : 0;
}

/* lines of several processes come in any order: what was logged last counts.  A deferral came before the outcome,
 * whatever its stamp says, one of the envelope's recipient before what routing made of it, and what an administrator
 * says about a delivered address changes nothing. */
static gboolean
_replaces(const Record *new, const Record *old)
{
  gint64 difference = _delivery_usec(new) - _delivery_usec(old);

  if (!record_has(old, F_DELIVERY_STATUS))
    return TRUE;
  if (!record_has(new, F_DELIVERY_ATTEMPTS))
    return _is_deferred(old);
  if (!record_has(old, F_DELIVERY_ATTEMPTS) && !_is_deferred(new))
    return TRUE;
  if (_is_deferred(new) != _is_deferred(old))
    return _is_deferred(old);
  if (_is_deferred(new) && record_has(old, F_DELIVERY_ORIGINAL_RECIPIENT)
      && !record_has(new, F_DELIVERY_ORIGINAL_RECIPIENT))
    return FALSE;
  return difference >= 0;
}

/* empties the other record */
static void
_add_attempts(Record *delivery, Record *other)
{
  gint64 attempts = record_get_integer(delivery, F_DELIVERY_ATTEMPTS, 0)
                    + record_get_integer(other, F_DELIVERY_ATTEMPTS, 0);

  if (_replaces(other, delivery))
    record_swap_values(delivery, other);
  record_remove(delivery, F_DELIVERY_ATTEMPTS);
  if (attempts)
    record_set_integer(delivery, F_DELIVERY_ATTEMPTS, attempts);
}

typedef struct _DeliveryKey
{
  guint64 own;       /* of original and final recipient */
  guint64 routed;    /* the same while only the original one was known */
} DeliveryKey;

static DeliveryKey
_delivery_key(const Message *self, Slice final, Slice original)
{
  const HashKey *key = self->host->hash_key;
  guint64 envelope = hash_text(key, original.len ? original : final, F_DELIVERY_ORIGINAL_RECIPIENT);
  guint64 routed = hash_words(key, (guint64[]) { envelope, envelope }, 2);

  if (!original.len)
    return (DeliveryKey) { routed, routed };
  guint64 own = hash_text(key, final, F_DELIVERY_ORIGINAL_RECIPIENT);
  return (DeliveryKey) { hash_words(key, (guint64[]) { envelope, own }, 2), routed };
}

/* a deferral while routing knows only the envelope's recipient; the delivery names what became of it */
static Record *
_find_delivery(Message *self, const DeliveryKey *key)
{
  guint32 index;

  if (u64_map_get(&self->deliveries, key->own, &index))
    return record_nested(self->record, RK_DELIVERY, index);
  if (key->own == key->routed || !u64_map_get(&self->deliveries, key->routed, &index))
    return NULL;
  Record *routed = record_nested(self->record, RK_DELIVERY, index);
  if (!_is_deferred(routed) || record_has(routed, F_DELIVERY_ORIGINAL_RECIPIENT))
    return NULL;
  u64_map_insert(&self->deliveries, key->own, &index, self->record->blocks);
  return routed;
}

static Record *
_new_delivery(Message *self, const DeliveryKey *key, const TrackerOptions *options)
{
  guint32 index = record_count_nested(self->record, RK_DELIVERY);

  if (index >= options->max_recipients)
    {
      self->n_omitted += self->n_recipients == 0;
      return NULL;
    }
  u64_map_insert(&self->deliveries, key->own, &index, self->record->blocks);
  if (key->routed != key->own)
    u64_map_insert(&self->deliveries, key->routed, &index, self->record->blocks);
  return record_add(self->record, RK_DELIVERY);
}

static void
_note_times(Message *self, const Line *line, const Stamp *stamp)
{
  guint32 second = message_second(self, stamp);

  if (line->role != LR_NOTE)
    self->first_attempt = self->first_attempt ? MIN(self->first_attempt, second) : second;
  if (line->role == LR_DELIVERY)
    self->last_delivery = MAX(self->last_delivery, second);
}

static gboolean
_is_idle_note(const Record *delivery, const Line *line)
{
  return line->role == LR_NOTE && record_has(delivery, F_DELIVERY_STATUS) && !_is_deferred(delivery);
}

gboolean
message_deliver(Message *self, const Line *line, const Stamp *stamp, const TrackerOptions *options)
{
  Slice final = line_get(line, F_DELIVERY_RECIPIENT);
  Slice original = line_get(line, F_DELIVERY_ORIGINAL_RECIPIENT);
  DeliveryKey key = _delivery_key(self, final, original);
  Record *delivery = final.str ? _find_delivery(self, &key) : NULL, *attempt;

  if (!final.str || (delivery && _is_idle_note(delivery, line))
      || (!delivery && !(delivery = _new_delivery(self, &key, options))))
    return FALSE;
  self->n_deferred -= _is_deferred(delivery);
  attempt = record_has(delivery, F_DELIVERY_STATUS) ? record_new(RK_DELIVERY) : delivery;
  _fill_delivery(attempt, line, stamp, final, original);
  if (attempt != delivery)
    {
      _add_attempts(delivery, attempt);
      record_free(attempt);
    }
  self->n_deferred += _is_deferred(delivery);
  _note_times(self, line, stamp);
  return TRUE;
}

void
message_take_delivery(Message *self, Record *taken, const TrackerOptions *options)
{
  Slice final = record_get_text(taken, F_DELIVERY_RECIPIENT);
  Slice original = record_get_text(taken, F_DELIVERY_ORIGINAL_RECIPIENT);
  DeliveryKey key = _delivery_key(self, final, original);
  Record *delivery = _find_delivery(self, &key);

  if (!delivery && !(delivery = _new_delivery(self, &key, options)))
    return;
  self->n_deferred -= _is_deferred(delivery);
  _add_attempts(delivery, taken);
  self->n_deferred += _is_deferred(delivery);
}

Record *
message_scan(Message *self, Slice queue_id)
{
  Record *scan;

  for (guint i = 0; (scan = record_nested(self->record, RK_SCAN, i)); i++)
    if (slice_equals(record_get_text(scan, F_SCAN_QUEUE_ID), queue_id))
      return scan;
  return record_add(self->record, RK_SCAN);
}

#define SIGNATURES_MAX 1000

static gboolean
_knows_signature(const Message *self, const Record *signature)
{
  guint n = record_count_nested(self->record, RK_DKIM);
  gboolean known = n >= SIGNATURES_MAX;

  for (guint i = 0; i < n && !known; i++)
    known = record_values_equal(signature, record_nested(self->record, RK_DKIM, i));
  return known;
}

gboolean
message_sign(Message *self, const Line *line)
{
  Record signature[1];
  RecordRoom room;
  gboolean known;

  record_init(signature, RK_DKIM, self->record->blocks);
  record_enter(signature, &room);
  record_merge_line(signature, line, 0, NULL);
  record_leave(signature, &room);
  known = _knows_signature(self, signature);
  if (!known)
    record_swap_values(record_add(self->record, RK_DKIM), signature);
  record_release(signature);
  return !known;
}

void
message_take_signature(Message *self, const Record *signature)
{
  if (!_knows_signature(self, signature))
    record_take_values(record_add(self->record, RK_DKIM), signature);
}

gboolean
message_sign_on_arrival(Message *self, const Line *line)
{
  Slice domain = line_get(line, F_DKIM_DOMAIN);
  Record *signature;

  if (!domain.len)
    return FALSE;
  for (guint i = 0; (signature = record_nested(self->record, RK_DKIM, i)); i++)
    if (slice_equals(record_get_text(signature, F_DKIM_DOMAIN), domain)
        && slice_equals(record_get_text(signature, F_DKIM_SIGNATURE_RESULT), SLICE("pass")))
      return FALSE;
  return message_sign(self, line);
}

gboolean
message_all_final(const Message *self)
{
  return self->n_recipients && !self->is_frozen && record_count_nested(self->record, RK_DELIVERY) >= self->n_recipients
         && self->n_deferred == 0;
}
