/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tracker: joins lines to messages and sessions and says what has ended.  One tracker serves any number of hosts; it is
 * not thread-safe: one lock each, taken by the caller around each call.  It reads no clock: time comes from the lines
 * and from the arguments.  What ended is handed over in a SummaryQueue, to be processed after the lock is released.
 *
 * Time.  Each host has a clock that follows the stamps of its lines.  A damaged stamp must not end everything:
 *   - at most 7 minutes ahead: the clock follows.
 *   - the wall clock or the time in the line's queue id says the same within 7 minutes: it follows.
 *   - at most a day ahead, or further and only the queue id says so: it follows, and turns back if the next two lines
 *     agree that it was wrong.
 *   - over a day behind, and the wall clock says the same within 7 minutes: it turns back.
 *   - further ahead: it waits for a second line that agrees.
 *   - about an hour ahead, its offset only learned: summer time may have begun, it waits for a queue id.
 *   - up to an hour behind, its offset only learned: late, or summer time has ended; it waits, too.
 *   - a queue id tells an offset by which the clock had gone wrong: it turns to the right time.
 * What lines touch while it waits counts as touched when it goes on; a line near it is a late one and changes nothing.
 * Late lines never turn it back otherwise.  Stamps without an offset take that of the last new queue id, or of the last
 * arrival; for two hours after it changed, that of before where this fits the clock and the new one does not (the hour
 * that comes twice), unless it would be a time behind the change.  Lines of that hour that are read again keep it.
 *
 * Order.  Lines of different processes may come in any order within settle_sec; a queue id whose line that links it to
 * its parent comes later than that stays a document of its own, with the parent named in its scan.
 */
#ifndef MAILTRACE_TRACKER_H_INCLUDED
#define MAILTRACE_TRACKER_H_INCLUDED

#include "mailtrace/journal.h"
#include "mailtrace/line.h"
#include "mailtrace/summary.h"
#include "mailtrace/tls_policy.h"

typedef struct _TrackerOptions
{
  gint64 timeout_sec;          /* an open message without a line for so long ends as "timeout"; default 604800 */
  gint64 interim_after_sec;    /* an open message emits an interim document so long after it arrived; 0 = never; 3600 */
  gint64 settle_sec;           /* how long an ended message waits for late lines, and changes of an interim document
                                * are gathered; default 30 */
  gint64 session_timeout_sec;  /* a session without a close line ends after so long; default 300 */
  guint max_messages;          /* of each: open messages, those before their arrival, those that ended and wait for late
                                * lines, sessions, connections; over all hosts; default 1,000,000 */
  guint max_recipients;        /* recipients and deliveries a message; default 10,000 */
  gsize max_message_bytes;     /* memory a message may hold; beyond it texts and lists are no longer added; 1 MiB */
  guint max_tombstones;        /* remembered closed queue ids; default 100,000 */
  guint max_hosts;             /* beyond, the one without a line for longest goes, with all it has; 10,000 */
  gint32 offset_sec;           /* UTC offset of stamps without one, while no queue id has told it (time-zone()) */
  gint32 (*offset_at)(gint64 local_sec, gpointer data);   /* instead of offset_sec, if set: offset of that local time */
  gpointer offset_data;
  guint64 hash_seed;           /* secret of the caller against crafted collisions; any value */
  gboolean keep_raw;           /* documents carry the lines they are made of */
  const TlsPolicy *tls_policy; /* gives the verdicts; NULL: documents have none */
  gchar **local_domains;       /* lower case, NULL-terminated, or NULL */
  gboolean wants_receipts;     /* each summary is settled with tracker_settle(); FALSE: it has arrived at once */
} TrackerOptions;

/* the defaults above */
void tracker_options_init(TrackerOptions *self);

typedef struct _TrackerCounters
{
  /* disjoint: each line fed is counted once */
  guint64 lines_of_messages;
  guint64 lines_of_sessions;
  guint64 lines_not_ours;      /* other daemons, and the mail program about itself */
  guint64 lines_unknown;
  guint64 lines_repeated;
  guint64 lines_continued;     /* parts of records that were counted with another line */
  guint64 lines_late;          /* of messages that ended and were forgotten */
  guint64 lines_by_role[LINE_ROLE_COUNT];
  guint64 messages_opened;
  guint64 messages_ended[END_REASON_COUNT];   /* final documents' first revisions; ER_NONE: interim documents */
  guint64 sessions_ended;      /* session documents */
  guint64 revisions;           /* later revisions of ended messages */
} TrackerCounters;

typedef struct _Tracker Tracker;

/* copies the options; local_domains, offset_data and tls_policy must outlive it */
Tracker *tracker_new(const TrackerOptions *options);
void tracker_free(Tracker *self);    /* emits nothing */

/* takes new options over without losing state (a reload); the hash seed stays */
void tracker_set_options(Tracker *self, const TrackerOptions *options);

/* Takes in one line.  frame->host must name the gateway (the caller fills in a default and applies aliases).
 * now_usec: wall clock, microseconds since 1970 UTC, or 0 when the input is an archive.
 * May push any number of summaries. */
LAYER_ENTRY void tracker_feed(Tracker *self, const Frame *frame, const Line *line, gint64 now_usec, SummaryQueue *out);

/* Lets quiet hosts age by the wall clock.  Call it about once a second; not at all for archives.
 * now_usec 0: documents wait for their destination.  Hosts stand still, each until its next line. */
void tracker_tick(Tracker *self, gint64 now_usec, SummaryQueue *out);

/* Ends everything: messages with nothing missing but quiet as "complete", all others with the reason given. */
LAYER_ENTRY void tracker_finish(Tracker *self, EndReason reason, SummaryQueue *out);

/* All documents of a summary have arrived, or were given up for good.  Exactly once for each summary with
 * wants_receipts.  Until then its message is remembered, and its lines stay in the journal. */
void tracker_settle(Tracker *self, const Receipt *receipt);

/* The journal this tracker writes; never NULL.  Its file is set by journal_set_file(). */
Journal *tracker_journal(Tracker *self);

/* Takes in one entry that an earlier run left, in order, before any line is fed.  Makes no document yet. */
void tracker_replay(Tracker *self, const JournalEntry *entry);
/* All was replayed: documents that may not have arrived are made again. */
void tracker_replay_done(Tracker *self, SummaryQueue *out);

guint tracker_open_messages(const Tracker *self);
guint tracker_open_sessions(const Tracker *self);
const TrackerCounters *tracker_counters(const Tracker *self);

#endif
