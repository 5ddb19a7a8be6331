/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracker-internal.h"

#define HOST_NAME_MAX_LEN 255

void
tracker_options_init(TrackerOptions *self)
{
  *self = (TrackerOptions)
  {
    .timeout_sec = 604800,
    .interim_after_sec = 3600,
    .settle_sec = 30,
    .session_timeout_sec = 300,
    .max_messages = 1000000,
    .max_recipients = 10000,
    .max_message_bytes = 1024 * 1024,
    .max_tombstones = 100000,
    .max_hosts = 10000,
  };
}

Tracker *
tracker_new(const TrackerOptions *options)
{
  Tracker *self = g_new0(Tracker, 1);

  self->options = *options;
  self->hosts = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) host_free);
  host_shared_init(&self->shared, options->hash_seed);
  self->journal = journal_new(tracker_keeps, self);
  return self;
}

void
tracker_set_options(Tracker *self, const TrackerOptions *options)
{
  guint64 seed = self->options.hash_seed;

  self->options = *options;
  self->options.hash_seed = seed;
  for (GList *link = self->hosts_by_line.head; link; link = link->next)
    {
      Host *host = link->data;

      host->is_uncounted = TRUE;
      host->due_usec = 0;
    }
}

void
tracker_free(Tracker *self)
{
  Summary *summary;

  while ((summary = summary_queue_pop(&self->replayed_sessions)))
    summary_free(summary);
  g_hash_table_destroy(self->hosts);
  tracker_free_tombstones(self);
  journal_free(self->journal);
  host_shared_release(&self->shared);
  g_free(self);
}

Host *
tracker_find_host(const Tracker *self, Slice name)
{
  guint64 hash = slice_hash(slice_head(name, HOST_NAME_MAX_LEN), self->options.hash_seed);

  return g_hash_table_lookup(self->hosts, &hash);
}

static Host *
_new_host(Tracker *self, Slice name)
{
  Host *host = host_new(slice_head(name, HOST_NAME_MAX_LEN), self->options.hash_seed, &self->shared);

  g_hash_table_insert(self->hosts, &host->line_seed, host);
  g_queue_push_tail_link(&self->hosts_by_line, &host->link);
  return host;
}

static __attribute__((noinline)) Host *
_other_host(Tracker *self, Slice name)
{
  Host *host = tracker_find_host(self, name);

  if (!host)
    host = _new_host(self, name);
  g_queue_unlink(&self->hosts_by_line, &host->link);
  g_queue_push_tail_link(&self->hosts_by_line, &host->link);
  return self->last_host = host;
}

static inline Host *
_host(Tracker *self, Slice name)
{
  Host *last = self->last_host;

  return last && slice_equals(host_name(last), name) ? last : _other_host(self, name);
}

Host *
tracker_host(Tracker *self, Slice name)
{
  return _host(self, name);
}

void
tracker_remove_host(Tracker *self, Host *host)
{
  if (self->last_host == host)
    self->last_host = NULL;
  g_queue_unlink(&self->hosts_by_line, &host->link);
  g_hash_table_remove(self->hosts, &host->line_seed);
}

gint32
tracker_offset_at(const Tracker *self, const Stamp *stamp)
{
  if (stamp_has_offset(stamp))
    return stamp->offset_sec;
  if (self->options.offset_at)
    return self->options.offset_at(stamp->local_usec / STAMP_USEC, self->options.offset_data);
  return self->options.offset_sec;
}

/* it says so the moment it is done with it: what others say, or a later process with its pid, may come half an hour
 * later and pass for another offset */
static gboolean
_is_by_maker(const Feed *feed, const QueueId *id)
{
  return feed->line->role == LR_ARRIVAL || (feed->line->parent.len && feed->frame->pid == id->pid);
}

/* all that is due was reckoned with an offset that was nothing but assumed, or told by a line that may be late; unless
 * summer time has just begun or ended */
