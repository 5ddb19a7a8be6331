/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Message: all that is known of one message while it lives in the tracker: its facts in a Record, its queue ids, and
 * what its lines say about its life.  Knows no other message, no time but that of its lines, no tables.
 */
#ifndef MAILTRACE_MESSAGE_H_INCLUDED
#define MAILTRACE_MESSAGE_H_INCLUDED

#include "mailtrace/queue_id.h"
#include "mailtrace/tracker.h"
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

/* one queue id of a message; also its entry in the host's table */
typedef struct _IdEntry
{
  guint64 hash;
  Message *message;
  guint8 len;
  gchar id[QUEUE_ID_NEW_LEN];
  gboolean open;
  gboolean seen;       /* a line of its own was seen, not only a reference to it */
  gboolean scanned;    /* made by the scanner */
  gboolean superseded; /* a child was made from it: does not keep the message open for long */
} IdEntry;

struct _Message
{
  GList link;                  /* in one of the host's queues; .data = self */
  GQueue *queue;               /* the queue it is in, or NULL */
  GList interim_link;
  GQueue *interim_queue;       /* the host's interim or changed, or NULL */
  gint64 interim_usec;         /* host time at which it was queued there */
  gboolean interim_passed;
  gint64 touched_usec;         /* host time of the last line */

  Host *host;
  Session *session;            /* while the connection that brought it lives, else NULL */
  Record *record;
  MessageState state;
  EndReason end_reason;
  guint generation;            /* 1; 2 and more: facts that came long after the end */
  guint revision;              /* of the last document; 0: none yet */
  guint arrived_revision;      /* the last that a destination took and that is not made again after a restart */
  guint n_underway;            /* documents that were handed out and have not arrived */
  JournalGroup group, session_group;

  GPtrArray *ids;              /* of IdEntry, owned by the host's table */
  guint n_open, n_superseded;  /* open ids; those of them that are superseded */

  U64Map seen;                 /* hashes of its lines */
  U64Map recipients;
  U64Map deliveries;           /* hash of (original, final) -> number of the nested record */
  U64Map warnings;
  U64Map scan_recipients;      /* hash of (queue id, recipient) */
  guint n_recipients, n_omitted, n_bounces;
  guint n_deferred;            /* deliveries whose last attempt was deferred */
  guint32 lines;
  gsize bytes;                 /* text taken in so far */

  gint32 offset_sec;           /* of stamps that have none */
  const gchar *offset_source;
  guint64 pid;                 /* of the receiving process */
  Stamp received, arrival, handed_over, scan_begin, scan_end, first_attempt, last_delivery, completed;
  guint32 worker_pid;          /* scanner that took it over, while it is in the host's workers */
  gboolean listed;             /* as a refusal of its session, before it could arrive */
  gboolean arrived;
  gboolean arrival_is_cut;     /* what its line does not say is not known */
  gboolean envelope_known;     /* the log listed its recipients as they were accepted */
  gboolean awaits_child;       /* handed to the scanner, whose own queue id was not seen */
  gboolean admin_ended;        /* removed or cancelled by an administrator or a timeout */
};

Message *message_new(Host *host, RecordKind kind);
void message_free(Message *self);

/* FALSE: this very line was fed before */
gboolean message_see(Message *self, guint64 line_hash);

/* the entry must not belong to a message yet */
void message_add_id(Message *self, IdEntry *entry);
void message_close_id(Message *self, IdEntry *entry);
void message_supersede_id(Message *self, IdEntry *entry);

/* merges the fields of a line that belong into a record of that kind; TRUE when something changed */
gboolean message_merge_line(Message *self, Record *record, const Line *line);
gboolean record_merge_line(Record *record, const Line *line, FieldId except);   /* all but warnings and recipients */

/* the warnings of a line that seen does not hold yet; beyond WARNINGS_MAX the rest is left out */
#define WARNINGS_MAX 1000
gboolean record_merge_warnings(Record *record, const Line *line, U64Map *seen, guint64 seed);
gboolean record_add_warning(Record *record, Slice text, U64Map *seen, guint64 seed);

/* the part behind the last "@", in lower case; nothing without one */
void record_set_domain(Record *record, FieldId id, Slice address);

gboolean message_add_recipient(Message *self, Slice address, const TrackerOptions *options);

/* outcome of one delivery attempt */
gboolean message_deliver(Message *self, const Line *line, const Frame *frame, const TrackerOptions *options);

/* the pass through the scanner that made that queue id; made when new */
Record *message_scan(Message *self, Slice queue_id);

gboolean message_sign(Message *self, const Line *line);
/* DKIM= of the arrival names the first domain whose signature verified: all there is where verdicts are not logged */
gboolean message_sign_on_arrival(Message *self, const Line *line);

/* every recipient of the envelope is known and has a final outcome */
gboolean message_all_final(const Message *self);

/* parts of the summary: message-tls.c, message-dkim.c */
gboolean message_arrived_over_network(const Message *self, const Record *record);
void message_set_tls(const Message *self, Record *record, const TlsPolicy *policy);
void message_set_dkim(const Message *self, Record *record);
void session_set_tls(Record *record, const TlsPolicy *policy);

/* what the message has come to; see summary.h */
Summary *message_summarize(const Message *self, const TrackerOptions *options);

#endif
