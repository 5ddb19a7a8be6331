/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state.h"

#define SHARDS 8
#define HOST_GROUPS 256
#define CACHE_LINE 64

/* each in cache lines of its own: threads that feed different ones do not wait for each other's memory */
typedef struct _Shard
{
  GMutex lock;
  Tracker *tracker;
  EndReason finished;       /* ER_NONE: not yet */
  SummaryQueue replayed;    /* documents of an earlier run that may not have arrived, for the next tick */
} __attribute__((aligned(CACHE_LINE))) Shard;

/* what is under way; its lock is never held together with a shard's */
typedef struct _Traffic
{
  GMutex lock;
  DeliveryQueue refused;
  GQueue held;          /* Ride: lines that the journal has not for good */
  guint under_way;      /* deliveries, refused ones included */
  guint fresh;          /* of those, begun since the last tick */
  guint generation;     /* the tick */
  gboolean left;
  guint64 documents[RECORD_KIND_COUNT], acknowledged, not_taken, resent;
} Traffic;

struct _MailtraceState
{
  gatomicrefcount references;
  guint64 seed;
  MailtraceOptions options;   /* the trackers point into it */
  JournalFile *file, *next_file;
  gboolean file_changes;      /* to next_file, at the next tick */
  gboolean keeps_past;        /* until what lives of it is in the file for good once more */
  gint full;                  /* atomic; lines are not in the file for good, of all shards */
  gboolean told_full;         /* by the last tick */
  guint64 torn_blocks;        /* of the file, not yet told */
  Traffic traffic;
  gint shard_of_group[HOST_GROUPS];   /* atomic; plus 1, 0: no host of it was seen yet */
  gint groups;                        /* atomic; that were seen */
  Shard shards[SHARDS];
};

MailtraceState *
mailtrace_state_new(void)
{
  MailtraceState *self = g_aligned_alloc0(1, sizeof(MailtraceState), CACHE_LINE);

  g_atomic_ref_count_init(&self->references);
  self->seed = ((guint64) g_random_int() << 32) | g_random_int();
  mailtrace_options_init(&self->options);
  g_mutex_init(&self->traffic.lock);
  g_queue_init(&self->traffic.held);
  for (guint i = 0; i < SHARDS; i++)
    g_mutex_init(&self->shards[i].lock);
  return self;
}

MailtraceState *
mailtrace_state_ref(MailtraceState *self)
{
  g_atomic_ref_count_inc(&self->references);
  return self;
}

static void
_clear_traffic(MailtraceState *self)
{
  AckType type = self->traffic.left ? AT_UNDEFINED : AT_ABORTED;
  Delivery *refused;
  Ride *ride;

  while ((refused = delivery_queue_pop(&self->traffic.refused)))
    {
      ride_give_up(refused->ride, type);
      delivery_free(refused);
    }
  while ((ride = g_queue_pop_head(&self->traffic.held)))
    ride_give_up(ride, type);
  g_mutex_clear(&self->traffic.lock);
}

static void
_close(JournalFile **file)
{
  if (*file)
    journal_file_unref(*file);
  *file = NULL;
}

static void
_clear_summaries(SummaryQueue *summaries)
{
  Summary *summary;

  while ((summary = summary_queue_pop(summaries)))
    summary_free(summary);
}

void
mailtrace_state_unref(MailtraceState *self)
{
  if (!self || !g_atomic_ref_count_dec(&self->references))
    return;
  _clear_traffic(self);
  for (guint i = 0; i < SHARDS; i++)
    {
      _clear_summaries(&self->shards[i].replayed);
      if (self->shards[i].tracker)
        tracker_free(self->shards[i].tracker);
      g_mutex_clear(&self->shards[i].lock);
    }
  _close(&self->file);
  _close(&self->next_file);
  mailtrace_options_clear(&self->options);
  g_aligned_free(self);
}

static gboolean
_is_fresh(const MailtraceState *self)
{
  return !self->shards[0].tracker;
}

/* hashes in a journal are made with its seed: the lines of other trackers cannot be added to these */
static JournalFile *
_open_next(MailtraceState *self, const gchar *path, gchar **problem, gchar **notice)
{
  JournalFile *file = journal_file_open(path, self->seed, problem, notice);

  if (file && journal_file_seed(file) != self->seed)
    {
      *problem = g_strdup("holds the lines of another parser or of an earlier run: remove it, or restart syslog-ng");
      _close(&file);
    }
  return file;
}

