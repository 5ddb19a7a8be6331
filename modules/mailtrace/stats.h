/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters: what syslog-ng-ctl stats shows of one parser; copied from the state once a second */
#ifndef MAILTRACE_STATS_H_INCLUDED
#define MAILTRACE_STATS_H_INCLUDED

#include "compat.h"
#include "state.h"

#define MC_SINGLE_COUNT 21

typedef struct _MailtraceStats
{
  StatsCounterItem *single[MC_SINGLE_COUNT];
  StatsCounterItem *roles[LINE_ROLE_COUNT];
  StatsCounterItem *ended[END_REASON_COUNT];
  StatsCounterItem *documents[RECORD_KIND_COUNT];
} MailtraceStats;

void mailtrace_stats_register(MailtraceStats *self, const gchar *id);
void mailtrace_stats_unregister(MailtraceStats *self, const gchar *id);
void mailtrace_stats_set(MailtraceStats *self, const MailtraceCounts *counts);

#endif
