/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Line: what one log line says.  The text of a frame is matched against the line shapes of the dialects (plain Exim,
 * Sophos UTM); the result is a role, the queue id it names, and fields.  Everything is a slice into the frame's text.
 * Knows no other line and no message.
 */
#ifndef MAILTRACE_LINE_H_INCLUDED
#define MAILTRACE_LINE_H_INCLUDED

#include "mailtrace/field.h"
#include "mailtrace/frame.h"

/* what a line does to a message or session; the tracker sees nothing but roles */
typedef enum _LineRole
{
  LR_UNKNOWN,      /* written by a mail program, but no shape matches */
  LR_NOT_OURS,     /* written by another daemon */
  LR_CONNECT,      /* a client connected; written by the daemon, not by the process that serves it */
  LR_DISCONNECT,   /* the connection ended */
  LR_ENVELOPE,     /* a recipient was accepted */
  LR_REFUSAL,      /* a command or a message was refused */
  LR_ARRIVAL,      /* a message was received */
  LR_NOTE,         /* a fact about the message or session */
  LR_HANDOVER,     /* one queue id continues as another */
  LR_VERDICT,      /* the scanner's decision */
  LR_DELIVERY,     /* delivered (also discarded or suppressed: see F_DELIVERY_STATUS) */
  LR_DEFERRAL,
  LR_FAILURE,
  LR_COMPLETION,   /* the queue id is done */
  LR_RESTART,      /* the daemon started */
  LR_REMARK,       /* no shape begins so: a text of the administrator's own (logwrite), or one of Exim's rarest */
  LR_CONTINUATION, /* a part of a record that other lines tell: a piece, or a line behind the first one */
  LR_SERVICE,      /* the mail program about itself: queue runs, configuration */
  LINE_ROLE_COUNT
} LineRole;

/* "connect", "not-ours", ...; static */
const gchar *line_role_name(LineRole role);

typedef struct _LineField
{
  FieldId id;
  gboolean escaped;   /* the log escaped it: decode with line_field_decode() */
  Slice value;        /* integers as digits; booleans as "true" or "false"; lists: one LineField each element */
} LineField;

#define LINE_FIELDS_MAX 64
#define LINE_MADE_MAX 80

/* the scanner refused text behind this many fields or recipients: the rest is ignored, never written past the end */
typedef struct _Line
{
  LineRole role;
  guint several_clients : 1; /* the text can be read so that another client is meant: see line_parse_of() */
  guint is_cut : 1;     /* set by the tracker: pieces of the record are missing, what it does not say is not known */
  guint cut_through : 1; /* DELIVERY: ">>", written before the arrival */
  guint later_recipient : 1; /* DELIVERY: "->" */
  guint local : 1;      /* REFUSAL: by a process that serves no connection */
  guint closes : 1;     /* VERDICT: a final disposition, no delivery follows under this id */
  const gchar *shape;   /* name of the matching shape, NULL for LR_UNKNOWN and LR_NOT_OURS; static */
  Slice queue_id;       /* empty: none */
  Slice parent;         /* HANDOVER: the queue id this one was made from; empty: not said */
  Slice cause;          /* ARRIVAL: R=, the id of the message that caused this one */
  guint64 seen;         /* bit (id % 64) for each field: what is not there needs no search */
  guint32 n_fields, made_len;
  guint32 pid;          /* of the process that wrote it, as in the frame */
  Slice known_client;   /* address of the client as other lines of its process tell it; empty: not known */
  Slice other_ip, other_port;   /* several_clients: the address of the first reading */
  LineField fields[LINE_FIELDS_MAX];
  gchar made[LINE_MADE_MAX];  /* text of values that are not in the line as such; fields point into it: do not copy */
  Slice more_recipients; /* "for" list as logged, when it does not fit into fields; blank separated */
} Line;

/* Never fails: LR_UNKNOWN and LR_NOT_OURS are results.  out is fully initialised. */
LAYER_ENTRY void line_parse(const Frame *frame, Line *out);

/* the same for a line of a process that is known to serve this client: where strangers' text makes more than one
 * reading possible, the one that names it is taken */
void line_parse_of(const Frame *frame, Slice client_ip, Line *out);

/* FALSE: it has no such field */
static inline gboolean
line_may_have(const Line *self, FieldId id)
{
  return (self->seen >> id % 64 & 1) != 0;
}

/* first value of a field, or SLICE_NONE (str NULL) when absent; an empty value has str != NULL */
Slice line_get(const Line *self, FieldId id);

/* bytes that line_field_decode() may need: never more than field->value.len */
static inline gsize
line_field_decoded_max(const LineField *field)
{
  return field->value.len;
}

/* the value as meant: backslash escapes (\" \\ \n \t \ooo) resolved when the log escaped them.
 * Returns field->value itself when there is nothing to decode, else a slice into buf. */
Slice line_field_decode(const LineField *field, gchar *buf);

/* what a line that no shape matches comes closest to: for people who read or write shapes, not for speed */
typedef struct _LineNearest
{
  const gchar *shape;      /* NULL: no shape begins like the line */
  Slice rest;              /* of the frame's text, from where the shape stopped */
  const gchar *expected;   /* literal that should stand there; "": the end of the line; NULL: some value */
} LineNearest;

void line_find_nearest(const Frame *frame, LineNearest *out);

#endif