static void
_correct_clock(Feed *feed, gint32 assumed, gboolean was_sure)
{
  Stamp stamp = { feed->stamp.local_usec, feed->host->offset_sec };

  if (!was_sure && ABS(stamp_to_utc_usec(&stamp) - feed->host->clock_usec) > CLOCK_TOLERANCE_SEC * STAMP_USEC)
    host_shift_clock(feed->host, (gint64) (assumed - feed->host->offset_sec) * STAMP_USEC);
}

gboolean
tracker_learn_offset(Feed *feed, const QueueId *id)
{
  Host *host = feed->host;
  gboolean is_known = host->offset_sec != STAMP_OFFSET_UNKNOWN, was_sure = host->offset_sure;
  gint32 assumed = is_known ? host->offset_sec : tracker_offset_at(feed->tracker, &feed->stamp);

  if (!host_learn_offset(host, id, &feed->stamp))
    return FALSE;
  host->offset_sure = _is_by_maker(feed, id);
  _correct_clock(feed, assumed, was_sure);
  feed->stamp.offset_sec = host->offset_sec;
  feed->journal_flags |= JF_TELLS_OFFSET;
  return TRUE;
}

static inline gboolean
_offset_is_known(const Feed *feed)
{
  return feed->host->offset_sec != STAMP_OFFSET_UNKNOWN;
}

/* lines that are read again tell what was */
static gboolean
_is_first_arrival(Feed *feed)
{
  const IdEntry *entry = feed_find_id(feed);

  return (!entry || (feed->line->role == LR_ARRIVAL && entry->message->state == MS_PENDING))
         && !tracker_tombstone(feed->tracker, feed_id_key(feed));
}

/* TRUE: the line names an id for the first time, or its arrival, and that tells the offset */
static __attribute__((noinline)) gboolean
_learn_offset(Feed *feed)
{
  return _is_first_arrival(feed) && feed_decode_id(feed)
         && !(_offset_is_known(feed) && !_is_by_maker(feed, &feed->id))
         && tracker_learn_offset(feed, &feed->id);
}

static inline gboolean
_may_tell_offset(const Feed *feed)
{
  const Line *line = feed->line;

  return line->queue_id.len && (!_offset_is_known(feed) || line->role == LR_ARRIVAL || line->parent.len);
}

/* a process is one of its host */
static inline __attribute__((always_inline)) void
_hash_line(Feed *feed)
{
  const Frame *frame = feed->frame;
  guint64 process = feed->process_key ? feed->process_key : feed->host->line_seed;

  feed->hash = hash_said(feed->host->hash_key, frame->text, frame->program, process, frame->stamp.local_usec);
}

/* at the end of summer time an hour comes twice: lines that are read again keep the offset of before */
static __attribute__((noinline)) void
_doubt_stamp(Feed *feed)
{
  const Host *host = feed->host;
  Stamp *stamp = &feed->stamp;

  if (!host_doubts_stamp(host, stamp, feed->line->queue_id.len > 0))
    return;
  stamp->offset_sec = host->old_offset_sec;
  feed->usec = stamp_to_utc_usec(stamp);
  feed->process_key = host_process_key(host, feed->frame->node, feed->frame->pid);
  _hash_line(feed);
  if (!tracker_has_read(feed))
    stamp->offset_sec = host->offset_sec;
}

static inline __attribute__((always_inline)) void
_resolve_time(Feed *feed)
{
  Stamp *stamp = &feed->stamp;

  feed->offset_source = "stamp";
  if (!stamp_has_offset(stamp))
    {
      feed->offset_is_learned = !(_may_tell_offset(feed) && _learn_offset(feed)) && _offset_is_known(feed);
      if (feed->offset_is_learned)
        {
          host_resolve_stamp(feed->host, stamp);
          if (feed->host->old_offset_sec != STAMP_OFFSET_UNKNOWN)
            _doubt_stamp(feed);
        }
      feed->offset_source = stamp_has_offset(stamp) ? "queue-id" : "option";
    }
  feed->usec = stamp->local_usec - (gint64) tracker_offset_at(feed->tracker, stamp) * STAMP_USEC;
}

