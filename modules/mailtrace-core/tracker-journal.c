/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the tracker writes into its journal, and how it comes to life again from what an earlier run left there */
#include "tracker-internal.h"

void
tracker_give_line(Feed *feed, JournalGroup group)
{
  journal_group_unref(feed->tracker->journal, feed->group);
  feed->group = journal_group_ref(feed->tracker->journal, group);
}

static guint64
_entry_seq(const Tracker *self)
{
  return self->replayed ? self->replayed->seq : 0;
}

static guint
_logs(const Host *host)
{
  return (host->logs_dkim ? JF_LOGS_DKIM : 0) | (host->logs_spam ? JF_LOGS_SPAM : 0);
}

/* TRUE: the journal does not know all of it yet */
static gboolean
_note_known(Host *host)
{
  const gint64 known[HOST_KNOWN] = { host->offset_sec, host->old_offset_sec, host->offset_changed_usec,
                                     (gint64) _logs(host) << 1 | (host->offset_sure != FALSE) };
  gboolean is_known = TRUE;

  for (guint i = 0; i < HOST_KNOWN; i++)
    is_known &= known[i] == host->journaled[i];
  memcpy(host->journaled, known, sizeof(known));
  return !is_known;
}

static void
_take_logs(Host *host, guint flags)
{
  host->logs_dkim = (flags & JF_LOGS_DKIM) != 0;
  host->logs_spam = (flags & JF_LOGS_SPAM) != 0;
}

static void
_journal_host(Tracker *self, Host *host)
{
  if (!journal_has_file(self->journal) || !_note_known(host))
    return;

  JournalEntry entry = { .kind = JK_HOST, .clock_usec = host->clock_usec, .usec = host->offset_changed_usec,
                         .number = (guint32) host->old_offset_sec };
  entry.seq = self->replayed ? self->replayed->seq : journal_next_seq(self->journal);
  entry.flags = _logs(host) | (host->offset_sure ? JF_OFFSET_SURE : 0);
  entry.frame.host = host_name(host);
  entry.frame.stamp.offset_sec = host->offset_sec;
  host->journal_seq = entry.seq;
  journal_add(self->journal, 0, &entry);
}

void
tracker_journal_line(Feed *feed)
{
  Tracker *self = feed->tracker;

  if (!feed->group)
    return;
  JournalEntry entry = { .kind = feed->kind, .flags = feed->journal_flags, .seq = feed->seq, .frame = *feed->frame };
  entry.frame.stamp = feed->stamp;
  if (!entry.seq)
    entry.seq = _entry_seq(self);
  entry.flags |= _logs(feed->host) | (feed->frame->has_header ? JF_HAS_HEADER : 0);
  if (!self->options.keep_raw)
    entry.frame.raw = SLICE_NONE;
  entry.frame.host = host_name(feed->host);
  entry.queue_id = slice_from_string(feed->offset_source);
  entry.clock_usec = feed->host->clock_usec;
  journal_add(self->journal, feed->group, &entry);
  journal_group_unref(self->journal, feed->group);
  feed->group = 0;
  feed->is_journaled = TRUE;
  _journal_host(self, feed->host);
}

void
tracker_journal_revision(Tracker *self, const Message *message, guint flags)
{
  const IdEntry *first = message->first_id;
  JournalEntry entry = { .kind = JK_REVISION, .flags = flags, .number = message->revision,
                         .queue_id = slice_new(first->id, first->len) };

  entry.frame.host = host_name(message->host);
  journal_add(self->journal, message->group, &entry);
}

void
tracker_journal_link(Tracker *self, const Message *message, guint flags, Slice other)
{
  const IdEntry *first = message->first_id;
  JournalEntry entry = { .kind = JK_LINK, .flags = flags, .seq = _entry_seq(self),
                         .queue_id = slice_new(first->id, first->len) };

  entry.frame.host = host_name(message->host);
  entry.frame.text = other;
  journal_add(self->journal, message->group, &entry);
}

gboolean
tracker_keeps(const JournalEntry *entry, gpointer tracker)
{
  Tracker *self = tracker;

  const Host *host = entry->kind == JK_HOST ? tracker_find_host(self, entry->frame.host) : NULL;
  if (entry->kind == JK_HOST)
    return host && host->journal_seq == entry->seq;
  const Tombstone *tombstone = tracker_tombstone(self, entry->hash);
  return tombstone && tombstone->closed_usec == entry->usec;
}

