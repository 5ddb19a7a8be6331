/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CarryOver: the journal of a run.  What an earlier run left open comes first; what this run leaves open stays in it.
 * A message is done with when its documents are written.
 */
#ifndef MAILTRACE_CLI_CARRY_OVER_H_INCLUDED
#define MAILTRACE_CLI_CARRY_OVER_H_INCLUDED

#include "mailtrace/tracker.h"

typedef struct _CarryOver
{
  JournalFile *file;      /* NULL: nothing is carried over */
  Tracker *tracker;
  GArray *receipts;       /* Receipt: of summaries whose documents are not yet written */
  gint64 tidied_usec;
  gboolean keeps_past;    /* what an earlier run left is not yet in the file once more */
} CarryOver;

/* Before the tracker is made, whose options it sets.  path NULL: nothing is carried over.  FALSE: *problem, to be
 * freed.  *notice (to be freed, or NULL): what was wrong with the file that is there. */
gboolean carry_over_open(CarryOver *self, const gchar *path, TrackerOptions *options, gchar **problem, gchar **notice);

/* takes in what was left; what ended in between goes to out.  Returns how many parts of the file are torn. */
guint64 carry_over_resume(CarryOver *self, Tracker *tracker, SummaryQueue *out);

/* all documents of the summary were handed to the output */
void carry_over_add(CarryOver *self, const Summary *summary);
/* the output has written everything */
void carry_over_settle(CarryOver *self);

/* about once a second */
gboolean carry_over_is_due(const CarryOver *self);
/* Cleans up, and waits until all lines are on the disk.  Documents should be there first. */
void carry_over_tidy(CarryOver *self);

/* why lines are not safe in the file, or NULL */
const gchar *carry_over_problem(const CarryOver *self);

/* nothing is open any longer: the file goes away */
void carry_over_remove(CarryOver *self);
void carry_over_close(CarryOver *self);

#endif
