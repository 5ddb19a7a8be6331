/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lookup: the log lines of messages that somebody asks for, by id or by address.  Holds the lines of those it found.
 */
#ifndef MAILTRACE_CLI_LOOKUP_H_INCLUDED
#define MAILTRACE_CLI_LOOKUP_H_INCLUDED

#include "mailtrace/summary.h"
#include "output.h"

typedef struct _Lookup Lookup;

/* wanted: id of a document, queue id, or address; must outlive it */
Lookup *lookup_new(Slice wanted);
void lookup_free(Lookup *self);

/* keeps the lines of a message or session that is wanted; a later revision replaces the earlier one */
void lookup_offer(Lookup *self, const Facts *facts);

guint lookup_count(const Lookup *self);

/* Lines that were not kept because a message may hold only so much. */
guint64 lookup_omitted_lines(const Lookup *self);

/* the lines of each in their order, the oldest first, an empty line in between; escaped: as for a terminal */
void lookup_write(Lookup *self, gboolean escaped, Output *output);

#endif