Journal *
tracker_journal(Tracker *self)
{
  return self->journal;
}

void
tracker_settle(Tracker *self, const Receipt *receipt)
{
  Message *message = receipt->message;

  if (message)
    {
      message->n_underway--;
      message->host->n_underway--;
      message->host->is_uncounted = TRUE;
      if (receipt->revision > message->arrived_revision)
        {
          message->arrived_revision = receipt->revision;
          if (message->state != MS_ENDED)
            tracker_journal_revision(self, message, JF_ARRIVED);
        }
    }
  journal_group_unref(self->journal, receipt->group);
}

static const gchar *
_offset_source(Slice name)
{
  static const gchar *const sources[] = { "stamp", "queue-id", "option" };

  for (guint i = 0; i < G_N_ELEMENTS(sources); i++)
    if (slice_equals(name, slice_from_string(sources[i])))
      return sources[i];
  return "option";
}

static void
_drop_pieces_of(Tracker *self, Host *host, const Frame *frame)
{
  JoinedRecord pieces;

  if (!host->pieces || !pieces_take_of(host->pieces, frame, &pieces))
    return;
  journal_group_unref(self->journal, pieces.tag);
  joined_record_release(&pieces);
}

static void
_relearn_offset(Tracker *self, Host *host, const Stamp *stamp)
{
  Stamp bare = { stamp->local_usec, STAMP_OFFSET_UNKNOWN };

  if (host->offset_sec != STAMP_OFFSET_UNKNOWN || !stamp_has_offset(stamp))
    return;
  host_shift_clock(host, (gint64) (tracker_offset_at(self, &bare) - stamp->offset_sec) * STAMP_USEC);
  host->offset_sec = stamp->offset_sec;
}

/* in this run no line has told it yet, or this one is what told it */
static void
_replay_offset(Feed *feed, gboolean tells)
{
  Stamp resolved = feed->stamp;
  QueueId id;

  feed->offset_is_learned = !tells;
  _relearn_offset(feed->tracker, feed->host, &resolved);
  if (!tells || !queue_id_decode(feed->line->queue_id, &id))
    return;
  feed->stamp.offset_sec = STAMP_OFFSET_UNKNOWN;
  feed->host->doubted_offset_sec = resolved.offset_sec;
  tracker_learn_offset(feed, &id);
  feed->stamp = resolved;
}

static void
_replay_line(Tracker *self, const JournalEntry *entry)
{
  Feed feed;
  Line line;

  feed_init(&feed, self, tracker_host(self, entry->frame.host), &entry->frame, &line, &self->replayed_sessions);
  feed.kind = entry->kind;
  _take_logs(feed.host, entry->flags);
  feed.journal_flags = entry->flags & (JF_RECORD_CUT | JF_RECORD_AT_FEED);
  feed.offset_source = _offset_source(entry->queue_id);
  line_parse(feed.frame, &line);
  if (entry->kind == JK_RECORD)
    {
      _drop_pieces_of(self, feed.host, feed.frame);
      line.is_cut = (entry->flags & JF_RECORD_CUT) != 0;
      if (tracker_is_half_a_verdict(&line, (entry->flags & JF_RECORD_AT_FEED) != 0))
        line.role = LR_UNKNOWN;
    }
  if (line.role == LR_UNKNOWN || line.role == LR_NOT_OURS || line.role == LR_SERVICE || line.role == LR_RESTART)
    return;
  if (line.role == LR_CONTINUATION)
    {
      tracker_gather_piece(self, feed.host, feed.frame, feed.out);
      return;
    }
  if (g_str_equal(feed.offset_source, "queue-id"))
    _replay_offset(&feed, (entry->flags & JF_TELLS_OFFSET) != 0);
  feed.usec = feed.stamp.local_usec - (gint64) tracker_offset_at(self, &feed.stamp) * STAMP_USEC;
  tracker_feed_parsed(self, feed.host, &feed);
}

/* its documents arrived in an earlier run */
static void
_discard(Tracker *self, Message *message, gint64 closed_usec)
{
  if (message->state == MS_OPEN)
    self->open_messages--;
  message->touched_usec = closed_usec;
  tracker_forget_message(self, message);
}