gboolean
mailtrace_state_open_journal(MailtraceState *self, const gchar *path, gchar **problem, gchar **notice)
{
  _close(&self->next_file);
  self->file_changes = FALSE;
  if (_is_fresh(self))
    {
      self->file = path ? journal_file_open(path, self->seed, problem, notice) : NULL;
      if (self->file)
        self->seed = journal_file_seed(self->file);
      return self->file || !path;
    }
  if (g_strcmp0(path, self->file ? journal_file_path(self->file) : NULL) == 0)
    return TRUE;
  self->next_file = path ? _open_next(self, path, problem, notice) : NULL;
  self->file_changes = self->next_file || !path;
  return self->file_changes;
}

/* shards are dealt out in turn: few hosts do not meet in one while others are idle */
static guint
_shard_of(MailtraceState *self, Slice host)
{
  gint *shard = &self->shard_of_group[slice_hash(host, self->seed) % HOST_GROUPS];

  if (!g_atomic_int_get(shard))
    g_atomic_int_compare_and_exchange(shard, 0, 1 + g_atomic_int_add(&self->groups, 1) % SHARDS);
  return (guint) g_atomic_int_get(shard) - 1;
}

static gboolean
_replay_entry(const JournalEntry *entry, gpointer s)
{
  MailtraceState *self = s;

  tracker_replay(self->shards[_shard_of(self, entry->frame.host)].tracker, entry);
  return TRUE;
}

static gboolean
_is_durable(MailtraceState *self)
{
  gboolean durable = TRUE;

  for (guint i = 0; i < SHARDS && durable; i++)
    {
      g_mutex_lock(&self->shards[i].lock);
      durable = journal_is_durable(tracker_journal(self->shards[i].tracker));
      g_mutex_unlock(&self->shards[i].lock);
    }
  return durable;
}

/* FALSE: not all is in the file for good.  Lines fed until then are not acknowledged to their source. */
static gboolean
_forget_past(MailtraceState *self)
{
  if (self->keeps_past && _is_durable(self))
    self->keeps_past = !journal_file_forget_past(self->file, self->options.journal_sync_sec > 0);
  return !self->keeps_past;
}

static void
_replay(MailtraceState *self)
{
  JournalFileStatus status;

  if (!self->file)
    return;
  for (guint i = 0; i < SHARDS; i++)
    journal_set_file(tracker_journal(self->shards[i].tracker), self->file);
  journal_file_replay(self->file, _replay_entry, self);
  for (guint i = 0; i < SHARDS; i++)
    tracker_replay_done(self->shards[i].tracker, &self->shards[i].replayed);
  journal_file_get_status(self->file, &status);
  self->torn_blocks = status.torn_blocks;
  self->keeps_past = TRUE;
  self->full = !_forget_past(self);
}

guint64
mailtrace_state_take_torn_blocks(MailtraceState *self)
{
  guint64 torn_blocks = self->torn_blocks;

  self->torn_blocks = 0;
  return torn_blocks;
}

void
mailtrace_state_set_options(MailtraceState *self, const MailtraceOptions *options)
{
  gboolean fresh = _is_fresh(self);
  TrackerOptions tracker;

  mailtrace_options_copy(&self->options, options);
  mailtrace_options_get_tracker(&self->options, &tracker);
  tracker.hash_seed = self->seed;
  tracker.wants_receipts = TRUE;
  for (guint i = 0; i < SHARDS; i++)
    {
      g_mutex_lock(&self->shards[i].lock);
      self->shards[i].finished = ER_NONE;
      if (fresh)
        self->shards[i].tracker = tracker_new(&tracker);
      else
        tracker_set_options(self->shards[i].tracker, &tracker);
      g_mutex_unlock(&self->shards[i].lock);
    }
  if (fresh)
    _replay(self);
}

JournalFile *
mailtrace_state_journal(MailtraceState *self)
{
  return self->file;
}

static void
_settle(MailtraceState *self, const Delivery *delivery)
{
  Shard *shard = &self->shards[delivery->shard];

  g_mutex_lock(&shard->lock);
  tracker_settle(shard->tracker, &delivery->summary->receipt);
  g_mutex_unlock(&shard->lock);
}

static guint
_count_documents(const Delivery *delivery)
{
  guint n = 0;

  for (guint kind = 0; kind < RECORD_KIND_COUNT; kind++)
    n += delivery->documents[kind];
  return n;
}

static void
_note_result(MailtraceState *self, Delivery *delivery, guint refused)
{
  Traffic *traffic = &self->traffic;

  g_mutex_lock(&traffic->lock);
  traffic->acknowledged += _count_documents(delivery) - refused;
  traffic->not_taken += refused;
  if (refused)
    delivery_queue_push(&traffic->refused, delivery);
  else
    {
      traffic->under_way--;
      if (delivery->generation == traffic->generation)
        traffic->fresh--;
    }
  g_mutex_unlock(&traffic->lock);
}

