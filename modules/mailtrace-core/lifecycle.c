/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracker-internal.h"

void
tracker_set_root(Feed *feed, Message *message, const IdEntry *root)
{
  Slice text = slice_new(root->id, root->len);
  gboolean is_own = slice_equals(text, feed->line->queue_id);
  guint64 key = is_own ? feed_id_key(feed) : host_id_key(feed->host, text);
  const Tombstone *tombstone = tracker_tombstone(feed->tracker, key);
  QueueId id;

  if (is_own && feed_decode_id(feed))
    message->pid = feed->id.pid;
  else if (!is_own && queue_id_decode(text, &id))
    message->pid = id.pid;
  message->generation = tombstone ? (guint16) MIN(tombstone->generation + 1, G_MAXUINT16) : 1;
}

Message *
tracker_new_message(Feed *feed, IdEntry *entry)
{
  Message *self = message_new(feed->host, RK_MESSAGE);

  tracker_set_root(feed, self, entry);
  self->group = journal_group_new(feed->tracker->journal);
  self->offset_sec = tracker_offset_at(feed->tracker, &feed->stamp);
  self->offset_source = feed->offset_source;
  message_add_id(self, entry);
  return self;
}

void
tracker_open_message(Tracker *self, Message *message)
{
  if (message->state == MS_ENDED)
    self->counters.messages_ended[message->end_reason]--;
  else
    self->counters.messages_opened++;
  message->state = MS_OPEN;
  message->end_reason = ER_NONE;
  self->open_messages++;
  host_queue_message(message->host, message, MQ_OPEN);
}

void
tracker_touch_message(Message *message)
{
  message->touched_usec = message->host->clock_usec;
  message->dkim_logged = message->host->logs_dkim;
  message->spam_logged = message->host->logs_spam;
}

void
tracker_make_receipt(Tracker *self, Summary *summary, Message *message, JournalGroup group)
{
  if (!self->options.wants_receipts)
    return;
  summary->receipt = (Receipt) { message, journal_group_ref(self->journal, group), 0 };
  if (!message)
    return;
  message->n_underway++;
  message->host->n_underway++;
}

/* while lines are replayed no message has a document: those that may not have arrived are made at the end */
void
tracker_emit_message(Tracker *self, Message *message, gboolean by_line, SummaryQueue *out)
{
  message->revision++;
  if (self->replayed)
    return;
  Summary *summary = message_summarize(message, &self->options, out);
  tracker_make_receipt(self, summary, message, message->group);
  if (!by_line)
    {
      summary->receipt.revision = message->revision;
      tracker_journal_revision(self, message, message->state == MS_ENDED ? JF_ARRIVED : 0);
    }
}

void
tracker_end_message(Tracker *self, Message *message, EndReason reason, gboolean by_line, SummaryQueue *out)
{
  message->state = MS_ENDED;
  message->end_reason = reason;
  /* late lines find it from now on for the settle time, however long it was quiet before */
  message->touched_usec = MAX(message->touched_usec, message->host->clock_usec);
  self->open_messages--;
  self->counters.messages_ended[reason]++;
  host_unqueue_interim(message);
  host_queue_message(message->host, message, MQ_ENDED);
  tracker_emit_message(self, message, by_line, out);
}

void
tracker_release_worker(Message *message)
{
  if (message->worker_key)
    pointer_map_remove(&message->host->workers, message->worker_key, message);
  message->worker_key = 0;
}

void
tracker_release_orphan(Message *message)
{
  gsize prefix = message->host->name_len + 1;
  guint64 hash;

  if (!message->is_orphan)
    return;
  hash = host_id_key(message->host, slice_skip(record_get_text(message->record, F_BOUNCE_OF), prefix));
  host_remove_orphan(message->host, hash, message);
}

void
tracker_leave_session(Message *message)
{
  Session *session = message->session;

  if (!session)
    return;
  if (session->last_message == message)
    session->last_message = NULL;
  else
    host_unqueue_interim(message);
  message->session = NULL;
}

