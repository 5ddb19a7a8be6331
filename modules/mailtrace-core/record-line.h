/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a line says, into a record */
#ifndef MAILTRACE_RECORD_LINE_H_INCLUDED
#define MAILTRACE_RECORD_LINE_H_INCLUDED

#include "mailtrace/line.h"
#include "mailtrace/record.h"

/* bit of a field that is left out, see record_merge_line(); of the first 64 only */
#define LEFT_OUT(id) (G_GUINT64_CONSTANT(1) << (id))

/* Merges the fields of a line that belong into a record of that kind, all but warnings and recipients, and those left
 * out.  TRUE when something changed; *has_warnings (NULL: nobody asks) becomes TRUE when the line has some. */
gboolean record_merge_line(Record *record, const Line *line, guint64 left_out, gboolean *has_warnings);

/* the value as meant, behind all others */
void record_append_field(Record *record, const LineField *field);

#endif
