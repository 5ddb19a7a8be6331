/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Explain: one line in words, for people who report an unknown line or write a new shape */
#ifndef MAILTRACE_CLI_EXPLAIN_H_INCLUDED
#define MAILTRACE_CLI_EXPLAIN_H_INCLUDED

#include "mailtrace/line.h"

/* frame->raw: the line as it was read; has_frame: its header was understood.  Strangers' text is escaped as in JSON. */
void explain_line(guint64 number, const Frame *frame, gboolean has_frame, const Line *line, GString *out);

#endif