/* the clock may have gone back since its last line, which is no younger for it */
static gint64
_last_usec(const Message *message)
{
  guint32 completed = message->completed.local_usec ? message_second(message, &message->completed) : 0;
  gint64 end_usec = ((gint64) MAX(completed, message->last_delivery) + 1) * STAMP_USEC - 1;

  return MAX(MAX(message->host->clock_usec, message->touched_usec), end_usec);
}

static void
_bury_id(Tracker *self, const Message *message, const IdEntry *entry, guint64 key)
{
  gint64 usec = _last_usec(message);
  const Tombstone *tombstone = tracker_bury_hash(self, key, usec, message->generation);

  if (!tombstone)
    return;
  JournalEntry end = { .kind = JK_MESSAGE_END, .number = message->generation, .frame.host = host_name(message->host),
                       .queue_id = slice_new(entry->id, entry->len) };
  tracker_journal_end(self, tombstone, &end, message->session_group);
}

void
tracker_drop_message(Tracker *self, Message *message)
{
  tracker_leave_session(message);
  tracker_release_worker(message);
  tracker_release_orphan(message);
  host_unqueue_interim(message);
  host_queue_message(message->host, message, MQ_NONE);
  journal_group_unref(self->journal, message->group);
  message_free(message);
}

void
tracker_forget_message(Tracker *self, Message *message)
{
  Host *host = message->host;

  for (IdEntry *entry = message->first_id, *next; entry; entry = next)
    {
      guint64 key = host_entry_key(host, entry);

      next = entry->next;
      _bury_id(self, message, entry, key);
      host_remove_id(host, entry, key);
    }
  tracker_drop_message(self, message);
}

/* its session was not seen to end: what it has come to is not known, which is no refusal */
void
tracker_end_pending(Tracker *self, Message *message, EndReason reason, SummaryQueue *out)
{
  tracker_leave_session(message);
  if (message->listed)
    {
      tracker_forget_message(self, message);
      return;
    }
  tracker_open_message(self, message);
  tracker_end_message(self, message, reason, FALSE, out);
}

void
tracker_end_if_done(Feed *feed, Message *message)
{
  Host *host = feed->host;

  if (message->n_open > message->n_superseded)
    host_queue_message(host, message, message_all_final(message) ? MQ_CLOSING : MQ_OPEN);
  else if (message->n_open > 0)
    host_queue_message(host, message, MQ_CLOSING);
  else if (message->arrived && !message->awaits_child)
    tracker_end_message(feed->tracker, message, ER_COMPLETE, TRUE, feed->out);
  else
    host_queue_message(host, message, MQ_CLOSING);
}

/* for its own document, and for that of the next message */
void
tracker_keep_session_line(Feed *feed, Session *session, Slice raw)
{
  if (!feed->tracker->options.keep_raw || session->bytes > feed->tracker->options.max_message_bytes)
    return;
  session->bytes += raw.len;
  session_note_raw(session, raw);
}

void
tracker_keep_line(Feed *feed, Message *message)
{
  if (!feed->tracker->options.keep_raw || message->bytes > feed->tracker->options.max_message_bytes)
    return;
  message->bytes = (guint32) MIN(message->bytes + feed->frame->raw.len, G_MAXUINT32);
  record_append_text(message->record, F_RAW, feed->frame->raw);
}

void
tracker_join_session(Tracker *self, Message *message, Session *session)
{
  if (message->session_group == session->group)
    return;
  message->session_group = session->group;
  journal_group_hold(self->journal, message->group, session->group);
}

void
tracker_remove_connection(Tracker *self, Host *host, Connection *connection)
{
  journal_group_unref(self->journal, connection->group);
  host_remove_connection(host, connection);
}

/* the first message of a connection has its connect line, too */
static void
_count_connection(Message *message, const Connection *connection)
{
  message->lines++;
  record_set_time(message->record, F_CLIENT_CONNECTED, connection->stamp);
  if (connection->count)
    record_set_integer(message->record, F_CLIENT_CONNECTION_COUNT, connection->count);
}

