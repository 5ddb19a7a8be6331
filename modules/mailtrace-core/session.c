/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host.h"

#define REFUSALS_MAX 1000

Session *
session_new(Host *host, const Frame *first)
{
  Session *self = g_new0(Session, 1);

  self->link.data = self;
  self->host = host;
  self->pid = first->pid;
  self->key = host_process_key(host, first->node, first->pid);
  self->node = first->node.len ? slice_dup(first->node) : NULL;
  self->first = self->last = first->stamp;
  self->record = record_new(RK_SESSION);
  self->upcoming = record_new(RK_MESSAGE);
  return self;
}

void
session_free(Session *self)
{
  if (self->last_message)
    self->last_message->session = NULL;
  record_free(self->record);
  record_free(self->upcoming);
  u64_set_release(&self->known);
  u64_set_release(&self->upcoming_known);
  g_free(self->node);
  g_free(self);
}

gboolean
session_see(Session *self, guint64 line_hash, const Stamp *stamp)
{
  if (self->lines < LINES_REMEMBERED_MAX && !u64_set_add(&self->known, line_hash))
    return FALSE;
  self->lines++;
  self->last = *stamp;
  return TRUE;
}

gboolean
session_is_foreign(const Session *self, const Line *line)
{
  Slice ip = line_get(line, F_CLIENT_IP), port = line_get(line, F_CLIENT_PORT);
  Slice known = record_get_text(self->record, F_CLIENT_IP);
  gint64 number, known_port = record_get_integer(self->record, F_CLIENT_PORT, -1);

  if (ip.len && !known.len)
    return self->local;
  if (!ip.len || !known.len)
    return FALSE;
  return !slice_equals(ip, known) || (known_port >= 0 && slice_to_int(port, &number) && number != known_port);
}

static void
_add_recipient(Session *self, Slice recipient, const TrackerOptions *options)
{
  if (!recipient.str || u64_set_count(&self->upcoming_known) > options->max_recipients)
    return;
  if (u64_set_add(&self->upcoming_known, slice_hash(recipient, options->hash_seed + F_RECIPIENTS)))
    record_append_text(self->upcoming, F_RECIPIENTS, recipient);
}

void
session_merge_line(Session *self, const Line *line, const TrackerOptions *options)
{
  FieldId except = line->role == LR_ENVELOPE ? F_SENDER : FIELD_COUNT;

  self->upcoming_lines++;
  if (self->bytes > options->max_message_bytes)
    return;
  for (guint i = 0; i < line->n_fields; i++)
    self->bytes += line->fields[i].value.len;
  record_merge_line(self->record, line, FIELD_COUNT);
  if (line->role != LR_REFUSAL)
    record_merge_line(self->upcoming, line, except);
  record_merge_warnings(self->record, line, &self->known, options->hash_seed);
  record_merge_warnings(self->upcoming, line, &self->upcoming_known, options->hash_seed);
  if (line->role == LR_ENVELOPE)
    _add_recipient(self, line_get(line, F_RECIPIENT), options);
}

static gboolean
_same_refusal(const Record *a, const Record *b)
{
  return slice_equals(record_get_text(a, F_REFUSAL_SENDER), record_get_text(b, F_REFUSAL_SENDER))
         && slice_equals(record_get_text(a, F_REFUSAL_RECIPIENT), record_get_text(b, F_REFUSAL_RECIPIENT));
}

static gboolean
_is_event(const Record *refusal)
{
  return record_has(refusal, F_REFUSAL_FILTER_REASON) && !record_has(refusal, F_REFUSAL_TEXT);
}

/* the filter's event and Exim's line about the same refusal, whichever came first */
static Record *
_twin(const Session *self, const Record *refusal)
{
  guint n = record_count_nested(self->record, RK_REFUSAL);
  Record *last = n ? record_nested(self->record, RK_REFUSAL, n - 1) : NULL;
  RecordValue a, b;

  if (!last || _is_event(last) == _is_event(refusal) || !_same_refusal(last, refusal)
      || record_has(last, F_REFUSAL_FILTER_REASON) == record_has(refusal, F_REFUSAL_FILTER_REASON))
    return NULL;
  return record_get(last, F_REFUSAL_TIME, &a) && record_get(refusal, F_REFUSAL_TIME, &b)
         && a.stamp.local_usec / STAMP_USEC == b.stamp.local_usec / STAMP_USEC ? last : NULL;
}

