/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options: the command line, checked.  Owns every text it refers to.
 */
#ifndef MAILTRACE_CLI_OPTIONS_H_INCLUDED
#define MAILTRACE_CLI_OPTIONS_H_INCLUDED

#include "mailtrace/document.h"
#include "mailtrace/privacy.h"
#include "mailtrace/tracker.h"
#include "time-zone.h"

typedef enum _ProgressMode
{
  PM_AUTO,
  PM_ALWAYS,
  PM_NEVER,
} ProgressMode;

typedef struct _Options
{
  gchar **files;              /* never empty: "-" when none was given */
  gchar *output;              /* NULL: standard output */
  gchar *counters;            /* NULL: none */
  gchar *journal;             /* NULL: none */
  gchar *raw;                 /* id or address whose lines are wanted, or NULL */
  gchar *host;
  GHashTable *host_aliases;   /* node -> name */
  gchar **local_domains;      /* lower case, or NULL */
  TimeZone *time_zone;
  Privacy privacy;
  TlsPolicy *tls_policy;
  guint emit;                 /* bit (1 << RecordKind) each */
  DocumentFormat format;
  ProgressMode progress;
  gboolean quiet, show_version, explain, dump, confirm;
  gboolean last;              /* of the runs with that journal */
  gchar *help;                /* the text to print instead of working, or NULL */
  TrackerOptions tracker;
} Options;

/* argv is a NULL-terminated copy that it may change.  FALSE: *error (to be freed) names the option, its value, and what
 * is allowed. */
gboolean options_parse(Options *self, gchar **argv, gchar **error);
void options_release(Options *self);

#endif
