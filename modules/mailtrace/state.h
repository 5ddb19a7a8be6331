/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * State: the trackers of one parser, one shard and one lock for a part of the hosts each, their journal, and what is on
 * its way to the destinations.  Survives a reload: the old and the new configuration hold a reference each, so does
 * each delivery under way.  What a call pushes to the queue is forwarded by the caller.  Any thread may feed, forward
 * and acknowledge; the other functions are the main thread's.  No lock is held between calls, none while forwarding.
 */
#ifndef MAILTRACE_STATE_H_INCLUDED
#define MAILTRACE_STATE_H_INCLUDED

#include "delivery.h"
#include "options.h"

typedef struct _MailtraceState MailtraceState;

MailtraceState *mailtrace_state_new(void);
MailtraceState *mailtrace_state_ref(MailtraceState *self);
void mailtrace_state_unref(MailtraceState *self);

/* Opens the journal the options ask for, by its whole path (NULL: none); a fresh state takes in what earlier runs left.
 * Any other leaves its old journal at the next tick.  FALSE, and *problem.  Both texts are to be freed. */
gboolean mailtrace_state_open_journal(MailtraceState *self, const gchar *path, gchar **problem, gchar **notice);
/* copies the options; makes the trackers at the first call, later ones keep what they know */
void mailtrace_state_set_options(MailtraceState *self, const MailtraceOptions *options);
/* NULL: none */
JournalFile *mailtrace_state_journal(MailtraceState *self);
/* places of the replayed file that were damaged; once, later 0 */
guint64 mailtrace_state_take_torn_blocks(MailtraceState *self);

/* line: acknowledged after all that it brought about was, and not before the journal has it for good */
void mailtrace_state_feed(MailtraceState *self, const Frame *frame, const Line *parsed, LogMessage *line,
                          const LogPathOptions *path_options, DeliveryQueue *out);

typedef enum _JournalNews
{
  JN_NONE,
  JN_FULL,       /* the disk has no room: lines are held */
  JN_DURABLE     /* it has again */
} JournalNews;

/* about once a second; time stands still while documents wait for their destination */
JournalNews mailtrace_state_tick(MailtraceState *self, gint64 now_usec, DeliveryQueue *out);
/* documents that destinations refused so far */
guint64 mailtrace_state_refused(MailtraceState *self);
/* the next delivery that was refused, to be forwarded again, or NULL */
Delivery *mailtrace_state_next_refused(MailtraceState *self);
/* to be called between delivery_add() of the last document and delivery_end() */
void mailtrace_state_count_documents(MailtraceState *self, const Delivery *delivery);

/* handed over and not acknowledged yet, refused ones included */
guint mailtrace_state_count_waiting(MailtraceState *self);

/* ends all for good, lines that still come too, until the options are set again */
void mailtrace_state_finish(MailtraceState *self, EndReason reason, DeliveryQueue *out);
/* the process ends: lines that are held stay unacknowledged, so that their source reads them again */
void mailtrace_state_leave(MailtraceState *self);

typedef struct _MailtraceCounts
{
  TrackerCounters tracker;
  guint64 open_messages, open_sessions;
  guint64 documents[RECORD_KIND_COUNT];     /* handed over */
  guint64 documents_acknowledged;
  guint64 documents_refused;
  guint64 documents_resent;                 /* of those handed over */
  guint64 deliveries_waiting;               /* summaries under way or refused */
  guint64 lines_held;
  guint64 journal_entries, journal_written, journal_lost, journal_size;
} MailtraceCounts;

void mailtrace_state_count(MailtraceState *self, MailtraceCounts *counts);

#endif