static void
_fill_refusal(Record *refusal, const Line *line, const Frame *frame)
{
  record_merge_line(refusal, line, FIELD_COUNT);
  /* the filter knows its reason better than a text tells */
  if (line_get(line, F_REFUSAL_FILTER_REASON).len)
    record_replace_text(refusal, F_REFUSAL_REASON, line_get(line, F_REFUSAL_REASON));
  record_set_time(refusal, F_REFUSAL_TIME, frame->stamp);
  if (line->queue_id.len)
    record_set_text(refusal, F_REFUSAL_QUEUE_ID, line->queue_id);
}

void
session_add_refusal(Session *self, const Line *line, const Frame *frame)
{
  guint n = record_count_nested(self->record, RK_REFUSAL);
  Record *refusal = record_new(RK_REFUSAL);

  self->local |= line->local;
  _fill_refusal(refusal, line, frame);
  Record *target = _twin(self, refusal);
  record_free(refusal);
  if (!target && n >= REFUSALS_MAX)
    return;
  _fill_refusal(target ? target : record_add(self->record, RK_REFUSAL), line, frame);
}

void
session_add_lost_id(Session *self, Slice queue_id, const Stamp *stamp)
{
  guint n = record_count_nested(self->record, RK_REFUSAL);

  for (guint i = 0; i < n; i++)
    if (slice_equals(record_get_text(record_nested(self->record, RK_REFUSAL, i), F_REFUSAL_QUEUE_ID), queue_id))
      return;
  if (n >= REFUSALS_MAX)
    return;
  Record *refusal = record_add(self->record, RK_REFUSAL);
  record_set_text(refusal, F_REFUSAL_STAGE, SLICE("data"));
  record_set_text(refusal, F_REFUSAL_QUEUE_ID, queue_id);
  record_set_time(refusal, F_REFUSAL_TIME, *stamp);
}

void
session_take_lines(Session *self, const Message *message)
{
  guint32 cursor = 0;
  RecordValue value;

  while (record_next(message->record, &cursor, &value))
    if (value.id == F_RAW)
      record_append_text(self->record, F_RAW, value.text);
}

void
session_forget_upcoming(Session *self)
{
  record_free(self->upcoming);
  self->upcoming = record_new(RK_MESSAGE);
  u64_set_release(&self->upcoming_known);
  self->upcoming_lines = 0;
}

static void
_copy_values(const Record *from, gboolean with_lists, Message *to, const TrackerOptions *options)
{
  guint32 cursor = 0;
  RecordValue value;

  while (record_next(from, &cursor, &value))
    if ((with_lists || value.type != FT_LIST) && (field_get(value.id)->records & (1u << to->record->kind)))
      message_take_value(to, &value, options);
}

/* the session's lines came before those that name the queue id */
static void
_copy_lines_in_front(const Record *upcoming, Record *record)
{
  Record *own = record_copy(record);
  RecordValue value;
  guint32 cursor = 0;

  record_remove(record, F_RAW);
  while (record_next(upcoming, &cursor, &value))
    if (value.id == F_RAW)
      record_append_text(record, F_RAW, value.text);
  for (cursor = 0; record_next(own, &cursor, &value);)
    if (value.id == F_RAW)
      record_append_text(record, F_RAW, value.text);
  record_free(own);
}

void
session_hand_over(Session *self, Message *message, const TrackerOptions *options)
{
  if (options->keep_raw)
    _copy_lines_in_front(self->upcoming, message->record);
  record_remove(self->upcoming, F_RAW);
  message->envelope_known |= record_has(self->upcoming, F_RECIPIENTS);
  _copy_values(self->upcoming, TRUE, message, options);
  _copy_values(self->record, FALSE, message, options);
  message->lines += self->upcoming_lines;
  if (self->connected_counted && self->n_accepted == 0)
    message->lines++;
  session_forget_upcoming(self);
  self->n_accepted++;
  if (self->last_message)
    self->last_message->session = NULL;
  self->last_message = message;
  message->session = self;
}

gboolean
session_wants_document(const Session *self)
{
  gboolean seen_from_the_start = self->connected_counted || self->lines > 1;

  return (self->n_accepted == 0 && seen_from_the_start && record_has(self->record, F_CLIENT_IP))
         || record_count_nested(self->record, RK_REFUSAL) > 0;
}
