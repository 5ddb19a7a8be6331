/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A made history through a tracker, to its end: the documents, and the equations of the counters. */
#ifndef MAILTRACE_HISTORY_RUN_H_INCLUDED
#define MAILTRACE_HISTORY_RUN_H_INCLUDED

#include "history.h"
#include "mailtrace/tracker.h"

#define BEGIN_SEC 1560000000
#define DAY_SEC 86400

typedef struct _Run
{
  GHashTable *documents;    /* id -> Facts, last revision */
  TrackerCounters counters;
  guint fed;
  guint twins;              /* sessions of one process that began in the same second of the hour that comes twice */
  guint open_max;           /* messages at a time */
} Run;

typedef struct _Plan
{
  GPtrArray *lines;         /* HistoryLine */
  guint max_messages;       /* 0: the default */
  gboolean is_live;         /* with the wall clock, and ticks */
  guint again;              /* the last so many lines are read once more */
  gboolean settled_before;  /* everything was forgotten when they are */
} Plan;

/* of the history that is run, for what is said about it */
extern guint32 current_seed;

/* fails when a counter is wrong; the caller releases it */
Run history_run(const Plan *plan);
void history_run_release(Run *self);

#endif
