/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what each role of a line does to messages and sessions */
#include "scan.h"
#include "tracker-internal.h"

typedef gboolean (*RoleHandler)(Feed *feed, Message *message, IdEntry *entry);

static gboolean
_has_room(const Feed *feed, Message *message)
{
  gsize bytes = message->bytes;

  for (guint i = 0; i < feed->line->n_fields; i++)
    bytes += feed->line->fields[i].value.len;
  message->bytes = (guint32) MIN(bytes, G_MAXUINT32);
  return message->bytes <= feed->tracker->options.max_message_bytes;
}

static gboolean
_merge(Feed *feed, Message *message)
{
  return _has_room(feed, message) && message_merge_line(message, message->record, feed->line);
}

static gboolean
_add_recipients(Feed *feed, Message *message)
{
  const Line *line = feed->line;
  Slice rest = line->more_recipients;
  gboolean added = FALSE;

  for (guint i = line_may_have(line, F_RECIPIENTS) ? 0 : line->n_fields; i < line->n_fields; i++)
    if (line->fields[i].id == F_RECIPIENTS)
      added |= message_add_recipient(message, line->fields[i].value, &feed->tracker->options);
  while (rest.len)
    {
      Slice one = scan_quoted_word(rest);

      if (one.len)
        added |= message_add_recipient(message, one, &feed->tracker->options);
      rest = slice_skip(rest, one.len + 1);
    }
  return added;
}

/* it waits for an administrator or its age, then says Completed */
static gboolean
_tells_of_freezing(const Line *line)
{
  Slice note = line_get(line, F_WARNINGS);

  return line->role == LR_NOTE && (slice_starts_with(note, SLICE("Frozen")) || slice_starts_with(note, SLICE("frozen by "))
                                   || slice_starts_with(note, SLICE("Message is frozen")));
}

static gboolean
_note(Feed *feed, Message *message, IdEntry *entry)
{
  gboolean changed = _merge(feed, message);

  changed |= _add_recipients(feed, message);
  message->is_frozen |= _tells_of_freezing(feed->line);
  if (line_get(feed->line, F_DELIVERY_RECIPIENT).str)
    changed |= message_deliver(message, feed->line, &feed->stamp, &feed->tracker->options);
  if (line_get(feed->line, F_DKIM_SIGNATURE_RESULT).str)
    {
      feed->host->logs_dkim = TRUE;
      changed |= message_sign(message, feed->line);
    }
  feed->host->logs_spam |= line_get(feed->line, F_SPAM_VERDICT).str != NULL;
  return changed;
}

/* an earlier session of its process may have named it: both need the line, or that one would list it as refused */
static void
_own_arrival(Feed *feed, Message *message, Session *session)
{
  JournalGroup named = feed->frame->pid == message->pid ? message->session_group : 0;

  journal_group_hold(feed->tracker->journal, session->group, named);
  tracker_own_line(feed, named ? named : session->group);
  tracker_join_session(feed->tracker, message, session);
}

static gboolean
_arrive(Feed *feed, Message *message, IdEntry *entry)
{
  const Line *line = feed->line;
  gboolean over_network = line_get(line, F_CLIENT_IP).len > 0;
  Session *session = tracker_session(feed, over_network);

  if (message->arrived)
    return _merge(feed, message);
  message->arrived = TRUE;
  message->offset_sec = tracker_offset_at(feed->tracker, &feed->stamp);
  message->offset_source = feed->offset_source;
  message->arrival_is_cut = line->is_cut;
  message->arrival = feed->stamp;
  _merge(feed, message);
  /* other lines tell the client as well, but here it spoke */
  if (over_network)
    record_replace_text(message->record, F_CLIENT_IP, line_get(line, F_CLIENT_IP));
  message->envelope_known |= _add_recipients(feed, message);
  message_sign_on_arrival(message, line);
  if (over_network)
    record_set_integer(message->record, F_CLIENT_PID, (gint64) message->pid);
  if (session)
    {
      _own_arrival(feed, message, session);
      session_hand_over(session, message, &feed->tracker->options);
    }
  if (line->cause.len && line_get(line, F_SENDER).len == 0)
    tracker_link_bounce(feed, message);
  host_queue_interim(message, IQ_INTERIM);
  return TRUE;
}

