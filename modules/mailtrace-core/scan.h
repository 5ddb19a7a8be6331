/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scan: a cursor over the text of one line, and the steps that rows of the dialects are made of.  Each step stands for
 * one production of the log's grammar: it takes it off the front and adds fields to the line, or returns FALSE.
 * Every byte may be hostile: steps look at the slice only and take time linear in it.
 */
#ifndef MAILTRACE_SCAN_H_INCLUDED
#define MAILTRACE_SCAN_H_INCLUDED

#include "mailtrace/line.h"

/* what a peer and its fields were read as: several rows begin with them and differ in what follows.  The fields stay
 * where they are in the line. */
typedef struct _PeerMemo
{
  const gchar *at;      /* where it began, NULL: none was read yet */
  Slice rest;           /* behind it; str is NULL when there is none that the line could go on behind */
  guint begin, end;     /* numbers of the fields */
  guint64 seen;         /* by the line then */
  gboolean in_row;      /* the row that is tried now has read or taken it */
} PeerMemo;

typedef struct _Scan
{
  Slice rest;
  Line *line;
  PeerMemo *memo;       /* or NULL */
} Scan;

typedef struct _LineStep LineStep;
typedef gboolean (*ScanFunction)(Scan *self, const LineStep *step);

struct _LineStep
{
  ScanFunction scan;
  FieldId field;          /* where the step adds one field of the row's choice; F_RECORD: to none */
  Slice literal;
  const Slice *texts;     /* several to choose from, TEXTS_END behind the last */
};

#define NO_FIELD F_RECORD
/* a text in a table */
#define TEXT(literal) { (literal), sizeof(literal) - 1 }
#define NO_TEXT { NULL, 0 }
#define TEXTS_END { NULL, 0 }

/* value.str is not NULL */
static inline __attribute__((always_inline)) void
scan_put(Line *line, FieldId id, Slice value, gboolean escaped)
{
  guint n = line->n_fields;
  LineField *field = &line->fields[n];

  if (id == NO_FIELD || n >= LINE_FIELDS_MAX)
    return;
  line->n_fields = n + 1;
  line->seen |= G_GUINT64_CONSTANT(1) << id % 64;
  field->id = id;
  field->escaped = escaped;
  field->value = value;
}

static inline void
scan_add(Scan *self, FieldId id, Slice value, gboolean escaped)
{
  scan_put(self->line, id, slice_new(value.str ? value.str : "", value.len), escaped);
}

static inline void
scan_clear_fields(Line *line)
{
  line->n_fields = 0;
  line->seen = 0;
}

static inline gboolean
scan_take_text(Scan *self, Slice text)
{
  if (!slice_starts_with(self->rest, text))
    return FALSE;
  self->rest = slice_new(self->rest.str + text.len, self->rest.len - text.len);
  return TRUE;
}

#define scan_take(self, literal) scan_take_text(self, SLICE(literal))

/* the byte in front of what is left, or 0 */
static inline gchar
scan_next(Slice rest)
{
  return rest.len ? rest.str[0] : 0;
}

/* up to the next blank */
static inline Slice
scan_plain_word(Slice text)
{
  gssize blank = slice_find_char(text, ' ');

  return blank < 0 ? text : slice_new(text.str, (gsize) blank);
}

/* of the letters, digits and ".-_" in front: what names of hosts are made of */
gsize scan_host_length(Slice text);

/* slice_to_int() would take it */
gboolean scan_is_number(Slice text);

gboolean scan_literal(Scan *self, const LineStep *step);
gboolean scan_optional(Scan *self, const LineStep *step);   /* the literal, if it is there */
gboolean scan_word(Scan *self, const LineStep *step);
gboolean scan_until(Scan *self, const LineStep *step);      /* up to the literal, which is taken too */
gboolean scan_rest(Scan *self, const LineStep *step);       /* may be empty */
gboolean scan_tail(Scan *self, const LineStep *step);       /* literal, then anything; both become the field */
gboolean scan_tail_of(Scan *self, const LineStep *step);    /* the same with several texts */
gboolean scan_one_of(Scan *self, const LineStep *step);     /* one of several texts */
gboolean scan_take_one(Scan *self, const Slice *texts);
gboolean scan_phrase(Scan *self, const LineStep *step);     /* the same, but the literal ends in front of a blank */
gboolean scan_constant(Scan *self, const LineStep *step);   /* takes nothing, adds the literal as value */
gboolean scan_angle(Scan *self, const LineStep *step);      /* "<" address ">" */
gboolean scan_angle_into(Scan *self, FieldId field);
gboolean scan_angle_glued(Scan *self, const LineStep *step); /* the same; "H=" or "U=" may follow at once */
gboolean scan_until_last(Scan *self, const LineStep *step);  /* up to the last such literal */

/* scan-peer.c: follows() tells whether the log can go on so behind a peer, and takes the fields off the front of it */
typedef gboolean (*ScanRest)(Slice *rest, const Slice *ends);
gboolean scan_peer_before(Scan *self, ScanRest follows, const Slice *ends);
gboolean scan_sure_peer_before(Scan *self, ScanRest follows, const Slice *ends);
gboolean scan_lone_peer_before(Scan *self, ScanRest follows, const Slice *ends);
gboolean scan_address(Scan *self, const LineStep *step);    /* "[" ip "]" [":" port] of the client */

