/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* two messages that a line shows to be one: the facts of both in one */
#include "message.h"
#include "host.h"

/* behind the values, which ask whether they are known */
static void
_take_known(Message *self, const Message *other)
{
  guint32 cursor = 0;
  guint64 hash;

  while (u64_set_next(&other->known, &cursor, &hash) && self->lines < LINES_REMEMBERED_MAX)
    u64_set_add(&self->known, hash, self->record->blocks);
  self->lines += other->lines;
  self->n_scan_recipients += other->n_scan_recipients;
}

void
message_take_value(Message *self, const Record *from, guint32 at, const TrackerOptions *options)
{
  FieldId id = (FieldId) from->values[at];
  RecordValue value;

  if (id != F_RECIPIENTS && id != F_WARNINGS && id != F_RAW)
    {
      record_take_value(self->record, from, at);
      return;
    }
  record_next(from, &at, &value);
  if (id == F_RECIPIENTS)
    message_add_recipient(self, value.text, options);
  else if (id == F_WARNINGS)
    record_add_warning(self->record, value.text, &self->known, self->host->hash_key);
  else
    record_append_text(self->record, F_RAW, value.text);
}

static void
_take_values(Message *self, const Message *other, const TrackerOptions *options)
{
  guint32 cursor = 0, at;
  FieldId id;

  while (record_next_id(other->record, &cursor, &at, &id))
    message_take_value(self, other->record, at, options);
}

static void
_take_nested(Message *self, const Message *other, const TrackerOptions *options)
{
  Record *nested;

  for (guint i = 0; (nested = record_nested(other->record, RK_DELIVERY, i)); i++)
    message_take_delivery(self, nested, options);
  for (guint i = 0; (nested = record_nested(other->record, RK_SCAN, i)); i++)
    record_take_values(message_scan(self, record_get_text(nested, F_SCAN_QUEUE_ID)), nested);
  for (guint i = 0; (nested = record_nested(other->record, RK_DKIM, i)); i++)
    message_take_signature(self, nested);
}

static guint32
_earlier(guint32 a, guint32 b)
{
  return a && b ? MIN(a, b) : MAX(a, b);
}

static void
_take_times(Message *self, const Message *other)
{
  stamp_keep_earliest(&self->arrival, &other->arrival);
  stamp_keep_latest(&self->completed, &other->completed);
  self->scan_begin = _earlier(self->scan_begin, other->scan_begin);
  self->first_attempt = _earlier(self->first_attempt, other->first_attempt);
  self->scan_end = MAX(self->scan_end, other->scan_end);
  self->last_delivery = MAX(self->last_delivery, other->last_delivery);
}

void
message_absorb(Message *self, Message *other, const TrackerOptions *options)
{
  message_adopt_ids(self, other);
  _take_values(self, other, options);
  _take_nested(self, other, options);
  _take_known(self, other);
  _take_times(self, other);
  self->arrived |= other->arrived;
  self->arrival_is_cut |= other->arrival_is_cut;
  self->envelope_known |= other->envelope_known;
  self->is_frozen |= other->is_frozen;
  self->n_omitted += other->n_omitted;
  self->n_bounces = (guint16) MIN(self->n_bounces + other->n_bounces, G_MAXUINT16);
  self->bytes = MIN(self->bytes, G_MAXUINT32 - other->bytes) + other->bytes;
}