static ClockLine
_clock_line(const Feed *feed)
{
  gint32 offset = feed->offset_is_learned ? feed->stamp.offset_sec : feed->host->offset_sec;

  return (ClockLine) { feed->usec, feed->hash, feed->line->queue_id, feed->offset_is_learned, offset };
}

static __attribute__((noinline)) void
_follow_far_line(const Feed *feed)
{
  ClockLine line = _clock_line(feed);

  host_follow_line(feed->host, &line);
}

/* where it was in an earlier run */
static __attribute__((noinline)) void
_replay_clock(const Feed *feed)
{
  ClockLine line = _clock_line(feed);

  host_set_clock(feed->host, feed->tracker->replayed->clock_usec, &line);
}

static inline void
_follow_line(const Feed *feed)
{
  if (!host_follow_near(feed->host, feed->usec))
    _follow_far_line(feed);
}

static gboolean
_count_unjoined(Tracker *self, const Line *line)
{
  self->counters.lines_by_role[line->role]++;
  switch (line->role)
    {
    case LR_UNKNOWN:
      self->counters.lines_unknown++;
      return TRUE;
    case LR_NOT_OURS:
    case LR_SERVICE:
    case LR_RESTART:
      self->counters.lines_not_ours++;
      return TRUE;
    default:
      return FALSE;
    }
}

/* the client that the line's process serves, as far as other lines tell: those of the process, or that a client with
 * the address of one reading did connect */
static Slice
_known_client(const Feed *feed)
{
  const Line *line = feed->line;
  Session *session = host_find_session(feed->host, feed->process_key);
  Slice ip = line_get(line, F_CLIENT_IP), port = line_get(line, F_CLIENT_PORT);
  Slice known = session ? session_client_ip(session) : SLICE_NONE;

  if (known.len)
    return known;
  if (line->other_port.len && !host_knows_connection(feed->host, ip, port)
      && host_knows_connection(feed->host, line->other_ip, line->other_port))
    return line->other_ip;
  return SLICE_NONE;
}

/* a warning or a reason may imitate a whole line about another client: a process serves one only */
static __attribute__((noinline)) void
_read_again(Feed *feed, Line *again)
{
  Slice known = _known_client(feed);

  if (!known.len || slice_equals(known, line_get(feed->line, F_CLIENT_IP)))
    return;
  line_parse_of(feed->frame, known, again);
  feed->line = again;
  feed->id_key = 0;
  feed->id_is_told = 0;
}

/* an access control list that drops the client after its data closes the connection before Exim forgets the id */
static inline gboolean
_ends_connection(const Line *line)
{
  return line->role == LR_DISCONNECT && !slice_equals(line_get(line, F_CLIENT_CLOSED), SLICE("lost"));
}

/* stamp and offset are resolved */
static inline __attribute__((always_inline)) void
_feed_resolved(Tracker *self, Host *host, Feed *feed)
{
  Line again;

  feed->process_key = host_process_key(host, feed->frame->node, feed->frame->pid);
  _hash_line(feed);
  _follow_line(feed);
  if (self->replayed)
    _replay_clock(feed);
  if (host->clock_usec >= host->due_usec)
    tracker_expire(self, host, feed->out);
  feed->seq = self->replayed ? self->replayed->seq : journal_next_seq(self->journal);
  self->feeding = feed;
  if (feed->line->several_clients)
    _read_again(feed, &again);
  if (feed->line->queue_id.len && !_ends_connection(feed->line))
    tracker_feed_id(feed);
  else
    tracker_feed_session(feed);
  if (feed->group)
    tracker_journal_line(feed);
  self->feeding = NULL;
  tracker_enforce_limits(self, host, feed->out);
}

void
tracker_feed_parsed(Tracker *self, Host *host, Feed *feed)
{
  _feed_resolved(self, host, feed);
}