static gboolean
_deliver(Feed *feed, Message *message, IdEntry *entry)
{
  if (!_has_room(feed, message))
    return FALSE;
  if (!message_deliver(message, feed->line, &feed->stamp, &feed->tracker->options))
    return FALSE;
  if (message->interim_passed && message->state == MS_OPEN)
    host_queue_interim(message, IQ_CHANGED);
  return TRUE;
}

static gboolean
_is_later_than(const Record *scan, const Stamp *stamp)
{
  RecordValue value;

  return record_get(scan, F_SCAN_TIME, &value) && stamp_to_utc_usec(&value.stamp) > stamp_to_utc_usec(stamp);
}

/* the scanner and the sandbox speak of one pass, and their lines come in any order: the last word counts */
static void
_merge_event(Feed *feed, Record *scan)
{
  static const FieldId copied[][2] = { { F_DISPOSITION, F_SCAN_DISPOSITION }, { F_REASON, F_SCAN_REASON },
    { F_REASON_DETAIL, F_SCAN_REASON_DETAIL } };
  gboolean is_late = _is_later_than(scan, &feed->stamp);

  if (!is_late || !record_has(scan, F_SCAN_EVENT_ID))
    record_merge_line(scan, feed->line, 0, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(copied); i++)
    if (line_get(feed->line, copied[i][0]).str && (!is_late || !record_has(scan, copied[i][1])))
      record_set_text(scan, copied[i][1], line_get(feed->line, copied[i][0]));
  if (!is_late)
    record_set_time(scan, F_SCAN_TIME, feed->stamp);
}

/* the pass is named by the process that made its id, whoever else speaks of it */
static void
_set_scan_pid(Feed *feed, Record *scan)
{
  if (!feed->frame->pid || record_get_integer(scan, F_SCAN_PID, 0) == feed->frame->pid)
    return;
  if (feed_decode_id(feed) && feed->id.pid == feed->frame->pid)
    record_remove(scan, F_SCAN_PID);
  record_set_integer(scan, F_SCAN_PID, feed->frame->pid);
}

static void
_fill_scan(Feed *feed, Message *message, Record *scan)
{
  const Line *line = feed->line;
  Slice size = line_get(line, F_SCANNED_SIZE), sender = line_get(line, F_SENDER);
  Slice recipient = line_get(line, F_RECIPIENT);
  RecordRoom room;
  gint64 bytes;

  record_enter(scan, &room);
  record_set_text(scan, F_SCAN_QUEUE_ID, line->queue_id);
  _merge_event(feed, scan);
  if (sender.str)
    record_set_text(scan, F_SCAN_SENDER, sender);
  if (recipient.str && message->n_scan_recipients < feed->tracker->options.max_recipients
      && u64_set_add(&message->known, hash_text(feed->host->hash_key, recipient, feed_id_key(feed)),
                     message->record->blocks))
    {
      record_append_text(scan, F_SCAN_RECIPIENTS, recipient);
      message->n_scan_recipients++;
    }
  if (slice_to_int(size, &bytes))
    record_set_integer(scan, F_SCAN_SIZE, bytes);
  _set_scan_pid(feed, scan);
  if (line->role == LR_HANDOVER)
    record_set_text(scan, F_SCAN_PARENT, line->parent);
  record_leave(scan, &room);
}

/* a process takes over one message after the other */
static void
_employ(Feed *feed, Message *message)
{
  Message *before = pointer_map_get(&feed->host->workers, feed->process_key);

  if (before)
    tracker_release_worker(before);
  message->worker_key = feed->process_key;
  pointer_map_add(&feed->host->workers, message->worker_key, message);
}

static gboolean
_hand_over(Feed *feed, Message *message, IdEntry *entry)
{
  const Line *line = feed->line;
  guint32 second = message_second(message, &feed->stamp);

  if (!line->parent.len)
    {
      message->awaits_child = message->first_id == message->last_id;
      if (message->awaits_child && feed->frame->pid)
        {
          tracker_release_worker(message);
          _employ(feed, message);
        }
      message->scan_end = MAX(message->scan_end, second);
      return TRUE;
    }
  if (!_has_room(feed, message))
    return FALSE;

  Record *scan = message_scan(message, line->queue_id);
  message_merge_line(message, message->record, line);
  _fill_scan(feed, message, scan);
  message->scan_end = MAX(message->scan_end, second);
  message->scan_begin = message->scan_begin ? MIN(message->scan_begin, second) : second;
  return TRUE;
}

