/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Message: all that is known of one message while it lives in the tracker: its facts in a Record, its queue ids, and
 * what its lines say about its life.  Knows no other message, no time but that of its lines, no tables.
 */
#ifndef MAILTRACE_MESSAGE_H_INCLUDED
#define MAILTRACE_MESSAGE_H_INCLUDED

#include "mailtrace/queue_id.h"
#include "mailtrace/tracker.h"
#include "keyed-hash.h"
#include "record-line.h"
#include "u64-map.h"

typedef struct _Host Host;
typedef struct _Message Message;
typedef struct _Session Session;

typedef enum _MessageState
{
  MS_PENDING,    /* named by the receiving process only, not arrived yet: may still be refused */
  MS_OPEN,
  MS_ENDED,      /* document emitted; late lines still find it */
} MessageState;

/* queue of its host that a message is in */
typedef enum _MessageQueue
{
  MQ_NONE,
  MQ_OPEN,
  MQ_CLOSING,
  MQ_ENDED,
  MQ_PENDING,
} MessageQueue;

typedef enum _InterimQueue
{
  IQ_NONE,
  IQ_INTERIM,
  IQ_CHANGED,
  IQ_SESSION,    /* the session's pending, before the arrival */
} InterimQueue;

/* one queue id of a message; also its entry in the host's table */
typedef struct _IdEntry
{
  struct _IdEntry *next;   /* id of the same message */
  Message *message;
  guint8 open : 1;
  guint8 seen : 1;         /* a line of its own was seen, not only a reference to it */
  guint8 scanned : 1;      /* made by the scanner */
  guint8 superseded : 1;   /* a child was made from it: does not keep the message open for long */
  guint8 len;
  gchar id[];
} IdEntry;

/* there may be a million of them: tests/bench/memory.c tells what each one costs */
struct _Message
{
  GList link;                  /* in one of the host's queues; .data = self */
  GList interim_link;
  gint64 interim_usec;         /* host time at which it was queued there */
  gint64 touched_usec;         /* host time of the last line */

  Host *host;
  Session *session;            /* while the connection that brought it lives, else NULL */
  IdEntry *first_id, *last_id; /* in order, owned by the host's table */
  Record record[1];            /* used as a pointer, and no block of its own */

  U64Set known;                /* hashes of its lines, recipients, warnings, (queue id, recipient) of scans */
  U64Map deliveries;           /* hash of (original, final) -> number of the nested record */

  const gchar *offset_source;
  gint32 offset_sec;           /* of stamps that have none */
  guint64 worker_key;          /* process of the scanner that took it over, while it is in the host's workers */
  guint64 pid;                 /* of the receiving process */
  Stamp arrival, completed;
  guint32 scan_begin, scan_end, first_attempt, last_delivery;   /* message_second(); 0: not seen */

  guint32 lines;
  guint32 bytes;               /* text taken in so far */
  guint32 revision;            /* of the last document; 0: none yet */
  guint32 arrived_revision;    /* the last that a destination took and that is not made again after a restart */
  guint32 n_underway;          /* documents that were handed out and have not arrived */
  JournalGroup group, session_group;
  guint32 n_recipients, n_omitted, n_scan_recipients;
  guint32 n_deferred;          /* deliveries whose last attempt was deferred */
  guint16 generation;          /* 1; 2 and more: facts that came long after the end */
  guint16 n_bounces, n_ids;
  guint16 n_open, n_superseded;   /* open ids; those of them that are superseded */

  guint8 state;                /* MessageState */
  guint8 end_reason;           /* EndReason */
  guint8 queue;                /* MessageQueue */
  guint8 interim_queue;        /* InterimQueue */
  guint8 interim_passed : 1;
  guint8 listed : 1;            /* as a refusal of its session, before it could arrive */
  guint8 arrived : 1;
  guint8 arrival_is_cut : 1;    /* what its line does not say is not known */
  guint8 envelope_known : 1;    /* the log listed its recipients as they were accepted */
  guint8 awaits_child : 1;      /* handed to the scanner, whose own queue id was not seen */
  guint8 is_frozen : 1;         /* and so on the queue, whatever became of its recipients */
  guint8 is_orphan : 1;         /* bounce of an id of which no line was seen: in the host's orphans */
  guint8 admin_ended : 1;       /* removed or cancelled by an administrator or a timeout */
  guint8 dkim_logged : 1;       /* the gateway had logged DKIM when the last line came */
  guint8 spam_logged : 1;       /* likewise verdicts */
};

Message *message_new(Host *host, RecordKind kind);
void message_free(Message *self);

/* beyond, a repeated line counts as a new one */
#define LINES_REMEMBERED_MAX 65536

/* FALSE: this very line was fed before */
gboolean message_see(Message *self, guint64 line_hash);

/* of a stamp, in UTC; kept instead of it where nothing else is asked for */
guint32 message_second(const Message *self, const Stamp *stamp);

/* one that has so many takes no other: a message with more of them is another one */
#define IDS_MAX 1000

/* ids are kept in order: those the scanner made behind that of the arrival, each by the second it was made.
 * The entry must not belong to a message yet; sort it when scanned changes. */
void message_add_id(Message *self, IdEntry *entry);
void message_adopt_ids(Message *self, Message *other);   /* all of another message */
void message_sort_id(Message *self, IdEntry *entry);
void message_close_id(Message *self, IdEntry *entry);
void message_supersede_id(Message *self, IdEntry *entry);

/* message-line.c: see record_merge_line(); warnings, too */
gboolean message_merge_line(Message *self, Record *record, const Line *line);

/* unless known holds it; beyond WARNINGS_MAX the rest is left out */
#define WARNINGS_MAX 1000
gboolean record_add_warning(Record *record, Slice text, U64Set *known, const HashKey *key);

/* the part behind the last "@", in lower case; nothing without one */
void record_set_domain(Record *record, FieldId id, Slice address);

gboolean message_add_recipient(Message *self, Slice address, const TrackerOptions *options);

/* outcome of one delivery attempt */
gboolean message_deliver(Message *self, const Line *line, const Stamp *stamp, const TrackerOptions *options);

/* the pass through the scanner that made that queue id; a new one is empty: the caller sets at least this */
Record *message_scan(Message *self, Slice queue_id);

gboolean message_sign(Message *self, const Line *line);
/* DKIM= of the arrival names the first domain whose signature verified: all there is where verdicts are not logged */
gboolean message_sign_on_arrival(Message *self, const Line *line);

/* takes over all facts and ids of another message, which is empty then */
void message_absorb(Message *self, Message *other, const TrackerOptions *options);
/* the one that begins at that byte of a record, see record_next_id() */
void message_take_value(Message *self, const Record *from, guint32 at, const TrackerOptions *options);
void message_take_delivery(Message *self, Record *delivery, const TrackerOptions *options);
void message_take_signature(Message *self, const Record *signature);

/* every recipient of the envelope is known and has a final outcome, and nothing else keeps it on the queue */
gboolean message_all_final(const Message *self);

/* what the message has come to; see summary.h */
LAYER_ENTRY Summary *message_summarize(const Message *self, const TrackerOptions *options, SummaryQueue *out);

#endif
