/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Report: the counters of a run, for machines (JSON) and in one line for people. */
#ifndef MAILTRACE_CLI_REPORT_H_INCLUDED
#define MAILTRACE_CLI_REPORT_H_INCLUDED

#include "mailtrace/tracker.h"

typedef struct _Report
{
  guint64 lines, bytes;
  guint64 documents;
  guint64 documents_by_record[RECORD_KIND_COUNT];
  guint64 documents_by_end_reason[END_REASON_COUNT];   /* message documents */
  guint open_messages, open_sessions;                  /* before the closing emission, if there is one */
  gboolean stay_open;                                  /* they are carried over to the next run */
  gdouble seconds;
} Report;

void report_as_json(const Report *self, const TrackerCounters *counters, GString *out);
void report_as_text(const Report *self, const TrackerCounters *counters, GString *out);

#endif