void
tracker_join_connection(Feed *feed, Session *session, Connection *connection)
{
  session->connected_counted = TRUE;
  session->connect_hash = connection->line_hash;
  session->lines++;
  session_note_connection(session, connection);
  if (connection->raw)
    tracker_keep_session_line(feed, session, slice_from_string(connection->raw));
  journal_group_hold(feed->tracker->journal, session->group, connection->group);
  if (session->n_accepted == 1 && session->last_message && session->last_message->state == MS_OPEN)
    _count_connection(session->last_message, connection);
  tracker_remove_connection(feed->tracker, feed->host, connection);
}

static void
_join_client(Feed *feed, Session *session)
{
  Host *host = feed->host;
  Session *replaced;

  if (session->client_key || !line_get(feed->line, F_CLIENT_PORT).len)
    return;
  session->client_key = host_connection_hash(host, feed->line);
  replaced = pointer_map_get(&host->clients, session->client_key);
  if (replaced)
    pointer_map_remove(&host->clients, session->client_key, replaced);
  pointer_map_add(&host->clients, session->client_key, session);

  Connection *connection = host_find_connection(host, session->client_key);
  if (connection && connection->stamp.local_usec <= session->first.local_usec)
    tracker_join_connection(feed, session, connection);
}

static void
_leave_client(Session *session)
{
  if (session->client_key)
    pointer_map_remove(&session->host->clients, session->client_key, session);
}

static Session *
_new_session(Feed *feed, const Tombstone *ended)
{
  Session *session = session_new(feed->host, &feed->stamp);

  session->pid = feed->frame->pid;
  session->key = feed->process_key;
  session->node = feed->frame->node.len ? slice_dup(feed->frame->node) : NULL;
  session->generation = ended && tombstone_covers(ended, feed) ? MAX(ended->generation, 1) + 1 : 1;
  session->offset_source = feed->offset_source;
  session->offset_sec = tracker_offset_at(feed->tracker, &feed->stamp);
  session->group = journal_group_new(feed->tracker->journal);
  pointer_map_add(&feed->host->sessions, session->key, session);
  queue_push_tail(&feed->host->live_sessions, &session->link);
  feed->host->is_uncounted = TRUE;
  feed->tracker->open_sessions++;
  return session;
}

/* by the stamps of its own lines, wherever the host's clock is; a change of the offset is no silence */
static gboolean
_is_outlived(const Feed *feed, const Session *session)
{
  const Stamp *now = &feed->stamp, *last = &session->last;
  gint64 silence_usec = now->local_usec - last->local_usec;

  if (stamp_has_offset(now) && stamp_has_offset(last))
    silence_usec = MIN(silence_usec, stamp_to_utc_usec(now) - stamp_to_utc_usec(last));
  return silence_usec >= feed->tracker->options.session_timeout_sec * STAMP_USEC && !clock_is_dst_step(silence_usec);
}

/* a client that nothing but an arrival has named */
static void
_note_client(Session *session, const Line *line)
{
  Slice ip;

  if (line->role == LR_ARRIVAL && (ip = line_get(line, F_CLIENT_IP)).len && !session_client_ip(session).str)
    session_note_client(session, ip, line_get(line, F_CLIENT_PORT));
}

/* ER_NONE: the line is one of it */
static EndReason
_end_before(const Feed *feed, const Session *session)
{
  if (session_is_foreign(session, feed->line))
    return ER_COMPLETE;
  return _is_outlived(feed, session) ? ER_TIMEOUT : ER_NONE;
}

Session *
tracker_session_after(Feed *feed, Session *session, const Tombstone *ended, gboolean create)
{
  EndReason end = session ? _end_before(feed, session) : ER_NONE;

  if (end != ER_NONE)
    {
      tracker_end_session(feed->tracker, session, end, feed->out);
      session = NULL;
      ended = tracker_ended_session(feed, NULL);
    }
  if (!session && create)
    session = _new_session(feed, ended);
  if (session)
    {
      session->touched_usec = feed->host->clock_usec;
      queue_move_to_tail(&feed->host->live_sessions, &session->link);
      _note_client(session, feed->line);
      _join_client(feed, session);
    }
  return session;
}

