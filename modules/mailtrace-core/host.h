/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host: the tables of one gateway: its queue ids, sessions, connections, its clock and what is due when.
 * Session: one SMTP connection as seen by the process that serves it.
 */
#ifndef MAILTRACE_HOST_H_INCLUDED
#define MAILTRACE_HOST_H_INCLUDED

#include "blocks.h"
#include "message.h"
#include "pieces.h"
#include "pointer-map.h"

/* a client that connected; its session is served by a process that is not yet known */
typedef struct _Connection
{
  GList link;
  gint64 due_from_usec;
  guint64 hash;          /* of ip and port */
  guint64 line_hash;
  Stamp stamp;
  gint64 count;
  gchar *raw;            /* its line, or NULL */
  JournalGroup group;
} Connection;

struct _Session
{
  GList link;
  gint64 touched_usec;
  Host *host;
  guint32 pid;           /* 0: a refusal line without pid, a session of its own */
  guint64 key;           /* of its process, in the host's sessions */
  gchar *node;           /* cluster node of the process, or NULL */
  guint64 connect_hash;  /* of its connect line */
  guint generation;      /* 1; 2 and more: its process was thought to have ended within this second */
  guint64 client_key;    /* of ip and port, in the host's clients; 0: port not known */
  gint64 client_port;    /* of the first client its lines have told; -1: not told */
  guint32 client_ip_at;  /* of what was told, one more than where its address begins; 0: see the record */
  Record record[1];      /* RK_SESSION, complete after session_fold() */
  Record told[1];        /* values as its lines told them, see session.c */
  guint32 upcoming_at;   /* of these, where those since the last arrival begin: they belong to the next one */
  guint32 upcoming_lines;
  guint32 n_listed;      /* recipients and warnings among them */
  guint8 mark, upcoming_mark;   /* FieldId: the last of these, and in front of upcoming_at */
  U64Set known;          /* hashes of its lines and warnings */
  guint32 lines;
  Stamp first, last;
  gint32 offset_sec;
  const gchar *offset_source;
  gboolean local;        /* a submission without a connection was refused; the pid may soon serve one */
  gboolean connected_counted;
  Stamp connected;       /* these two as its connect line told them */
  gint64 connection_count;
  gboolean closed;       /* its close line was its only one: a connect line may still follow and show a connection */
  guint n_accepted;
  GQueue pending;        /* Message.interim_link: those that have not arrived */
  gsize bytes;
  guint64 id_hash;       /* of its first line, for sessions without pid */
  Message *last_message; /* accepted last, may still be open */
  JournalGroup group;
};

/* what there may be max_messages() of, over all hosts */
typedef enum _LimitKind
{
  LK_SESSIONS,
  LK_PENDING,
  LK_OPEN,
  LK_ENDED,
  LK_CONNECTIONS,
  LIMIT_KIND_COUNT
} LimitKind;

#define HOST_KNOWN 4

struct _Host
{
  GList link;               /* in the tracker's hosts_by_line */
  gchar *name;
  gsize name_len;
  guint64 seed;
  guint64 line_seed;        /* lines of different hosts are different, even when they say the same */
  struct _HostShared *shared;
  const HashKey *hash_key;  /* of these */
  PointerMap ids;           /* IdEntry.key -> IdEntry, owned */
  PointerMap sessions;      /* Session.key -> Session */
  PointerMap connections;   /* Connection.hash -> Connection */
  PointerMap clients;       /* Session.client_key -> Session */
  PointerMap workers;       /* Message.worker_key -> Message that awaits its child */
  Pieces *pieces;           /* NULL: none seen yet */
  GHashTable *orphans;      /* hash of a queue id -> GPtrArray of Message: bounces */
  gint64 clock_usec;        /* event time, see tracker.h; advanced by the wall clock when quiet */
  gint64 ahead_usec;        /* time of a line that is too far away to be followed alone, 0: none */
  guint64 ahead_hash;       /* that line */
  gboolean waits;           /* lines are ahead that the clock does not follow */
  gint64 waits_from_usec;   /* the clock when the first of them came */
  gint32 waits_offset_sec;  /* the offset then */
  gint64 corrected_usec;    /* the clock when an offset took back what it had followed */
  gboolean clock_sure;      /* two lines agreed, or a queue id told */
  gint64 sure_usec;         /* the clock before one line moved it, 0: it was the first one */
  gint64 wall_usec;         /* wall clock at the last advance, 0: none */
  gint32 offset_sec;        /* learned from queue ids, or STAMP_OFFSET_UNKNOWN */
  gboolean offset_sure;     /* told by a process that had just made the id */
  gint32 old_offset_sec, doubted_offset_sec;   /* before the last change, told once; or STAMP_OFFSET_UNKNOWN */
  gint64 offset_changed_usec;
  gboolean logs_dkim, logs_spam;
  gint64 journaled[HOST_KNOWN];   /* what the journal knows of the host */
  guint64 journal_seq;      /* of its entry */
  union
  {
    GQueue queues[MQ_PENDING];   /* of each MessageQueue but MQ_NONE, in their order */
    struct
    {
      GQueue open;          /* Message, by last line: timeout() */
      GQueue closing;       /* Message: nothing open, something missing: settle-time() */
      GQueue ended;         /* Message: settle-time() */
      GQueue pending;       /* Message before its arrival: session timeout */
    };
  };
  GQueue interim;           /* Message.interim_link, by arrival: interim-after() */
  GQueue changed;           /* Message.interim_link, by the first change since its last document: settle-time() */
  GQueue live_sessions;     /* by last line */
  GQueue live_connections;
  guint counted[LIMIT_KIND_COUNT];   /* of each kind, what the tracker knows of */
  gboolean is_uncounted;    /* it may hold more or less than that, or more may go */
  gint64 due_usec;          /* nothing is due before the clock stands there */
  guint n_underway;         /* documents of its messages that have not arrived */
};

