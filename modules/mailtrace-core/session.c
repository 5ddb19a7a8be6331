/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host.h"
#include "record-packed.h"

#define REFUSALS_MAX 1000

/*
 * What lines without a queue id tell is kept as they tell it, and merged when somebody asks: most sessions end without
 * a document, and with all of it handed over to one message.  It is values in order, with marks between them: those
 * behind MARK_SESSION are the session's alone, those behind MARK_BOTH also of the message that arrives next.
 */
#define MARK_BOTH F_ROLE
#define MARK_SESSION F_SHAPE
#define TOLD_BYTES 440   /* by most sessions, or less */

/* it holds fields of lines, messages and sessions */
static void
_clear_told(Session *self)
{
  record_init(self->told, RK_MESSAGE, &self->host->shared->blocks);
  self->client_ip_at = 0;
  self->mark = MARK_BOTH;
}

Session *
session_new(Host *host, const Stamp *first)
{
  Session *self = pool_take(&host->shared->sessions);

  self->link.data = self;
  self->host = host;
  self->first = self->last = *first;
  record_init(self->record, RK_SESSION, &host->shared->blocks);
  _clear_told(self);
  self->upcoming_mark = MARK_BOTH;
  self->client_port = -1;
  return self;
}

void
session_free(Session *self)
{
  if (self->last_message)
    self->last_message->session = NULL;
  record_release(self->record);
  record_release(self->told);
  u64_set_release(&self->known, self->record->blocks);
  if (self->node)
    g_free(self->node);
  pool_give(&self->host->shared->sessions, self);
}

gboolean
session_see(Session *self, guint64 line_hash, const Stamp *stamp)
{
  if (self->lines < LINES_REMEMBERED_MAX && !u64_set_add(&self->known, line_hash, self->record->blocks))
    return FALSE;
  self->lines++;
  self->last = *stamp;
  return TRUE;
}

Slice
session_client_ip(const Session *self)
{
  guint32 at = self->client_ip_at - 1;
  RecordValue value;

  if (!self->client_ip_at || !record_next(self->told, &at, &value))
    return record_get_text(self->record, F_CLIENT_IP);
  return value.text;
}

/* the first client that its lines tell is the session's */
static void
_note_client(Session *self, FieldId id, Slice value)
{
  gint64 port;

  if (id == F_CLIENT_IP && !self->client_ip_at && !record_has(self->record, F_CLIENT_IP))
    self->client_ip_at = self->told->len + 1;
  else if (id == F_CLIENT_PORT && self->client_port < 0 && slice_to_int(value, &port))
    self->client_port = port;
}

gboolean
session_is_foreign(const Session *self, const Line *line)
{
  Slice ip = line_get(line, F_CLIENT_IP), known = session_client_ip(self);
  gint64 port;

  if (ip.len && !known.len)
    return self->local;
  if (!ip.len || !known.len)
    return FALSE;
  if (!slice_equals(ip, known))
    return TRUE;
  return self->client_port >= 0 && slice_to_int(line_get(line, F_CLIENT_PORT), &port) && port != self->client_port;
}

static void
_mark(Session *self, FieldId mark)
{
  if (!self->told->size)
    record_reserve(self->told, TOLD_BYTES);
  if (self->mark != mark)
    record_append_text(self->told, mark, SLICE(""));
  self->mark = mark;
}

static gboolean
_is_noted(const Line *line, FieldId id, guint kinds)
{
  if (id == F_RECIPIENTS || (id == F_SENDER && line->role == LR_ENVELOPE) || (id == F_WARNINGS && line->queue_id.len))
    return FALSE;
  return (field_get(id)->records & kinds) != 0;
}

static void
_note_fields(Session *self, const Line *line, FieldId mark)
{
  guint kinds = 1u << RK_SESSION | (mark == MARK_BOTH ? 1u << RK_MESSAGE : 0);
  const LineField *end = line->fields + line->n_fields;

  _mark(self, mark);
  for (const LineField *field = line->fields; field < end; field++)
    if (_is_noted(line, field->id, kinds))
      {
        self->n_listed += field->id == F_WARNINGS;
        _note_client(self, field->id, field->value);
        record_append_field(self->told, field);
      }
}

void
session_note_refused(Session *self, const Line *line)
{
  _note_fields(self, line, MARK_SESSION);
}