Session *
tracker_session(Feed *feed, gboolean create)
{
  if (!feed->frame->pid)
    return NULL;

  Session *live = host_find_session(feed->host, feed->process_key);
  return tracker_session_after(feed, live, live || !create ? NULL : tracker_ended_session(feed, NULL), create);
}

/* ids that the session's process named and never accepted: refused when the session was closed.  Another process may
 * still name such an id, if only the arrival line was lost. */
static void
_collect_pending(Tracker *self, Session *session, EndReason reason, SummaryQueue *out)
{
  while (session->pending.head)
    {
      Message *message = session->pending.head->data;
      IdEntry *entry = message->first_id;

      if (reason != ER_COMPLETE)
        {
          tracker_end_pending(self, message, reason, out);
          continue;
        }
      session_add_lost_id(session, slice_new(entry->id, entry->len), &message->arrival);
      session->lines += message->lines;
      session_take_lines(session, message);
      message->listed = TRUE;
      tracker_leave_session(message);
    }
}

static void
_bury_session(Tracker *self, const Session *session, EndReason reason, guint64 hash)
{
  const Host *host = session->host;
  const Tombstone *tombstone;
  Stamp last = session->last;

  if (!stamp_has_offset(&last))
    last.offset_sec = host->offset_sec;
  if (!stamp_has_offset(&last) && session->generation > 1)
    last.offset_sec = session->offset_sec;
  tombstone = tracker_bury_hash(self, hash, stamp_to_utc_usec(&last),
                         stamp_has_offset(&last) ? session->generation : TOMBSTONE_LOCAL);
  if (!tombstone)
    return;
  JournalEntry end = { .kind = JK_SESSION_END, .number = reason, .clock_usec = session->first.local_usec };
  end.frame = (Frame) { .host = host_name(host), .node = slice_from_string(session->node), .pid = session->pid };
  end.frame.stamp.offset_sec = last.offset_sec;
  tracker_journal_end(self, tombstone, &end, session->group);
}

static void
_bury(Tracker *self, const Session *session, EndReason reason)
{
  _bury_session(self, session, reason, tracker_session_hash(session->host, session->key));
  if (session->client_key)
    _bury_session(self, session, reason, tracker_client_hash(session->host, session->client_key));
}

void
tracker_close_session(Tracker *self, Session *session)
{
  session->closed = TRUE;
  _bury(self, session, ER_COMPLETE);
  pointer_map_remove(&session->host->sessions, session->key, session);
}

void
tracker_end_session(Tracker *self, Session *session, EndReason reason, SummaryQueue *out)
{
  Host *host = session->host;

  _collect_pending(self, session, reason, out);
  if (session_wants_document(session))
    {
      session_fold(session);
      Summary *summary = session_summarize(session, reason, &self->options, out);
      tracker_make_receipt(self, summary, NULL, session->group);
      self->counters.sessions_ended++;
    }
  _bury(self, session, reason);
  journal_group_unref(self->journal, session->group);
  _leave_client(session);
  self->open_sessions--;
  queue_unlink(&host->live_sessions, &session->link);
  host->is_uncounted = TRUE;
  if (!session->closed)
    pointer_map_remove(&host->sessions, session->key, session);
  session_free(session);
}

static gboolean
_is_due(gint64 since_usec, gint64 after_sec, gint64 clock_usec)
{
  return since_usec + after_sec * STAMP_USEC <= clock_usec;
}

static Message *
_due(GQueue *queue, gint64 after_sec, gint64 clock_usec)
{
  Message *message = queue->head ? queue->head->data : NULL;

  return message && _is_due(message->touched_usec, after_sec, clock_usec) ? message : NULL;
}