/* the line that links it may be lost: who made it tells, too */
static void
_set_scanned(Message *message, IdEntry *entry)
{
  entry->scanned = TRUE;
  message_sort_id(message, entry);
  if (entry->superseded)
    message_close_id(message, entry);
}

static gboolean
_judge(Feed *feed, Message *message, IdEntry *entry)
{
  const Line *line = feed->line;
  Record *scan = message_scan(message, line->queue_id);

  _merge(feed, message);
  _fill_scan(feed, message, scan);
  message->scan_end = MAX(message->scan_end, message_second(message, &feed->stamp));
  if (!entry->scanned && feed_decode_id(feed) && feed->id.pid == feed->frame->pid)
    _set_scanned(message, entry);
  if (line->closes)
    {
      message_close_id(message, entry);
      stamp_keep_latest(&message->completed, &feed->stamp);
    }
  return TRUE;
}

static gboolean
_complete(Feed *feed, Message *message, IdEntry *entry)
{
  gboolean was_open = entry->open;
  gint64 before_usec = message->completed.local_usec;

  _merge(feed, message);
  message_close_id(message, entry);
  stamp_keep_latest(&message->completed, &feed->stamp);
  return was_open || message->completed.local_usec != before_usec;
}

static gboolean
_late_refusal(Feed *feed, Message *message, IdEntry *entry)
{
  Slice text = line_get(feed->line, F_REFUSAL_TEXT);

  return text.len && _has_room(feed, message)
         && record_add_warning(message->record, text, &message->known, feed->host->hash_key);
}

static const RoleHandler handlers[LINE_ROLE_COUNT] =
{
  [LR_NOTE] = _note,
  [LR_REMARK] = _note,
  [LR_ENVELOPE] = _note,
  [LR_CONNECT] = _note,
  [LR_DISCONNECT] = _note,
  [LR_REFUSAL] = _late_refusal,
  [LR_ARRIVAL] = _arrive,
  [LR_HANDOVER] = _hand_over,
  [LR_VERDICT] = _judge,
  [LR_DELIVERY] = _deliver,
  [LR_DEFERRAL] = _deliver,
  [LR_FAILURE] = _deliver,
  [LR_COMPLETION] = _complete,
};

/* it has a record of its own */
static gboolean
_is_of_delivery(LineRole role)
{
  return role == LR_DELIVERY || role == LR_DEFERRAL || role == LR_FAILURE;
}

static gboolean
_handle(Feed *feed, Message *message, IdEntry *entry)
{
  RecordRoom room;

  if (!feed->line->n_fields || _is_of_delivery(feed->line->role))
    return handlers[feed->line->role](feed, message, entry);
  record_enter(message->record, &room);
  gboolean changed = handlers[feed->line->role](feed, message, entry);
  record_leave(message->record, &room);
  return changed;
}

/* only the receiving process speaks of it, and it has not arrived yet */
static gboolean
_stays_pending(const Feed *feed, const Message *message)
{
  const Line *line = feed->line;

  if (line->role == LR_DELIVERY && line->cut_through)
    return TRUE;
  if (line->role != LR_NOTE && line->role != LR_REMARK && line->role != LR_REFUSAL && line->role != LR_DISCONNECT)
    return FALSE;
  return !feed->frame->pid || feed->frame->pid == message->pid;
}

static void
_emit_single(Feed *feed, Session *session)
{
  session_fold(session);
  Summary *summary = session_summarize(session, ER_COMPLETE, &feed->tracker->options, feed->out);

  tracker_make_receipt(feed->tracker, summary, NULL, session->group);
  feed->tracker->counters.sessions_ended++;
  session_free(session);
}

static void
_refuse_pending(Feed *feed, Message *message)
{
  Session *session = tracker_session(feed, TRUE);
  Session *single = session ? NULL : session_new(feed->host, &feed->stamp);
  Session *owner = session ? session : single;

  session_see(owner, feed->hash, &feed->stamp);
  owner->lines += message->lines - 1;
  session_take_lines(owner, message);
  session_note_refused(owner, feed->line);
  if (feed->line->role == LR_REFUSAL)
    session_add_refusal(owner, feed->line, &feed->stamp);
  else
    session_add_lost_id(owner, feed->line->queue_id, &feed->stamp);
  session_forget_upcoming(owner);
  tracker_own_line(feed, session ? session->group : message->group);
  if (single)
    {
      single->id_hash = slice_fingerprint(feed->frame->text);
      single->offset_sec = message->offset_sec;
      single->offset_source = message->offset_source;
      single->group = message->group;
      _emit_single(feed, single);
    }
  tracker_forget_message(feed->tracker, message);
}

