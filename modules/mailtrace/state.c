/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state.h"

#define SHARDS 8

typedef struct _Shard
{
  GMutex lock;
  Tracker *tracker;
  EndReason finished;   /* ER_NONE: not yet */
} Shard;

struct _MailtraceState
{
  gatomicrefcount references;
  guint64 seed;
  MailtraceOptions options;   /* the trackers point into it */
  Shard shards[SHARDS];
};

MailtraceState *
mailtrace_state_new(void)
{
  MailtraceState *self = g_new0(MailtraceState, 1);

  g_atomic_ref_count_init(&self->references);
  self->seed = ((guint64) g_random_int() << 32) | g_random_int();
  mailtrace_options_init(&self->options);
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

void
mailtrace_state_unref(MailtraceState *self)
{
  if (!self || !g_atomic_ref_count_dec(&self->references))
    return;
  for (guint i = 0; i < SHARDS; i++)
    {
      if (self->shards[i].tracker)
        tracker_free(self->shards[i].tracker);
      g_mutex_clear(&self->shards[i].lock);
    }
  mailtrace_options_clear(&self->options);
  g_free(self);
}

void
mailtrace_state_set_options(MailtraceState *self, const MailtraceOptions *options)
{
  TrackerOptions tracker;

  mailtrace_options_copy(&self->options, options);
  mailtrace_options_get_tracker(&self->options, &tracker);
  tracker.hash_seed = self->seed;
  for (guint i = 0; i < SHARDS; i++)
    {
      self->shards[i].finished = ER_NONE;
      if (self->shards[i].tracker)
        tracker_set_options(self->shards[i].tracker, &tracker);
      else
        self->shards[i].tracker = tracker_new(&tracker);
    }
}

void
mailtrace_state_feed(MailtraceState *self, const Frame *frame, const Line *line, gint64 now_usec, SummaryQueue *out)
{
  Shard *shard = &self->shards[slice_hash(frame->host, self->seed) % SHARDS];

  g_mutex_lock(&shard->lock);
  tracker_feed(shard->tracker, frame, line, now_usec, out);
  /* syslog-ng goes on reading for a moment after it has told that it stops */
  if (shard->finished != ER_NONE)
    tracker_finish(shard->tracker, shard->finished, out);
  g_mutex_unlock(&shard->lock);
}

void
mailtrace_state_tick(MailtraceState *self, gint64 now_usec, SummaryQueue *out)
{
  for (guint i = 0; i < SHARDS; i++)
    {
      g_mutex_lock(&self->shards[i].lock);
      tracker_tick(self->shards[i].tracker, now_usec, out);
      g_mutex_unlock(&self->shards[i].lock);
    }
}

void
mailtrace_state_finish(MailtraceState *self, EndReason reason, SummaryQueue *out)
{
  for (guint i = 0; i < SHARDS; i++)
    {
      g_mutex_lock(&self->shards[i].lock);
      self->shards[i].finished = reason;
      tracker_finish(self->shards[i].tracker, reason, out);
      g_mutex_unlock(&self->shards[i].lock);
    }
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

void
mailtrace_state_count(MailtraceState *self, TrackerCounters *counters, guint *open_messages, guint *open_sessions)
{
  memset(counters, 0, sizeof(*counters));
  *open_messages = *open_sessions = 0;
  for (guint i = 0; i < SHARDS; i++)
    {
      g_mutex_lock(&self->shards[i].lock);
      _add(counters, tracker_counters(self->shards[i].tracker));
      *open_messages += tracker_open_messages(self->shards[i].tracker);
      *open_sessions += tracker_open_sessions(self->shards[i].tracker);
      g_mutex_unlock(&self->shards[i].lock);
    }
}
