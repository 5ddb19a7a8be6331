/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * State: the trackers of one parser, one shard and one lock for a part of the hosts each.  Survives a reload: the old
 * and the new configuration hold a reference each.  What a call pushes to the queue is forwarded by the caller after
 * the lock is released.  Any thread may call; no lock is held between calls.
 */
#ifndef MAILTRACE_STATE_H_INCLUDED
#define MAILTRACE_STATE_H_INCLUDED

#include "options.h"

typedef struct _MailtraceState MailtraceState;

MailtraceState *mailtrace_state_new(void);
MailtraceState *mailtrace_state_ref(MailtraceState *self);
void mailtrace_state_unref(MailtraceState *self);

/* copies the options; makes the trackers at the first call, later ones keep what they know */
void mailtrace_state_set_options(MailtraceState *self, const MailtraceOptions *options);

void mailtrace_state_feed(MailtraceState *self, const Frame *frame, const Line *line, gint64 now_usec,
                          SummaryQueue *out);
void mailtrace_state_tick(MailtraceState *self, gint64 now_usec, SummaryQueue *out);
/* for good: lines that still come end what they open at once, until the options are set again */
void mailtrace_state_finish(MailtraceState *self, EndReason reason, SummaryQueue *out);

/* sums over all shards */
void mailtrace_state_count(MailtraceState *self, TrackerCounters *counters, guint *open_messages, guint *open_sessions);

#endif
