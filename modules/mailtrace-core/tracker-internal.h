/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the tracker share: tracker.c takes lines in and lets time pass, roles.c says what each role does,
 * lifecycle.c opens, ends and forgets.
 */
#ifndef MAILTRACE_TRACKER_INTERNAL_H_INCLUDED
#define MAILTRACE_TRACKER_INTERNAL_H_INCLUDED

#include "host.h"

/* a queue id or session that ended and was forgotten */
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

void tracker_bury(Tracker *self, guint64 hash, gint64 usec, guint generation);
const Tombstone *tracker_tombstone(const Tracker *self, guint64 hash);
guint64 tracker_session_hash(const Host *host, guint32 pid);

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
