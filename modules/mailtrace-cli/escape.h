/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escape: strangers' bytes for the eyes of people.  A terminal that shows the result does nothing else. */
#ifndef MAILTRACE_CLI_ESCAPE_H_INCLUDED
#define MAILTRACE_CLI_ESCAPE_H_INCLUDED

#include "mailtrace/slice.h"

/* Printable characters as they are, a backslash twice, every other byte as \xHH: nothing that moves a cursor, changes
 * the direction of writing, or is not UTF-8. */
void escape_append(Slice text, GString *out);

/* the same as one word: blanks are escaped, an empty text is "-" */
void escape_append_word(Slice text, GString *out);

#endif
