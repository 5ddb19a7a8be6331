/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* where the journal of a parser is */
#ifndef MAILTRACE_JOURNAL_PLACE_H_INCLUDED
#define MAILTRACE_JOURNAL_PLACE_H_INCLUDED

#include "compat.h"
#include "options.h"

/* The whole path of the file, or NULL for none; to be freed.  A name without a slash in front belongs into the
 * directory of syslog-ng's own persist file.  parser: its name, of which journal(yes) makes that of the file.  copy:
 * NULL, or what tells several parsers of one rule apart, each of which has a file of its own. */
gchar *journal_place(const MailtraceOptions *options, GlobalConfig *cfg, const gchar *parser, const gchar *copy);

#endif