static void
_expire_interim(Tracker *self, GQueue *queue, gint64 after_sec, gint64 clock_usec, SummaryQueue *out)
{
  while (queue->head)
    {
      Message *message = queue->head->data;

      if (!_is_due(message->interim_usec, after_sec, clock_usec))
        return;
      host_unqueue_interim(message);
      message->interim_passed = TRUE;
      self->counters.messages_ended[ER_NONE]++;
      tracker_emit_message(self, message, FALSE, out);
    }
}

static void
_expire_connections(Tracker *self, Host *host, SummaryQueue *out)
{
  gint64 after = self->options.session_timeout_sec;

  while (host->live_sessions.head)
    {
      Session *session = host->live_sessions.head->data;
      if (!_is_due(session->touched_usec, after, host->clock_usec))
        break;
      tracker_end_session(self, session, session->closed ? ER_COMPLETE : ER_TIMEOUT, out);
    }
  while (host->live_connections.head)
    {
      Connection *connection = host->live_connections.head->data;
      if (!_is_due(connection->due_from_usec, after, host->clock_usec))
        break;
      tracker_remove_connection(self, host, connection);
    }
}

static gint64
_earlier_due(gint64 due_usec, const GQueue *queue, gint64 after_sec)
{
  const Message *first = queue->head ? queue->head->data : NULL;

  return first ? MIN(due_usec, first->touched_usec + after_sec * STAMP_USEC) : due_usec;
}

static gint64
_earlier_interim(gint64 due_usec, const GQueue *queue, gint64 after_sec)
{
  const Message *first = queue->head ? queue->head->data : NULL;

  return first ? MIN(due_usec, first->interim_usec + after_sec * STAMP_USEC) : due_usec;
}

/* what joins a queue from now on is touched no earlier than now */
static gint64
_next_due(const Tracker *self, const Host *host)
{
  const TrackerOptions *options = &self->options;
  gint64 interim = options->interim_after_sec > 0 ? options->interim_after_sec : options->timeout_sec;
  gint64 soonest = MIN(MIN(options->session_timeout_sec, options->settle_sec), MIN(options->timeout_sec, interim));
  gint64 due = host->clock_usec + soonest * STAMP_USEC;
  const GList *session = host->live_sessions.head, *connection = host->live_connections.head;

  if (session)
    due = MIN(due, ((Session *) session->data)->touched_usec + options->session_timeout_sec * STAMP_USEC);
  if (connection)
    due = MIN(due, ((Connection *) connection->data)->due_from_usec + options->session_timeout_sec * STAMP_USEC);
  due = _earlier_due(due, &host->pending, options->session_timeout_sec);
  due = _earlier_due(due, &host->closing, options->settle_sec);
  due = _earlier_due(due, &host->open, options->timeout_sec);
  due = _earlier_due(due, &host->ended, options->settle_sec);
  due = _earlier_interim(due, &host->interim, interim);
  return _earlier_interim(due, &host->changed, options->settle_sec);
}

void
tracker_expire(Tracker *self, Host *host, SummaryQueue *out)
{
  const TrackerOptions *options = &self->options;
  gint64 clock = host->clock_usec;
  Message *message;

  if (clock < host->due_usec)
    return;
  _expire_connections(self, host, out);
  while ((message = _due(&host->pending, options->session_timeout_sec, clock)))
    tracker_end_pending(self, message, ER_TIMEOUT, out);
  while ((message = _due(&host->closing, options->settle_sec, clock)))
    tracker_end_message(self, message, ER_COMPLETE, FALSE, out);
  while ((message = _due(&host->open, options->timeout_sec, clock)))
    tracker_end_message(self, message, ER_TIMEOUT, FALSE, out);
  if (options->interim_after_sec > 0)
    _expire_interim(self, &host->interim, options->interim_after_sec, clock, out);
  _expire_interim(self, &host->changed, options->settle_sec, clock, out);
  while (!self->replayed && (message = _due(&host->ended, options->settle_sec, clock)) && !message->n_underway)
    tracker_forget_message(self, message);
  host->due_usec = _next_due(self, host);
}