static inline __attribute__((always_inline)) void
_feed(Tracker *self, Host *host, const Frame *frame, const Line *line, SummaryQueue *out)
{
  Feed feed;

  feed_init(&feed, self, host, frame, line, out);
  _resolve_time(&feed);
  _feed_resolved(self, host, &feed);
}

/* where the text breaks off a word may be half of one */
static Slice
_without_last_word(Slice text)
{
  gssize blank = slice_find_last_char(text, ' ');

  return blank < 0 ? SLICE("") : slice_head(text, (gsize) blank);
}

/* a signer may put a line feed into its signature: what stands in front of it is no verdict of Exim */
gboolean
tracker_is_half_a_verdict(const Line *line, gboolean ends_at_feed)
{
  return ends_at_feed && line_get(line, F_DKIM_SIGNATURE_RESULT).str;
}

static void
_feed_joined(Tracker *self, Host *host, const JoinedRecord *record, const Line *line, SummaryQueue *out)
{
  Feed feed;

  feed_init(&feed, self, host, &record->frame, line, out);
  feed.kind = JK_RECORD;
  if (record->is_cut)
    feed.journal_flags |= JF_RECORD_CUT;
  if (record->ends_at_feed)
    feed.journal_flags |= JF_RECORD_AT_FEED;
  _resolve_time(&feed);
  tracker_feed_parsed(self, host, &feed);
}

/* each of its pieces was counted as a continuation when it came; the last one becomes the record's line */
static void
_feed_record(Tracker *self, Host *host, JoinedRecord *record, SummaryQueue *out)
{
  Line line;

  record->frame.host = host_name(host);
  if (record->is_cut)
    record->frame.text = _without_last_word(record->frame.text);
  line_parse(&record->frame, &line);
  line.is_cut = record->is_cut;
  if (tracker_is_half_a_verdict(&line, record->ends_at_feed))
    line.role = LR_UNKNOWN;
  self->counters.lines_continued--;
  self->counters.lines_by_role[LR_CONTINUATION]--;
  if (_count_unjoined(self, &line))
    ;
  else if (line.role == LR_CONTINUATION)
    self->counters.lines_continued++;
  else
    _feed_joined(self, host, record, &line, out);
  journal_group_unref(self->journal, record->tag);
  joined_record_release(record);
}

static void
_give_up_pieces(Tracker *self, Host *host, gint64 before_usec, SummaryQueue *out)
{
  JoinedRecord record;

  while (host->pieces && pieces_take_due(host->pieces, before_usec, &record))
    _feed_record(self, host, &record, out);
}

static void
_give_up_due_pieces(Tracker *self, Host *host, SummaryQueue *out)
{
  _give_up_pieces(self, host, host->clock_usec - self->options.settle_sec * STAMP_USEC, out);
}

/* pieces behind the first one have no stamp of Exim's, and perhaps none at all */
static void
_advance_clock(Tracker *self, Host *host, const Frame *frame)
{
  Feed feed = { .tracker = self, .host = host, .frame = frame, .stamp = frame->stamp };
  Line none = { .role = LR_CONTINUATION };

  feed.line = &none;   /* names no id */
  if (!frame->stamp.local_usec)
    return;
  feed.process_key = host_process_key(host, frame->node, frame->pid);
  _resolve_time(&feed);
  _hash_line(&feed);
  _follow_line(&feed);
  if (self->replayed)
    _replay_clock(&feed);
}

/* a piece that made its record whole is in the journal as a part of it */
static void
_journal_piece(Tracker *self, Host *host, const Frame *frame)
{
  Feed feed = { .tracker = self, .host = host, .frame = frame, .stamp = frame->stamp, .kind = JK_LINE, .offset_source = "" };
  guint32 *tag = pieces_tag(host->pieces, frame);

  if (!tag)
    return;
  if (!*tag)
    *tag = journal_group_new(self->journal);
  tracker_own_line(&feed, *tag);
  tracker_journal_line(&feed);
}