void
session_note_client(Session *self, Slice ip, Slice port)
{
  gint64 number;

  _mark(self, MARK_SESSION);
  _note_client(self, F_CLIENT_IP, ip);
  _note_client(self, F_CLIENT_PORT, port);
  record_append_text(self->told, F_CLIENT_IP, ip);
  if (slice_to_int(port, &number))
    record_append_integer(self->told, F_CLIENT_PORT, number);
}

void
session_note_connection(Session *self, const Connection *connection)
{
  self->connected = connection->stamp;
  self->connection_count = connection->count;
}

static void
_tell_connection(const Session *self, Record *record)
{
  if (!self->connected.local_usec)
    return;
  record_set_time(record, F_CLIENT_CONNECTED, self->connected);
  if (self->connection_count)
    record_set_integer(record, F_CLIENT_CONNECTION_COUNT, self->connection_count);
}

void
session_note_raw(Session *self, Slice raw)
{
  _mark(self, MARK_BOTH);
  record_append_text(self->told, F_RAW, raw);
}

void
session_merge_line(Session *self, const Line *line, const TrackerOptions *options)
{
  Slice recipient;

  self->upcoming_lines++;
  if (self->bytes > options->max_message_bytes)
    return;
  for (guint i = 0; i < line->n_fields; i++)
    self->bytes += line->fields[i].value.len;
  _note_fields(self, line, line->role == LR_REFUSAL ? MARK_SESSION : MARK_BOTH);
  if (line->role != LR_ENVELOPE || !(recipient = line_get(line, F_RECIPIENT)).str)
    return;
  self->n_listed++;
  record_append_text(self->told, F_RECIPIENTS, recipient);
}

void
session_merge_only_line(Session *self, const Line *line, const TrackerOptions *options)
{
  RecordRoom room;

  if (line_may_have(line, F_WARNINGS))
    {
      session_merge_line(self, line, options);
      return;
    }
  record_enter(self->record, &room);
  record_merge_line(self->record, line, 0, NULL);
  record_leave(self->record, &room);
}

/* all that was told, by the merge rules */
static void
_fold_told(Session *self)
{
  guint32 cursor = 0, at, value_at;
  RecordValue value;
  RecordRoom room;
  FieldId id;

  record_enter(self->record, &room);
  _tell_connection(self, self->record);
  while (record_next_id(self->told, &cursor, &at, &id))
    {
      value_at = at;
      if (!(field_get(id)->records & (1u << RK_SESSION)))
        continue;
      if (id != F_WARNINGS && id != F_RAW)
        record_take_value(self->record, self->told, at);
      else if (record_next(self->told, &value_at, &value) && id == F_RAW)
        record_append_text(self->record, id, value.text);
      else
        record_add_warning(self->record, value.text, &self->known, self->host->hash_key);
    }
  record_leave(self->record, &room);
  record_release(self->told);
  _clear_told(self);
}

