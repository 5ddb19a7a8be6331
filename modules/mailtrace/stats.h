/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters: what syslog-ng-ctl stats shows of one parser; copied from the trackers once a second and at deinit */
#ifndef MAILTRACE_STATS_H_INCLUDED
#define MAILTRACE_STATS_H_INCLUDED

#include "compat.h"
#include "mailtrace/tracker.h"

enum
{
  MC_OPEN_MESSAGES,
  MC_OPEN_SESSIONS,
  MC_MESSAGES_OPENED,
  MC_SESSIONS,
  MC_REVISIONS,
  MC_LINES_UNKNOWN,
  MC_LINES_REPEATED,
  MC_LINES_CONTINUED,
  MC_LINES_LATE,
  MC_LINES_NOT_OURS,
  MC_SINGLE_COUNT
};

typedef struct _MailtraceStats
{
  StatsCounterItem *single[MC_SINGLE_COUNT];
  StatsCounterItem *roles[LINE_ROLE_COUNT];
  StatsCounterItem *ended[END_REASON_COUNT];
} MailtraceStats;

void mailtrace_stats_register(MailtraceStats *self, const gchar *id);
void mailtrace_stats_unregister(MailtraceStats *self, const gchar *id);
void mailtrace_stats_set(MailtraceStats *self, const TrackerCounters *counters, guint open_messages,
                         guint open_sessions);

#endif