static void
_feed_pending(Feed *feed, Message *message, IdEntry *entry)
{
  message->arrival = feed->stamp;
  if (feed->line->role == LR_REFUSAL || feed->line->role == LR_DISCONNECT)
    {
      _refuse_pending(feed, message);
      return;
    }
  host_queue_message(feed->host, message, MQ_PENDING);
  _handle(feed, message, entry);

  Session *session = message->session ? message->session : tracker_session(feed, TRUE);
  tracker_own_line(feed, session ? session->group : message->group);
  if (message->session || !session)
    return;
  message->session = session;
  host_queue_interim(message, IQ_SESSION);
  tracker_join_session(feed->tracker, message, session);
}

/* a forgotten id takes new facts only from lines newer than its end */
static gboolean
_is_late(Feed *feed)
{
  const Tombstone *tombstone = tracker_tombstone(feed->tracker, feed_id_key(feed));
  LineRole role = feed->line->role;

  if (!tombstone)
    return FALSE;
  return feed->usec <= tombstone->closed_usec || role == LR_NOTE || role == LR_REMARK || role == LR_REFUSAL
         || role == LR_COMPLETION;
}

static void
_feed_message(Feed *feed, Message *message, IdEntry *entry)
{
  gboolean changed;

  if (message->state == MS_PENDING)
    {
      /* without this line the session would list it as refused */
      tracker_own_line(feed, message->session_group);
      tracker_leave_session(message);
      tracker_open_message(feed->tracker, message);
    }
  else if (message->state == MS_ENDED && message->n_open > 0)
    tracker_open_message(feed->tracker, message);
  else if (message->state == MS_ENDED)
    host_queue_message(feed->host, message, MQ_ENDED);
  changed = _handle(feed, message, entry);
  if (!feed->group)
    tracker_own_line(feed, message->group);
  if (message->state == MS_OPEN)
    tracker_end_if_done(feed, message);
  else if (changed)
    {
      feed->tracker->counters.revisions++;
      tracker_emit_message(feed->tracker, message, TRUE, feed->out);
    }
}

void
tracker_feed_id(Feed *feed)
{
  TrackerCounters *counters = &feed->tracker->counters;
  IdEntry *entry = feed_find_id(feed);

  if (!entry && _is_late(feed))
    {
      counters->lines_late++;
      return;
    }
  entry = tracker_enter_id(feed, entry);

  Message *message = entry->message;
  if (!message_see(message, feed->hash))
    {
      counters->lines_repeated++;
      return;
    }
  counters->lines_of_messages++;
  entry->seen = TRUE;
  tracker_keep_line(feed, message);
  tracker_touch_message(message);
  if (message->state == MS_PENDING && _stays_pending(feed, message))
    _feed_pending(feed, message, entry);
  else
    _feed_message(feed, message, entry);
}

/* lines of the process that serves it may have come first */
static void
_join_live_session(Feed *feed, Connection *connection)
{
  Session *session = pointer_map_get(&feed->host->clients, connection->hash);

  if (!session || session->connected_counted || connection->stamp.local_usec > session->first.local_usec)
    return;
  tracker_join_connection(feed, session, connection);
  if (session->closed)
    tracker_end_session(feed->tracker, session, ER_COMPLETE, feed->out);
}

static void
_connect(Feed *feed)
{
  guint64 hash = host_connection_hash(feed->host, feed->line);
  Connection *known = host_find_connection(feed->host, hash), *connection;
  gint64 count;

  if (tracker_has_read_connection(feed, hash))
    {
      feed->tracker->counters.lines_repeated++;
      return;
    }
  feed->tracker->counters.lines_of_sessions++;
  if (!line_get(feed->line, F_CLIENT_PORT).len)
    return;
  if (known)
    tracker_remove_connection(feed->tracker, feed->host, known);
  connection = host_add_connection(feed->host, hash);
  connection->line_hash = feed->hash;
  connection->stamp = feed->stamp;
  connection->due_from_usec = feed->host->clock_usec;
  connection->group = journal_group_new(feed->tracker->journal);
  tracker_own_line(feed, connection->group);
  if (slice_to_int(line_get(feed->line, F_CLIENT_CONNECTION_COUNT), &count))
    connection->count = count;
  if (feed->tracker->options.keep_raw)
    connection->raw = slice_dup(feed->frame->raw);
  _join_live_session(feed, connection);
}