#define ENTRY_BYTES 40      /* of an entry whose id is of the old form */
#define RECENT_BITS 8

/* what the hosts of a tracker share */
typedef struct _HostShared
{
  HashKey hash_key;
  Pool messages, sessions, connections, entries;
  IdEntry *recent[1 << RECENT_BITS];   /* see host_recent_id(); NULL: none */
  Blocks blocks;    /* of records and sets */
} HostShared;

/* all that there may be max_messages() of, whatever its kind */
static inline guint
host_shared_held(const HostShared *self)
{
  return self->messages.n_out + self->sessions.n_out + self->connections.n_out;
}

void host_shared_init(HostShared *self, guint64 seed);
void host_shared_release(HostShared *self);

Host *host_new(Slice name, guint64 seed, HostShared *shared);
void host_free(Host *self);

static inline Slice
host_name(const Host *self)
{
  return slice_new(self->name, self->name_len);
}

/* different for each host, so that it may stand for the id in tables of all of them */
guint64 host_id_key(const Host *self, Slice id);
guint64 host_entry_key(const Host *self, const IdEntry *entry);
IdEntry *host_find_id(const Host *self, Slice id);
IdEntry *host_find_id_by_key(const Host *self, Slice id, guint64 key);
IdEntry *host_add_id(Host *self, Slice id, guint64 key);
void host_remove_id(Host *self, IdEntry *entry, guint64 key);

/* where an id of one of Exim's forms is remembered, until another one of any host takes its place */
static inline IdEntry **
host_recent_place(const Host *self, const gchar *id, gsize len)
{
  guint64 ends = slice_word8(id) + slice_word8(id + len - 8);

  return &self->shared->recent[ends * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> (64 - RECENT_BITS)];
}

/* most lines name an id that one of the last lines named; NULL: it is not remembered */
static inline IdEntry *
host_recent_id(const Host *self, Slice id)
{
  IdEntry *entry;

  if (id.len < QUEUE_ID_OLD_LEN || id.len > QUEUE_ID_NEW_LEN)
    return NULL;
  entry = *host_recent_place(self, id.str, id.len);
  return entry && entry->message && entry->message->host == self && entry->len == id.len
         && slice_word8(entry->id) == slice_word8(id.str) && slice_word8(entry->id + 8) == slice_word8(id.str + 8)
         && slice_word8(entry->id + id.len - 8) == slice_word8(id.str + id.len - 8) ? entry : NULL;
}

/* bounces of an id of which no line was seen */
void host_add_orphan(Host *self, guint64 cause_hash, Message *bounce);
void host_remove_orphan(Host *self, guint64 cause_hash, Message *bounce);
GPtrArray *host_take_orphans(Host *self, guint64 cause_hash);   /* NULL: none; the caller unrefs it */

/* the same as GLib's, which would be called for each line */
static inline void
queue_push_tail(GQueue *queue, GList *link)
{
  link->prev = queue->tail;
  if (queue->tail)
    queue->tail->next = link;
  else
    queue->head = link;
  queue->tail = link;
  queue->length++;
}

static inline void
queue_unlink(GQueue *queue, GList *link)
{
  if (link->prev)
    link->prev->next = link->next;
  else
    queue->head = link->next;
  if (link->next)
    link->next->prev = link->prev;
  else
    queue->tail = link->prev;
  link->prev = link->next = NULL;
  queue->length--;
}

/* moves what is in a queue to its end */
static inline void
queue_move_to_tail(GQueue *queue, GList *link)
{
  if (!link->next)
    return;
  queue_unlink(queue, link);
  queue_push_tail(queue, link);
}

/* moves a message to the end of a queue of its host, or out of all */
void host_move_message(Host *self, Message *message, MessageQueue which);

