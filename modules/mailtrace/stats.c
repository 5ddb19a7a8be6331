/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats.h"

static const gchar *const single_names[MC_SINGLE_COUNT] =
{
  "open_messages", "open_sessions", "messages_opened", "session_documents", "revisions", "lines_unknown",
  "lines_repeated", "lines_continued", "lines_late", "lines_not_ours"
};

typedef void (*Visit)(const CompatStatsKey *key, StatsCounterItem **counter);

static void
_each(MailtraceStats *self, const gchar *id, Visit visit)
{
  CompatStatsKey key;

  for (guint i = 0; i < MC_SINGLE_COUNT; i++)
    {
      compat_stats_key_set(&key, single_names[i], NULL, NULL, id);
      visit(&key, &self->single[i]);
    }
  for (guint i = 0; i < LINE_ROLE_COUNT; i++)
    {
      compat_stats_key_set(&key, "lines_by_role", "role", line_role_name((LineRole) i), id);
      visit(&key, &self->roles[i]);
    }
  for (guint i = 0; i < END_REASON_COUNT; i++)
    {
      compat_stats_key_set(&key, "documents_by_end_reason", "end_reason", end_reason_name((EndReason) i), id);
      visit(&key, &self->ended[i]);
    }
}

static void
_register(const CompatStatsKey *key, StatsCounterItem **counter)
{
  stats_register_counter(STATS_LEVEL0, &key->key, SC_TYPE_SINGLE_VALUE, counter);
}

static void
_unregister(const CompatStatsKey *key, StatsCounterItem **counter)
{
  stats_unregister_counter(&key->key, SC_TYPE_SINGLE_VALUE, counter);
}

void
mailtrace_stats_register(MailtraceStats *self, const gchar *id)
{
  stats_lock();
  _each(self, id, _register);
  stats_unlock();
}

void
mailtrace_stats_unregister(MailtraceStats *self, const gchar *id)
{
  stats_lock();
  _each(self, id, _unregister);
  stats_unlock();
}

void
mailtrace_stats_set(MailtraceStats *self, const TrackerCounters *counters, guint open_messages, guint open_sessions)
{
  const guint64 single[MC_SINGLE_COUNT] =
  {
    open_messages, open_sessions, counters->messages_opened, counters->sessions_ended, counters->revisions,
    counters->lines_unknown, counters->lines_repeated, counters->lines_continued, counters->lines_late,
    counters->lines_not_ours
  };

  for (guint i = 0; i < MC_SINGLE_COUNT; i++)
    stats_counter_set(self->single[i], single[i]);
  for (guint i = 0; i < LINE_ROLE_COUNT; i++)
    stats_counter_set(self->roles[i], counters->lines_by_role[i]);
  for (guint i = 0; i < END_REASON_COUNT; i++)
    stats_counter_set(self->ended[i], counters->messages_ended[i]);
}
