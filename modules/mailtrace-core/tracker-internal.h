/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the tracker share: tracker.c takes lines in and lets time pass, roles.c says what each role does,
 * read-again.c what was read before, lifecycle.c opens, ends and forgets, limits.c does so where there is too much,
 * tombstones.c keeps what is left then.
 */
#ifndef MAILTRACE_TRACKER_INTERNAL_H_INCLUDED
#define MAILTRACE_TRACKER_INTERNAL_H_INCLUDED

#include "host.h"

/* what else than a queue id or a line a tombstone stands for */
enum
{
  TOMBSTONE_SESSION = 1,
  TOMBSTONE_CLIENT,
};

#define TOMBSTONE_LOCAL 0   /* generation: no offset was known, closed_usec is of the local clock */

/* a queue id, a session or a line that ended and was forgotten */
typedef struct _Tombstone
{
  guint64 hash;
  gint64 closed_usec;
  guint generation;
  struct _Tombstone *next;  /* buried after it, or NULL */
} Tombstone;

struct _Tracker
{
  TrackerOptions options;
  TrackerCounters counters;
  GHashTable *hosts;        /* &Host.line_seed, a hash of its name -> Host */
  GQueue hosts_by_line;     /* Host, that of the last line at the end */
  Host *last_host;
  HostShared shared;
  PointerMap tombstones;    /* Tombstone.hash -> Tombstone, owned */
  Tombstone *oldest_burial, *last_burial;
  Tombstone *spare;         /* not in use; or NULL */
  struct _TombstoneChunk *chunks;   /* memory of all of them, the last one first */
  guint chunk_left;         /* of that one, not yet used */
  guint open_messages, open_sessions;
  gboolean counts_hosts;    /* there may be too much; else these are out of date */
  guint held[LIMIT_KIND_COUNT];
  Host *fullest[LIMIT_KIND_COUNT];   /* holds most of that kind, as far as it was looked at; or NULL */
  Journal *journal;
  struct _Feed *feeding;          /* the line on its way, or NULL */
  const JournalEntry *replayed;   /* the one that is being replayed, else NULL */
  SummaryQueue replayed_sessions; /* documents that wait for tracker_replay_done() */
};

/* one line on its way through the tracker */
typedef struct _Feed
{
  Tracker *tracker;
  Host *host;
  const Frame *frame;
  Stamp stamp;              /* of the frame, with the host's offset, where known */
  const Line *line;
  const gchar *offset_source;
  guint64 process_key;      /* see host_process_key() */
  guint64 id_key;           /* see feed_id_key(); 0: not asked yet */
  guint64 hash;             /* identity of the line: same host, program, pid, stamp, text */
  gint64 usec;              /* UTC, as well as it is known */
  QueueId id;               /* see feed_decode_id() */
  SummaryQueue *out;
  guint64 seq;              /* in the journal */
  gint8 id_is_told;         /* 0: not asked yet, 1: yes, -1: it tells nothing */
  gboolean offset_is_learned; /* by the host, not told by the line itself */
  JournalGroup group;       /* that the line belongs to; 0: it changed nothing that lasts */
  gboolean is_journaled;
  JournalKind kind;         /* JK_RECORD: put together from pieces */
  guint journal_flags;
} Feed;

/* a line, without what tracker_feed_parsed() finds out */
static inline void
feed_init(Feed *self, Tracker *tracker, Host *host, const Frame *frame, const Line *line, SummaryQueue *out)
{
  self->tracker = tracker;
  self->host = host;
  self->frame = frame;
  self->stamp = frame->stamp;
  self->line = line;
  self->out = out;
  self->id_key = 0;
  self->id_is_told = 0;
  self->offset_is_learned = self->is_journaled = FALSE;
  self->group = 0;
  self->kind = JK_LINE;
  self->journal_flags = 0;
}

/* see host_id_key(); of the line's queue id, which it names */
static inline guint64
feed_id_key(Feed *self)
{
  if (!self->id_key)
    self->id_key = host_id_key(self->host, self->line->queue_id);
  return self->id_key;
}

/* NULL: no line or no other id has named it, or it is forgotten */
static inline IdEntry *
feed_find_id(Feed *self)
{
  IdEntry *recent = host_recent_id(self->host, self->line->queue_id);

  return recent ? recent : host_find_id_by_key(self->host, self->line->queue_id, feed_id_key(self));
}

/* what the line's queue id tells; FALSE: nothing */
static inline gboolean
feed_decode_id(Feed *self)
{
  if (!self->id_is_told)
    self->id_is_told = queue_id_decode(self->line->queue_id, &self->id) ? 1 : -1;
  return self->id_is_told > 0;
}

/* lifecycle.c */
/* in no queue yet, like one that was touched: what the line does decides */
Message *tracker_new_message(Feed *feed, IdEntry *entry);
void tracker_open_message(Tracker *self, Message *message);
void tracker_touch_message(Message *message);
void tracker_end_message(Tracker *self, Message *message, EndReason reason, gboolean by_line, SummaryQueue *out);
void tracker_emit_message(Tracker *self, Message *message, gboolean by_line, SummaryQueue *out);
void tracker_end_pending(Tracker *self, Message *message, EndReason reason, SummaryQueue *out);
void tracker_forget_message(Tracker *self, Message *message);
void tracker_leave_session(Message *message);
void tracker_release_worker(Message *message);
void tracker_release_orphan(Message *message);
void tracker_end_if_done(Feed *feed, Message *message);