/* the same, but it may be there already */
static inline void
host_queue_message(Host *self, Message *message, MessageQueue which)
{
  if (message->queue != which || message->link.next)
    host_move_message(self, message, which);
}

/* a message that waits in one of both queues stays where it is */
void host_queue_interim(Message *message, InterimQueue which);
void host_unqueue_interim(Message *message);

/* offset of stamps without one, from the first line that names an id; FALSE when the two clocks do not fit */
gboolean host_learn_offset(Host *self, const QueueId *id, const Stamp *stamp);

/* gives a stamp without offset the host's; late lines from before a change get the old one */
void host_resolve_stamp(const Host *self, Stamp *stamp);

/* a stamp that host_resolve_stamp() has given the offset of now: in the hour that comes twice it may be of before the
 * change as well.  Processes come back within an hour, queue ids do not: without one it must not fit the clock. */
gboolean host_doubts_stamp(const Host *self, const Stamp *stamp, gboolean has_id);

/* what a line says about the time */
typedef struct _ClockLine
{
  gint64 usec;
  guint64 hash;
  Slice queue_id;              /* empty: none */
  gboolean offset_is_learned;  /* its stamp has no offset of its own: the host's may be out of date */
  gint32 offset_sec;           /* that one, else the host's */
} ClockLine;

#define CLOCK_TOLERANCE_SEC 420

/* see "Time" in tracker.h */
void host_follow_line(Host *self, const ClockLine *line);

/* the clock as it was in an earlier run, behind a line of that time */
void host_set_clock(Host *self, gint64 usec, const ClockLine *line);

/* the same for most lines; FALSE: that one has to look closer */
static inline gboolean
host_follow_near(Host *self, gint64 usec)
{
  gint64 step = usec - self->clock_usec;

  if (!self->clock_usec || self->waits
      || (guint64) (step + CLOCK_TOLERANCE_SEC * STAMP_USEC) > 2 * CLOCK_TOLERANCE_SEC * STAMP_USEC)
    return FALSE;
  self->clock_sure = TRUE;
  self->clock_usec = MAX(self->clock_usec, usec);
  self->ahead_usec = 0;
  return TRUE;
}

/* the clock ran on a wrong offset so far: moves it and all that is due */
void host_shift_clock(Host *self, gint64 usec);

Connection *host_add_connection(Host *self, guint64 hash);
Connection *host_find_connection(const Host *self, guint64 hash);
void host_remove_connection(Host *self, Connection *connection);
guint64 host_client_hash(const Host *self, Slice ip, Slice port);
guint64 host_connection_hash(const Host *self, const Line *line);   /* the same for the client that the line names */
gboolean host_knows_connection(const Host *self, Slice ip, Slice port);

/* a process of the host: pids of cluster nodes are their own; 0: not known.  Processes of one node have different keys:
 * a multiplication with an odd number loses nothing. */
static inline guint64
host_process_key(const Host *self, Slice node, guint64 pid)
{
  guint64 seed = self->line_seed + (node.len ? slice_hash(node, self->seed) : 0);
  guint64 key = (seed + pid) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

  return !pid ? 0 : key ? key : 1;
}

Session *host_find_session(const Host *self, guint64 process_key);

Session *session_new(Host *host, const Stamp *first);   /* of no process yet */
void session_free(Session *self);

/* FALSE: this very line was fed before */
gboolean session_see(Session *self, guint64 line_hash, const Stamp *stamp);

/* the line names another client than the session's */
gboolean session_is_foreign(const Session *self, const Line *line);
Slice session_client_ip(const Session *self);   /* empty: not told yet */

/* facts of a line without a queue id */
void session_merge_line(Session *self, const Line *line, const TrackerOptions *options);
void session_merge_only_line(Session *self, const Line *line, const TrackerOptions *options);   /* none follows */
void session_note_refused(Session *self, const Line *line);   /* of a line that names the id of a refused message */
void session_note_client(Session *self, Slice ip, Slice port);
void session_note_connection(Session *self, const Connection *connection);
void session_note_raw(Session *self, Slice raw);
/* merges all of them into its record */
void session_fold(Session *self);
void session_add_refusal(Session *self, const Line *line, const Stamp *stamp);
void session_add_lost_id(Session *self, Slice queue_id, const Stamp *stamp);

/* gives the facts since the last arrival to the message that has arrived now */
void session_hand_over(Session *self, Message *message, const TrackerOptions *options);
/* raw lines of a message that was refused */
void session_take_lines(Session *self, const Message *message);
void session_forget_upcoming(Session *self);

/* refusals, or no accepted message */
gboolean session_wants_document(const Session *self);
/* its facts are folded */
Summary *session_summarize(const Session *self, EndReason reason, const TrackerOptions *options, SummaryQueue *out);

#endif
