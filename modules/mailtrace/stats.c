/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats.h"

typedef struct _Single
{
  const gchar *name;
  gsize at;           /* in MailtraceCounts */
} Single;

#define AT(member) G_STRUCT_OFFSET(MailtraceCounts, member)

static const Single singles[MC_SINGLE_COUNT] =
{
  { "open_messages", AT(open_messages) },
  { "open_sessions", AT(open_sessions) },
  { "messages_opened", AT(tracker.messages_opened) },
  { "session_documents", AT(tracker.sessions_ended) },
  { "revisions", AT(tracker.revisions) },
  { "lines_of_messages", AT(tracker.lines_of_messages) },
  { "lines_of_sessions", AT(tracker.lines_of_sessions) },
  { "lines_not_ours", AT(tracker.lines_not_ours) },
  { "lines_unknown", AT(tracker.lines_unknown) },
  { "lines_repeated", AT(tracker.lines_repeated) },
  { "lines_continued", AT(tracker.lines_continued) },
  { "lines_late", AT(tracker.lines_late) },
  { "lines_held", AT(lines_held) },
  { "documents_acknowledged", AT(documents_acknowledged) },
  { "documents_refused", AT(documents_refused) },
  { "documents_resent", AT(documents_resent) },
  { "summaries_waiting", AT(deliveries_waiting) },
  { "journal_entries", AT(journal_entries) },
  { "journal_written_bytes", AT(journal_written) },
  { "journal_lost_entries", AT(journal_lost) },
  { "journal_file_bytes", AT(journal_size) },
};

typedef void (*Visit)(const CompatStatsKey *key, StatsCounterItem **counter);

static void
_each(MailtraceStats *self, const gchar *id, Visit visit)
{
  CompatStatsKey key;

  for (guint i = 0; i < MC_SINGLE_COUNT; i++)
    {
      compat_stats_key_set(&key, singles[i].name, NULL, NULL, id);
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
  for (guint i = 0; i < RECORD_KIND_COUNT; i++)
    if (i != RK_LINE && i != RK_REFUSAL)
      {
        compat_stats_key_set(&key, "documents", "record", record_kind_name((RecordKind) i), id);
        visit(&key, &self->documents[i]);
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
mailtrace_stats_set(MailtraceStats *self, const MailtraceCounts *counts)
{
  for (guint i = 0; i < MC_SINGLE_COUNT; i++)
    stats_counter_set(self->single[i], G_STRUCT_MEMBER(guint64, counts, singles[i].at));
  for (guint i = 0; i < LINE_ROLE_COUNT; i++)
    stats_counter_set(self->roles[i], counts->tracker.lines_by_role[i]);
  for (guint i = 0; i < END_REASON_COUNT; i++)
    stats_counter_set(self->ended[i], counts->tracker.messages_ended[i]);
  for (guint i = 0; i < RECORD_KIND_COUNT; i++)
    stats_counter_set(self->documents[i], counts->documents[i]);
}