/* the session of the line's process, which is this one, or not there: NULL */
Session *tracker_session_after(Feed *feed, Session *live, const Tombstone *ended, gboolean create);
Session *tracker_session(Feed *feed, gboolean create);
/* its pid may serve another client, and only its connect line is awaited */
void tracker_close_session(Tracker *self, Session *session);
void tracker_end_session(Tracker *self, Session *session, EndReason reason, SummaryQueue *out);

/* tombstones.c: NULL: there is nothing to journal */
const Tombstone *tracker_bury_hash(Tracker *self, guint64 hash, gint64 usec, guint generation);
void tracker_journal_end(Tracker *self, const Tombstone *tombstone, JournalEntry *end, JournalGroup group);
/* an end that a journal tells of: kind, hash, usec, number, and what names it */
void tracker_bury(Tracker *self, const JournalEntry *end, guint generation);
void tracker_bury_line(Feed *feed);
void tracker_free_tombstones(Tracker *self);
const Tombstone *tracker_tombstone(const Tracker *self, guint64 hash);
/* the line is not newer than what the tombstone stands for */
gboolean tombstone_covers(const Tombstone *self, const Feed *feed);
guint64 tracker_session_hash(const Host *host, guint64 process_key);
guint64 tracker_client_hash(const Host *host, guint64 client_key);
/* the connect line is of a daemon, and may come after lines of the process that serves the client */
void tracker_join_connection(Feed *feed, Session *session, Connection *connection);

/* the session's lines up to here are the message's as well */
void tracker_join_session(Tracker *self, Message *message, Session *session);
void tracker_remove_connection(Tracker *self, Host *host, Connection *connection);

/* the line belongs to that group, unless it is in the journal already */
void tracker_give_line(Feed *feed, JournalGroup group);

static inline void
tracker_own_line(Feed *feed, JournalGroup group)
{
  if (!feed->is_journaled && feed->group != group)
    tracker_give_line(feed, group);
}

/* what the summary's documents hold until they have arrived: a message, or a group alone */
void tracker_make_receipt(Tracker *self, Summary *summary, Message *message, JournalGroup group);

/* tracker-journal.c */
void tracker_journal_line(Feed *feed);
void tracker_journal_revision(Tracker *self, const Message *message, guint flags);
void tracker_journal_link(Tracker *self, const Message *message, guint flags, Slice other);
gboolean tracker_keeps(const JournalEntry *entry, gpointer tracker);

/* tracker.c, for replaying */
Host *tracker_host(Tracker *self, Slice name);
Host *tracker_find_host(const Tracker *self, Slice name);   /* NULL: not known */
void tracker_finish_host(Tracker *self, Host *host, EndReason reason, SummaryQueue *out);
void tracker_remove_host(Tracker *self, Host *host);        /* nothing must be left of it */
void tracker_feed_parsed(Tracker *self, Host *host, Feed *feed);
/* the host's, from a stamp without one and the id that the line names; FALSE: it tells none */
gboolean tracker_learn_offset(Feed *feed, const QueueId *id);
void tracker_gather_piece(Tracker *self, Host *host, const Frame *frame, SummaryQueue *out);
gboolean tracker_is_half_a_verdict(const Line *line, gboolean ends_at_feed);

/* raw(yes) */
void tracker_keep_line(Feed *feed, Message *message);
void tracker_keep_session_line(Feed *feed, Session *session, Slice raw);

/* everything of the host that is due at its clock, or all of it */
void tracker_expire(Tracker *self, Host *host, SummaryQueue *out);

/* limits.c: lines of that host were fed */
void tracker_enforce_near_limits(Tracker *self, Host *host, SummaryQueue *out);

static inline void
tracker_enforce_limits(Tracker *self, Host *host, SummaryQueue *out)
{
  if (self->counts_hosts || host_shared_held(&self->shared) > self->options.max_messages)
    tracker_enforce_near_limits(self, host, out);
}

void tracker_evict_hosts(Tracker *self, const Host *kept, SummaryQueue *out);

/* the stamp's own offset, else that of the options */
gint32 tracker_offset_at(const Tracker *self, const Stamp *stamp);

/* the process of the message, and how often its id was one before, follow from its first id */
void tracker_set_root(Feed *feed, Message *message, const IdEntry *root);
/* forgets it without a trace: its ids belong to another message now */
void tracker_drop_message(Tracker *self, Message *message);

/* links.c: entry of the id that the line names, in its message as far as lines have told; new if it is NULL */
IdEntry *tracker_enter_id(Feed *feed, IdEntry *entry);
/* the line that ends a session names an id that no other line did: the connection ended within its data */
void tracker_lose_id(Feed *feed, Session *session);
void tracker_link_bounce(Feed *feed, Message *message);
/* by the id of the other's document; FALSE: it is known by that name */
gboolean tracker_name_bounce(Message *cause, Slice id);
gboolean tracker_name_cause(Message *bounce, Slice id);

/* roles.c */
void tracker_feed_id(Feed *feed);
void tracker_feed_session(Feed *feed);

/* read-again.c: this very line, or one that is no newer than the end of what it belongs to */
gboolean tracker_has_read(Feed *feed);
gboolean tracker_has_read_connection(const Feed *feed, guint64 client_key);
/* a session of the line's process that ended and may have said it: a live session may have its pid by now */
const Tombstone *tracker_ended_session(const Feed *feed, const Session *live);
/* a source that reads its lines again after a crash opens nothing */
gboolean tracker_is_of_ended_session(const Feed *feed, const Tombstone *ended);
/* what a process says of a client that has left, as "no MAIL in SMTP connection": its session has had its document */
gboolean tracker_is_afterword(const Feed *feed, const Session *live, const Tombstone *ended);

#endif