/* any thread; a refused delivery waits for the next tick with the line it rides on, and then is the state's own */
static void
_conclude(Delivery *delivery)
{
  MailtraceState *self = delivery->owner;
  guint refused = (guint) g_atomic_int_get(&delivery->refused);

  delivery->owner = NULL;
  if (!refused)
    _settle(self, delivery);
  _note_result(self, delivery, refused);
  if (!refused)
    {
      ride_unref(delivery->ride);
      delivery_free(delivery);
    }
  mailtrace_state_unref(self);
}

static void
_prepare(MailtraceState *self, guint shard, SummaryQueue *summaries, Ride *ride, DeliveryQueue *out)
{
  Summary *summary;

  if (!summaries->head)
    return;
  g_mutex_lock(&self->traffic.lock);
  while ((summary = summary_queue_pop(summaries)))
    {
      Delivery *delivery = delivery_new(summary);
      delivery->owner = mailtrace_state_ref(self);
      delivery->conclude = _conclude;
      delivery->shard = shard;
      delivery->ride = ride_ref(ride);
      delivery->generation = self->traffic.generation;
      self->traffic.under_way++;
      self->traffic.fresh++;
      delivery_queue_push(out, delivery);
    }
  g_mutex_unlock(&self->traffic.lock);
}

static void
_hold(MailtraceState *self, Ride *ride)
{
  if (!ride)
    return;
  g_mutex_lock(&self->traffic.lock);
  g_queue_push_tail(&self->traffic.held, ride_ref(ride));
  g_mutex_unlock(&self->traffic.lock);
}

void
mailtrace_state_feed(MailtraceState *self, const Frame *frame, const Line *parsed, LogMessage *line,
                     const LogPathOptions *path_options, DeliveryQueue *out)
{
  guint i = _shard_of(self, frame->host);
  Shard *shard = &self->shards[i];
  SummaryQueue summaries = SUMMARY_QUEUE_INIT;

  g_mutex_lock(&shard->lock);
  tracker_feed(shard->tracker, frame, parsed, g_get_real_time(), &summaries);
  /* syslog-ng goes on reading for a moment after it has told that it stops */
  if (shard->finished != ER_NONE)
    tracker_finish(shard->tracker, shard->finished, &summaries);
  gboolean durable = !g_atomic_int_get(&self->full) && journal_is_durable(tracker_journal(shard->tracker));
  gboolean held = !durable && path_options->flow_control_requested;
  g_mutex_unlock(&shard->lock);

  Ride *ride = held || summaries.head ? ride_new(line, path_options) : NULL;
  if (held)
    _hold(self, ride);
  _prepare(self, i, &summaries, ride, out);
  ride_unref(ride);
}

/* documents that were handed over before the last tick still wait */
static gboolean
_begin_tick(Traffic *self)
{
  g_mutex_lock(&self->lock);
  gboolean stalled = self->under_way > self->fresh;
  self->fresh = 0;
  self->generation++;
  g_mutex_unlock(&self->lock);
  return stalled;
}

static void
_change_file(MailtraceState *self)
{
  JournalFile *old = self->file;

  self->file = self->next_file;
  self->next_file = NULL;
  self->file_changes = FALSE;
  self->keeps_past = FALSE;
  if (self->file)
    journal_file_forget_past(self->file, FALSE);   /* what stands there is of no use */
  for (guint i = 0; i < SHARDS; i++)
    {
      g_mutex_lock(&self->shards[i].lock);
      journal_set_file(tracker_journal(self->shards[i].tracker), self->file);
      g_mutex_unlock(&self->shards[i].lock);
    }
  if (old)
    journal_file_remove(old);
  _close(&old);
}

static guint
_count_held(Traffic *self)
{
  g_mutex_lock(&self->lock);
  guint n = self->held.length;
  g_mutex_unlock(&self->lock);
  return n;
}

static void
_release_held(Traffic *self, guint n)
{
  while (n--)
    {
      g_mutex_lock(&self->lock);
      Ride *ride = g_queue_pop_head(&self->held);
      g_mutex_unlock(&self->lock);
      ride_unref(ride);
    }
}

static gboolean
_tick_shard(MailtraceState *self, guint i, gint64 now_usec, DeliveryQueue *out)
{
  Shard *shard = &self->shards[i];
  SummaryQueue summaries = SUMMARY_QUEUE_INIT;

  _prepare(self, i, &shard->replayed, NULL, out);
  g_mutex_lock(&shard->lock);
  tracker_tick(shard->tracker, now_usec, &summaries);
  journal_tidy(tracker_journal(shard->tracker));
  gboolean durable = journal_is_durable(tracker_journal(shard->tracker));
  g_mutex_unlock(&shard->lock);
  _prepare(self, i, &summaries, NULL, out);
  return durable;
}