void
tracker_gather_piece(Tracker *self, Host *host, const Frame *frame, SummaryQueue *out)
{
  JoinedRecord record;
  gboolean is_joined;
  Piece piece;

  if (!piece_parse(frame->text, &piece))
    return;
  if (!host->pieces)
    host->pieces = pieces_new(self->options.hash_seed);
  _advance_clock(self, host, frame);
  if (!self->replayed)
    _give_up_due_pieces(self, host, out);
  is_joined = pieces_add(host->pieces, frame, &piece, host->clock_usec, &record);
  _journal_piece(self, host, frame);
  if (is_joined)
    _feed_record(self, host, &record, out);
}

/* the process of a whole line has nothing more to say about a record in pieces */
static void
_give_up_pieces_of(Tracker *self, Host *host, const Frame *frame, SummaryQueue *out)
{
  JoinedRecord record;

  _give_up_due_pieces(self, host, out);
  if (pieces_take_of(host->pieces, frame, &record))
    _feed_record(self, host, &record, out);
}

static void
_age(Tracker *self, Host *host, SummaryQueue *out)
{
  _give_up_due_pieces(self, host, out);
  tracker_expire(self, host, out);
  tracker_enforce_limits(self, host, out);
}

void
tracker_feed(Tracker *self, const Frame *frame, const Line *line, gint64 now_usec, SummaryQueue *out)
{
  Host *host;

  if (_count_unjoined(self, line))
    return;
  host = _host(self, frame->host);
  host->wall_usec = now_usec;
  if (line->role == LR_CONTINUATION)
    {
      self->counters.lines_continued++;
      tracker_gather_piece(self, host, frame, out);
    }
  else
    {
      if (host->pieces)
        _give_up_pieces_of(self, host, frame, out);
      _feed(self, host, frame, line, out);
    }
  if (self->hosts_by_line.length > self->options.max_hosts)
    tracker_evict_hosts(self, host, out);
}

void
tracker_tick(Tracker *self, gint64 now_usec, SummaryQueue *out)
{
  GHashTableIter iter;
  Host *host;

  g_hash_table_iter_init(&iter, self->hosts);
  while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &host))
    {
      if (host->wall_usec && now_usec > host->wall_usec)
        host->clock_usec += now_usec - host->wall_usec;
      host->wall_usec = now_usec;
      _age(self, host, out);
    }
}

static void
_finish_session(Tracker *self, Session *session, EndReason reason, SummaryQueue *out)
{
  tracker_end_session(self, session, session->closed ? ER_COMPLETE : reason, out);
}

void
tracker_finish_host(Tracker *self, Host *host, EndReason reason, SummaryQueue *out)
{
  _give_up_pieces(self, host, G_MAXINT64, out);
  while (host->closing.head)
    tracker_end_message(self, host->closing.head->data, ER_COMPLETE, FALSE, out);
  while (host->live_sessions.head)
    _finish_session(self, host->live_sessions.head->data, reason, out);
  while (host->pending.head)
    tracker_end_pending(self, host->pending.head->data, reason, out);
  while (host->open.head)
    tracker_end_message(self, host->open.head->data, reason, FALSE, out);
}

static gint
_compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(((const Host *) a)->name, ((const Host *) b)->name);
}

void
tracker_finish(Tracker *self, EndReason reason, SummaryQueue *out)
{
  GList *hosts = g_list_sort(g_hash_table_get_values(self->hosts), _compare_names);

  for (GList *host = hosts; host; host = host->next)
    tracker_finish_host(self, host->data, reason, out);
  g_list_free(hosts);
}

guint
tracker_open_messages(const Tracker *self)
{
  return self->open_messages;
}

guint
tracker_open_sessions(const Tracker *self)
{
  return self->open_sessions;
}

const TrackerCounters *
tracker_counters(const Tracker *self)
{
  return &self->counters;
}