/* scan-refusal.c: the texts of the step are what may stand behind the peer and its fields */
extern const Slice scan_host_ends[];                        /* of all rows that begin with "H=" of a client */
gboolean scan_peer_fields(Scan *self, const LineStep *step);
gboolean scan_sure_peer_fields(Scan *self, const LineStep *step);
gboolean scan_lone_peer_fields(Scan *self, const LineStep *step);
gboolean scan_command_at_host(Scan *self, const LineStep *step);
gboolean scan_command_from_host(Scan *self, const LineStep *step);
gboolean scan_login_fields(Scan *self, const LineStep *step);
gboolean scan_until_login(Scan *self, const LineStep *step);
gboolean scan_cut_through(Scan *self, const LineStep *step);
gboolean scan_local_cut_through(Scan *self, const LineStep *step);
gboolean scan_rejected(Scan *self, const LineStep *step);

/* scan-letters.c: " NAME=value" fields */
gboolean scan_arrival(Scan *self, const LineStep *step);
gboolean scan_delivery(Scan *self, const LineStep *step);
gboolean scan_deferral(Scan *self, const LineStep *step);
gboolean scan_failure(Scan *self, const LineStep *step);
gboolean scan_no_delivery(Scan *self, const LineStep *step);
gboolean scan_no_failure(Scan *self, const LineStep *step);
gboolean scan_refusal_fields(Scan *self, const LineStep *step);

/* scan-utm.c */
gboolean scan_dkim(Scan *self, const LineStep *step);
gboolean scan_repeated_id(Scan *self, const LineStep *step);
gboolean scan_parent(Scan *self, const LineStep *step);

/* scan-event.c */
gboolean scan_event(Scan *self, const LineStep *step);
gboolean scan_refused_event(Scan *self, const LineStep *step);

/* scan-spam.c */
gboolean scan_refid(Scan *self, const LineStep *step);
gboolean scan_spam_failure(Scan *self, const LineStep *step);
gboolean scan_sa_exim(Scan *self, const LineStep *step);
gboolean scan_spam_text(Scan *self, Slice text);            /* adds fields, if it is about spam */

/* scan-reason.c: the class of a refusal's reason, from its other fields */
void scan_reason(Scan *self);

/* scan-words.c */
gboolean scan_continuation(Scan *self, const LineStep *step);
gboolean scan_connection_id(Scan *self, const LineStep *step);
gboolean scan_connection_way(Scan *self, const LineStep *step);
gboolean scan_local_session(Scan *self, const LineStep *step);
gboolean scan_login(Scan *self, const LineStep *step);
gboolean scan_prdr_refused(Scan *self, const LineStep *step);
gboolean scan_marked_address(Scan *self, const LineStep *step);
gboolean scan_added_recipient(Scan *self, const LineStep *step);
gboolean scan_local(Scan *self, const LineStep *step);      /* takes nothing */
gboolean scan_duration_tail(Scan *self, const LineStep *step);
gboolean scan_dnssec(Scan *self, const LineStep *step);
gboolean scan_dropping_acl(Scan *self, const LineStep *step);
gboolean scan_local_scan_sender(Scan *self, const LineStep *step);
gboolean scan_blanks(Scan *self, const LineStep *step);
gboolean scan_lost(Scan *self, const LineStep *step);
gboolean scan_helo(Scan *self, const LineStep *step);
gboolean scan_mechanism(Scan *self, const LineStep *step);
gboolean scan_client_authenticator(Scan *self, const LineStep *step);
gboolean scan_auth_failure(Scan *self, const LineStep *step);
gboolean scan_blank_rest(Scan *self, const LineStep *step);
gboolean scan_queue_run(Scan *self, const LineStep *step);
gboolean scan_dkim_error(Scan *self, const LineStep *step);
gboolean scan_sender(Scan *self, const LineStep *step);
gboolean scan_old_host(Scan *self, const LineStep *step);
gboolean scan_side_host(Scan *self, const LineStep *step);
gboolean scan_side_text(Scan *self, const LineStep *step);
gboolean scan_ignored_address(Scan *self, const LineStep *step);
gboolean scan_during_connection(Scan *self, const LineStep *step);

/* index of the first literal outside double quotes (backslash protects a quote inside), or -1 */
gssize scan_find_unquoted(Slice text, Slice literal);

/* the same for a blank */
gssize scan_find_blank(Slice text);

/* behind a place outside quotes they come in pairs; a backslash protects one */
gboolean scan_quotes_are_paired(Slice text);

/* blank-free run, double quotes may hold blanks */
Slice scan_quoted_word(Slice text);

/* "[" anything but "]" "]" [":" port]; FALSE when it does not begin so.  port is empty when there is none. */
gboolean scan_bracketed(Slice *at, Slice *ip, Slice *port);

/* [name SP] "[" ip "]" [":" port] or name alone; adds what is there */
void scan_next_hop(Scan *self, Slice value);
gboolean scan_plain_next_hop(Scan *self);

#endif