JournalNews
mailtrace_state_tick(MailtraceState *self, gint64 now_usec, DeliveryQueue *out)
{
  gboolean stalled = _begin_tick(&self->traffic), durable = TRUE, was_full = self->told_full;
  guint held = _count_held(&self->traffic);   /* lines that come later may not be durable any more */

  if (self->file_changes)
    _change_file(self);
  if (self->file)
    journal_file_tidy(self->file);
  for (guint i = 0; i < SHARDS; i++)
    durable &= _tick_shard(self, i, stalled ? 0 : now_usec, out);
  durable = _forget_past(self) && durable;
  if (durable)
    _release_held(&self->traffic, held);
  g_atomic_int_set(&self->full, !durable);
  self->told_full = !durable;
  return durable == !was_full ? JN_NONE : durable ? JN_DURABLE : JN_FULL;
}

guint64
mailtrace_state_refused(MailtraceState *self)
{
  g_mutex_lock(&self->traffic.lock);
  guint64 refused = self->traffic.not_taken;
  g_mutex_unlock(&self->traffic.lock);
  return refused;
}

Delivery *
mailtrace_state_next_refused(MailtraceState *self)
{
  g_mutex_lock(&self->traffic.lock);
  Delivery *delivery = delivery_queue_pop(&self->traffic.refused);
  g_mutex_unlock(&self->traffic.lock);
  if (delivery)
    {
      delivery->owner = mailtrace_state_ref(self);
      delivery->resent = TRUE;
    }
  return delivery;
}

void
mailtrace_state_count_documents(MailtraceState *self, const Delivery *delivery)
{
  g_mutex_lock(&self->traffic.lock);
  for (guint kind = 0; kind < RECORD_KIND_COUNT; kind++)
    self->traffic.documents[kind] += delivery->documents[kind];
  if (delivery->resent)
    self->traffic.resent += _count_documents(delivery);
  g_mutex_unlock(&self->traffic.lock);
}

guint
mailtrace_state_count_waiting(MailtraceState *self)
{
  g_mutex_lock(&self->traffic.lock);
  guint n = self->traffic.under_way;
  g_mutex_unlock(&self->traffic.lock);
  return n;
}

void
mailtrace_state_finish(MailtraceState *self, EndReason reason, DeliveryQueue *out)
{
  for (guint i = 0; i < SHARDS; i++)
    {
      SummaryQueue summaries = SUMMARY_QUEUE_INIT;
      g_mutex_lock(&self->shards[i].lock);
      self->shards[i].finished = reason;
      tracker_finish(self->shards[i].tracker, reason, &summaries);
      g_mutex_unlock(&self->shards[i].lock);
      _prepare(self, i, &summaries, NULL, out);
    }
}

void
mailtrace_state_leave(MailtraceState *self)
{
  g_mutex_lock(&self->traffic.lock);
  self->traffic.left = TRUE;
  g_mutex_unlock(&self->traffic.lock);
}

/* TrackerCounters is nothing but guint64 */
static void
_add(TrackerCounters *sum, const TrackerCounters *part)
{
  guint64 *to = (guint64 *) sum;
  const guint64 *from = (const guint64 *) part;

  for (gsize i = 0; i < sizeof(*sum) / sizeof(guint64); i++)
    to[i] += from[i];
}

static void
_count_shard(Shard *self, MailtraceCounts *counts)
{
  JournalStatus journal;

  g_mutex_lock(&self->lock);
  _add(&counts->tracker, tracker_counters(self->tracker));
  counts->open_messages += tracker_open_messages(self->tracker);
  counts->open_sessions += tracker_open_sessions(self->tracker);
  journal_get_status(tracker_journal(self->tracker), &journal);
  g_mutex_unlock(&self->lock);
  counts->journal_entries += journal.entries;
  counts->journal_written += journal.bytes;
  counts->journal_lost += journal.lost_entries;
}

static void
_count_traffic(Traffic *self, MailtraceCounts *counts)
{
  g_mutex_lock(&self->lock);
  memcpy(counts->documents, self->documents, sizeof(counts->documents));
  counts->documents_acknowledged = self->acknowledged;
  counts->documents_refused = self->not_taken;
  counts->documents_resent = self->resent;
  counts->deliveries_waiting = self->under_way;
  counts->lines_held = self->held.length;
  g_mutex_unlock(&self->lock);
}

void
mailtrace_state_count(MailtraceState *self, MailtraceCounts *counts)
{
  JournalFileStatus file;

  memset(counts, 0, sizeof(*counts));
  for (guint i = 0; i < SHARDS; i++)
    _count_shard(&self->shards[i], counts);
  _count_traffic(&self->traffic, counts);
  if (self->file)
    {
      journal_file_get_status(self->file, &file);
      counts->journal_size = file.bytes;
    }
}