static void
_replay_message_end(Tracker *self, const JournalEntry *entry)
{
  IdEntry *id = host_find_id(tracker_host(self, entry->frame.host), entry->queue_id);

  if (id && id->message->generation <= entry->number)
    _discard(self, id->message, entry->usec);
  tracker_bury(self, entry, entry->number);
}

static void
_replay_session_end(Tracker *self, const JournalEntry *entry)
{
  Host *host = tracker_host(self, entry->frame.host);
  Session *session = host_find_session(host, host_process_key(host, entry->frame.node, entry->frame.pid));

  if (session && session->first.local_usec == entry->clock_usec)
    tracker_end_session(self, session, (EndReason) MIN(entry->number, ER_SHUTDOWN), &self->replayed_sessions);
  tracker_bury(self, entry, stamp_has_offset(&entry->frame.stamp) ? 1 : TOMBSTONE_LOCAL);
}

static void
_replay_revision(Tracker *self, const JournalEntry *entry)
{
  IdEntry *id = host_find_id(tracker_host(self, entry->frame.host), entry->queue_id);

  if (!id)
    return;
  id->message->revision = MAX(id->message->revision, entry->number);
  if (entry->flags & JF_ARRIVED)
    id->message->arrived_revision = MAX(id->message->arrived_revision, entry->number);
  journal_add(self->journal, id->message->group, entry);
}

static void
_replay_link(Tracker *self, const JournalEntry *entry)
{
  IdEntry *id = host_find_id(tracker_host(self, entry->frame.host), entry->queue_id);
  gboolean (*name)(Message *, Slice) = entry->flags & JF_IS_CAUSE ? tracker_name_cause : tracker_name_bounce;

  if (!id || !name(id->message, entry->frame.text))
    return;
  id->message->revision += id->message->state == MS_ENDED;
  journal_add(self->journal, id->message->group, entry);
}

static void
_replay_host(Tracker *self, const JournalEntry *entry)
{
  Host *host = tracker_host(self, entry->frame.host);

  host->offset_sec = entry->frame.stamp.offset_sec;
  host->old_offset_sec = (gint32) entry->number;
  host->offset_changed_usec = entry->usec;
  host->offset_sure = (entry->flags & JF_OFFSET_SURE) != 0;
  _take_logs(host, entry->flags);
  host_set_clock(host, entry->clock_usec, &(ClockLine) { .usec = entry->clock_usec });
  _journal_host(self, host);
}

void
tracker_replay(Tracker *self, const JournalEntry *entry)
{
  self->replayed = entry;
  journal_skip_seq(self->journal, entry->seq);
  switch (entry->kind)
    {
    case JK_LINE:
    case JK_RECORD:
      _replay_line(self, entry);
      break;
    case JK_MESSAGE_END:
      _replay_message_end(self, entry);
      break;
    case JK_SESSION_END:
      _replay_session_end(self, entry);
      break;
    case JK_LINE_END:
      tracker_bury(self, entry, 1);
      break;
    case JK_REVISION:
      _replay_revision(self, entry);
      break;
    case JK_LINK:
      _replay_link(self, entry);
      break;
    case JK_HOST:
      _replay_host(self, entry);
      break;
    default:
      break;
    }
  self->replayed = NULL;
}

static void
_emit_again(Tracker *self, GQueue *queue, SummaryQueue *out)
{
  for (GList *link = queue->head; link; link = link->next)
    {
      Message *message = link->data;

      self->counters.messages_opened++;
      if (message->state == MS_ENDED)
        {
          self->counters.messages_ended[message->end_reason]++;
          message->revision--;
          tracker_emit_message(self, message, TRUE, out);
        }
      else if (message->revision > message->arrived_revision)
        tracker_emit_message(self, message, FALSE, out);
    }
}

/* the lines were counted by the run that read them */
void
tracker_replay_done(Tracker *self, SummaryQueue *out)
{
  GHashTableIter iter;
  Host *host;
  Summary *summary;

  self->counters = (TrackerCounters) { 0 };
  while ((summary = summary_queue_pop(&self->replayed_sessions)))
    {
      self->counters.sessions_ended++;
      summary_queue_push(out, summary);
    }
  g_hash_table_iter_init(&iter, self->hosts);
  while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &host))
    {
      /* lines that are read again are older: they tell nothing about it */
      host->clock_sure = TRUE;
      _emit_again(self, &host->ended, out);
      _emit_again(self, &host->closing, out);
      _emit_again(self, &host->open, out);
    }
}
