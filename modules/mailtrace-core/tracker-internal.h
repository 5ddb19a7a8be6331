/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the tracker share: tracker.c takes lines in and lets time pass, roles.c says what each role does,
 * lifecycle.c opens, ends and forgets.
 */
#ifndef MAILTRACE_TRACKER_INTERNAL_H_INCLUDED
#define MAILTRACE_TRACKER_INTERNAL_H_INCLUDED

#include "host.h"

/* a queue id, a session or a line that ended and was forgotten */
typedef struct _Tombstone
{
  guint64 hash;
  gint64 closed_usec;
  guint generation;
} Tombstone;

struct _Tracker
{
  TrackerOptions options;
  TrackerCounters counters;
  GHashTable *hosts;        /* name -> Host */
  Host *last_host;
  GHashTable *tombstones;   /* &Tombstone.hash -> Tombstone, owned */
  GQueue burials;           /* Tombstone, oldest first */
  guint open_messages, open_sessions;
  Journal *journal;
  const JournalEntry *replayed;   /* the one that is being replayed, else NULL */
  SummaryQueue replayed_sessions; /* documents that wait for tracker_replay_done() */
};

/* one line on its way through the tracker */
typedef struct _Feed
{
  Tracker *tracker;
  Host *host;
  Frame frame;              /* its stamp carries the host's offset, where known */
  const Line *line;
  const gchar *offset_source;
  guint64 hash;             /* identity of the line: same host, program, pid, stamp, text */
  gint64 usec;              /* UTC, as well as it is known */
  SummaryQueue *out;
  guint64 seq;              /* in the journal */
  JournalGroup group;       /* that the line belongs to; 0: it changed nothing that lasts */
  JournalKind kind;         /* JK_RECORD: put together from pieces */
  guint journal_flags;
} Feed;

/* lifecycle.c */
Message *tracker_new_message(Feed *feed, IdEntry *entry);
void tracker_open_message(Tracker *self, Message *message);
void tracker_touch_message(Message *message);
void tracker_end_message(Tracker *self, Message *message, EndReason reason, gboolean by_line, SummaryQueue *out);
void tracker_emit_message(Tracker *self, Message *message, gboolean by_line, SummaryQueue *out);
void tracker_end_pending(Tracker *self, Message *message, EndReason reason, SummaryQueue *out);
void tracker_forget_message(Tracker *self, Message *message);
void tracker_leave_session(Message *message);
void tracker_end_if_done(Feed *feed, Message *message);

Session *tracker_session(Feed *feed, gboolean create);
void tracker_end_session(Tracker *self, Session *session, EndReason reason, gboolean by_line, SummaryQueue *out);

/* end: kind, hash, usec, number, and what names it */
void tracker_bury(Tracker *self, const JournalEntry *end, guint generation, JournalGroup group);
void tracker_bury_line(Feed *feed);
const Tombstone *tracker_tombstone(const Tracker *self, guint64 hash);
guint64 tracker_session_hash(const Host *host, guint32 pid);

/* the session's lines up to here are the message's as well */
void tracker_join_session(Tracker *self, Message *message, Session *session);
void tracker_remove_connection(Tracker *self, Host *host, Connection *connection);

/* the line belongs to that group */
void tracker_own_line(Feed *feed, JournalGroup group);
/* what the summary's documents hold until they have arrived: a message, or a group alone */
void tracker_make_receipt(Tracker *self, Summary *summary, Message *message, JournalGroup group);

/* tracker-journal.c */
void tracker_journal_line(Feed *feed);
void tracker_journal_revision(Tracker *self, const Message *message, guint flags);
gboolean tracker_keeps(const JournalEntry *entry, gpointer tracker);

/* tracker.c, for replaying */
Host *tracker_host(Tracker *self, Slice name);
void tracker_feed_parsed(Tracker *self, Host *host, Feed *feed);
void tracker_gather_piece(Tracker *self, Host *host, const Frame *frame, SummaryQueue *out);
gboolean tracker_is_half_a_verdict(const Line *line, gboolean ends_at_feed);

/* raw(yes) */
void tracker_keep_line(Feed *feed, Message *message);
void tracker_keep_session_line(Feed *feed, Session *session, Slice raw);

/* everything of the host that is due at its clock, or all of it */
void tracker_expire(Tracker *self, Host *host, SummaryQueue *out);
void tracker_enforce_limits(Tracker *self, Host *host, SummaryQueue *out);

/* the stamp's own offset, else that of the options */
gint32 tracker_offset_at(const Tracker *self, const Stamp *stamp);

/* roles.c */
void tracker_feed_id(Feed *feed);
void tracker_feed_session(Feed *feed);

#endif
