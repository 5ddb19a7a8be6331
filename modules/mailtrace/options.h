/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of one mailtrace() parser: one struct, one copy function.  Knows nothing of pipes.
 * The setters of named values return FALSE for a value that is not allowed.
 */
#ifndef MAILTRACE_OPTIONS_H_INCLUDED
#define MAILTRACE_OPTIONS_H_INCLUDED

#include "mailtrace/document.h"
#include "mailtrace/privacy.h"
#include "mailtrace/tracker.h"

typedef struct _MailtraceOptions
{
  gchar *prefix;
  guint emit;                 /* bit (1 << RecordKind) for each kind of document */
  gboolean drop_lines;
  DocumentFormat format;
  gchar **fields;             /* names, or "NAME.*"; NULL: all */
  gchar **local_domains;      /* lower case */
  GHashTable *aliases;        /* node -> gateway */
  gchar *time_zone;           /* NULL: the system's */
  GTimeZone *zone;
  TlsPolicy *tls_policy;
  gboolean has_journal;
  gchar *journal;             /* as given; NULL: a name made from the parser's */
  guint journal_sync_sec;     /* 0: never */
  Privacy privacy;
  TrackerOptions tracker;
} MailtraceOptions;

void mailtrace_options_init(MailtraceOptions *self);
void mailtrace_options_copy(MailtraceOptions *self, const MailtraceOptions *from);   /* self: initialised */
void mailtrace_options_clear(MailtraceOptions *self);

#define MAILTRACE_PREFIX_MAX 128   /* names of values end at 255 bytes */

gboolean mailtrace_options_set_prefix(MailtraceOptions *self, const gchar *prefix);
gboolean mailtrace_options_set_emit(MailtraceOptions *self, GList *kinds);
/* the first that emit() does not know; NULL: all are known */
const gchar *mailtrace_options_unknown_kind(GList *kinds);
/* the first that is neither the name of a field nor "NAME.*" of some; NULL: all are */
const gchar *mailtrace_options_unknown_field(GList *names);
void mailtrace_options_set_fields(MailtraceOptions *self, GList *names);
/* whether fields() names it, by its name in that kind of record; F_RECORD always */
gboolean mailtrace_options_has_field(const MailtraceOptions *self, FieldId id, RecordKind kind);
gboolean mailtrace_options_set_lines(MailtraceOptions *self, const gchar *value);
/* bits of things for anonymize() or omit(); the first that is unknown, or NULL */
const gchar *mailtrace_options_add_private(guint *bits, GList *things);
/* what options say against each other, static; NULL: nothing */
const gchar *mailtrace_options_problem(const MailtraceOptions *self);
gboolean mailtrace_options_set_json(MailtraceOptions *self, const gchar *value);
gboolean mailtrace_options_set_time_zone(MailtraceOptions *self, const gchar *name);
/* a name or a file; NULL, or what is wrong with it, to be freed */
gchar *mailtrace_options_set_tls_policy(MailtraceOptions *self, const gchar *name);
/* the first that is no domain name; NULL: all are */
const gchar *mailtrace_options_wrong_domain(GList *domains);
void mailtrace_options_set_local_domains(MailtraceOptions *self, GList *domains);
gboolean mailtrace_options_set_journal(MailtraceOptions *self, const gchar *value);
void mailtrace_options_add_alias(MailtraceOptions *self, const gchar *node, const gchar *gateway);

/* what the tracker is to be made with; pointers into self */
void mailtrace_options_get_tracker(MailtraceOptions *self, TrackerOptions *out);

/* UTC offset of a local time in time-zone(), seconds */
gint32 mailtrace_options_offset_at(const MailtraceOptions *self, gint64 local_sec);

/* the gateway a host belongs to */
Slice mailtrace_options_gateway(const MailtraceOptions *self, Slice host);

#endif