static void
_close_client(Message *message, const Line *line)
{
  Slice closed = line_get(line, F_CLIENT_CLOSED);
  gint64 duration;

  if (closed.str)
    record_set_text(message->record, F_CLIENT_CLOSED, closed);
  if (slice_to_decimal(line_get(line, F_CLIENT_DURATION), &duration))
    record_set_integer(message->record, F_CLIENT_DURATION, duration);
}

static void
_disconnect(Feed *feed, Session *session)
{
  Message *message = session->last_message;

  if (message && message->state == MS_OPEN && message_see(message, feed->hash))
    {
      tracker_keep_line(feed, message);
      _close_client(message, feed->line);
    }
  tracker_bury_line(feed);
  if (session->lines == 1 && session->client_key)
    tracker_close_session(feed->tracker, session);
  else
    tracker_end_session(feed->tracker, session, ER_COMPLETE, feed->out);
}

/* nobody will ask what the line says: whatever is known was handed over */
static gboolean
_ends_without_document(const Line *line, const Session *session)
{
  return line->role == LR_DISCONNECT && session->n_accepted && !session->pending.head && !line->queue_id.len
         && !session_wants_document(session);
}

/* a log without pids: nothing joins the line to another one */
static void
_feed_single(Feed *feed)
{
  Tracker *tracker = feed->tracker;

  if (tracker_tombstone(tracker, feed->hash))
    {
      tracker->counters.lines_repeated++;
      return;
    }
  tracker->counters.lines_of_sessions++;
  if (feed->line->role != LR_REFUSAL)
    return;

  Session *session = session_new(feed->host, &feed->stamp);
  session->id_hash = slice_fingerprint(feed->frame->text);
  session->offset_source = feed->offset_source;
  session->offset_sec = tracker_offset_at(tracker, &feed->stamp);
  session_see(session, feed->hash, &feed->stamp);
  tracker_keep_session_line(feed, session, feed->frame->raw);
  session_merge_only_line(session, feed->line, &tracker->options);
  session_add_refusal(session, feed->line, &feed->stamp);
  session->group = journal_group_new(tracker->journal);
  tracker_own_line(feed, session->group);
  journal_group_unref(tracker->journal, session->group);
  _emit_single(feed, session);
  tracker_bury_line(feed);
}

void
tracker_feed_session(Feed *feed)
{
  TrackerCounters *counters = &feed->tracker->counters;

  if (feed->line->role == LR_CONNECT)
    {
      _connect(feed);
      return;
    }
  if (!feed->frame->pid)
    {
      _feed_single(feed);
      return;
    }
  Session *live = host_find_session(feed->host, feed->process_key);
  const Tombstone *ended = tracker_ended_session(feed, live);
  if (tracker_is_of_ended_session(feed, ended))
    {
      counters->lines_repeated++;
      return;
    }
  if (tracker_is_afterword(feed, live, ended))
    {
      counters->lines_of_sessions++;
      return;
    }
  Session *session = tracker_session_after(feed, live, ended, feed->line->role != LR_REMARK);
  if (!session)
    {
      counters->lines_not_ours++;
      return;
    }
  if (!session_see(session, feed->hash, &feed->stamp))
    {
      counters->lines_repeated++;
      return;
    }
  counters->lines_of_sessions++;
  tracker_own_line(feed, session->group);
  tracker_keep_session_line(feed, session, feed->frame->raw);
  if (!_ends_without_document(feed->line, session))
    session_merge_line(session, feed->line, &feed->tracker->options);
  if (feed->line->role == LR_REFUSAL)
    session_add_refusal(session, feed->line, &feed->stamp);
  else if (feed->line->role == LR_DISCONNECT)
    {
      tracker_lose_id(feed, session);
      _disconnect(feed, session);
    }
}