void
session_fold(Session *self)
{
  if (self->told->len || self->connected.local_usec)
    _fold_told(self);
  session_forget_upcoming(self);
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
_fill_refusal(Record *refusal, const Line *line, const Stamp *stamp)
{
  record_merge_line(refusal, line, 0, NULL);
  /* the filter knows its reason better than a text tells */
  if (line_get(line, F_REFUSAL_FILTER_REASON).len)
    record_replace_text(refusal, F_REFUSAL_REASON, line_get(line, F_REFUSAL_REASON));
  record_set_time(refusal, F_REFUSAL_TIME, *stamp);
  if (line->queue_id.len)
    record_set_text(refusal, F_REFUSAL_QUEUE_ID, line->queue_id);
}

void
session_add_refusal(Session *self, const Line *line, const Stamp *stamp)
{
  guint n = record_count_nested(self->record, RK_REFUSAL);
  Record refusal[1], *twin;
  RecordRoom room;

  self->local |= line->local;
  record_init(refusal, RK_REFUSAL, self->record->blocks);
  record_enter(refusal, &room);
  _fill_refusal(refusal, line, stamp);
  record_leave(refusal, &room);
  twin = _twin(self, refusal);
  if (twin)
    _fill_refusal(twin, line, stamp);
  else if (n < REFUSALS_MAX)
    record_swap_values(record_add(self->record, RK_REFUSAL), refusal);
  record_release(refusal);
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
      {
        _mark(self, MARK_SESSION);
        record_append_text(self->told, F_RAW, value.text);
      }
}

void
session_forget_upcoming(Session *self)
{
  self->upcoming_at = self->told->len;
  self->upcoming_mark = self->mark;
  self->upcoming_lines = self->n_listed = 0;
}

static void
_append_lines(Record *to, const Record *from, guint32 cursor, FieldId mark)
{
  RecordValue value;

  while (record_next(from, &cursor, &value))
    if (value.id == MARK_BOTH || value.id == MARK_SESSION)
      mark = value.id;
    else if (value.id == F_RAW && mark == MARK_BOTH)
      record_append_text(to, F_RAW, value.text);
}

/* the session's lines came before those that name the queue id */
static void
_copy_lines_in_front(const Session *self, Record *record)
{
  Record *own = record_copy(record);

  record_remove(record, F_RAW);
  _append_lines(record, self->told, self->upcoming_at, (FieldId) self->upcoming_mark);
  _append_lines(record, own, 0, MARK_BOTH);
  record_free(own);
}

/* FALSE: this recipient or warning was told before, or there are too many of them */
static gboolean
_is_new_listed(const Session *self, const RecordValue *value, U64Set *listed, const TrackerOptions *options)
{
  if (value->id == F_RECIPIENTS && u64_set_count(listed) > options->max_recipients)
    return FALSE;
  return u64_set_add(listed, hash_text(self->host->hash_key, value->text, value->id), NULL);
}

/* told since the last arrival; where they may be too many for the message, it is asked for each one only once */
static void
_hand_over_upcoming(const Session *self, Message *message, const TrackerOptions *options)
{
  gboolean are_many = self->n_listed + message->n_recipients > MIN(options->max_recipients, WARNINGS_MAX);
  const Record *told = self->told;
  FieldId mark = (FieldId) self->upcoming_mark;
  U64Set listed = { NULL };
  RecordValue value;

  for (guint32 at = self->upcoming_at, value_at; at < told->len; at = packed_next(told, at))
    {
      FieldId id = (FieldId) told->values[at];
      gboolean is_listed = id == F_RECIPIENTS || id == F_WARNINGS;

      if (id == MARK_BOTH || id == MARK_SESSION)
        mark = id;
      if ((mark != MARK_BOTH && id != F_WARNINGS) || id == F_RAW || !(field_get(id)->records & (1u << RK_MESSAGE)))
        continue;
      value_at = at;
      message->envelope_known |= id == F_RECIPIENTS;
      if (!is_listed || !are_many
          || (record_next(self->told, &value_at, &value) && _is_new_listed(self, &value, &listed, options)))
        message_take_value(message, self->told, at, options);
    }
  u64_set_release(&listed, NULL);
}

/* of the whole session; what the message has taken as the first one it keeps */
static void
_hand_over_session(const Session *self, const Record *from, Message *message, const TrackerOptions *options)
{
  FieldId mark = MARK_BOTH;

  for (guint32 at = 0; at < from->len; at = packed_next(from, at))
    {
      FieldId id = (FieldId) from->values[at];
      const Field *field = field_get(id);

      if (id == MARK_BOTH || id == MARK_SESSION)
        mark = id;
      if (mark == MARK_BOTH && field->merge == FM_FIRST && from == self->told && at >= self->upcoming_at)
        continue;
      if (field->type != FT_LIST && (field->records >> RK_MESSAGE & field->records >> RK_SESSION & 1))
        message_take_value(message, from, at, options);
    }
}

void
session_hand_over(Session *self, Message *message, const TrackerOptions *options)
{
  if (options->keep_raw)
    _copy_lines_in_front(self, message->record);
  _hand_over_upcoming(self, message, options);
  _tell_connection(self, message->record);
  if (self->record->len || self->upcoming_at || record_has(self->told, MARK_SESSION))
    {
      _hand_over_session(self, self->record, message, options);
      _hand_over_session(self, self->told, message, options);
    }
  message->lines += self->upcoming_lines;
  if (self->connected_counted && self->n_accepted == 0)
    message->lines++;
  if (self->n_accepted)
    session_fold(self);
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

  return (self->n_accepted == 0 && seen_from_the_start && session_client_ip(self).str)
         || record_count_nested(self->record, RK_REFUSAL) > 0;
}
