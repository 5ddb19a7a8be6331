/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists as syslog-ng writes them: commas between elements, quotes around those that need them.  The same bytes as its
 * own encoder, which is slow, and asked only for what must be escaped.
 */
#ifndef MAILTRACE_LIST_TEXT_H_INCLUDED
#define MAILTRACE_LIST_TEXT_H_INCLUDED

#include "mailtrace/slice.h"

void list_text_append(GString *list, Slice element);

/* a list of this element alone is the element's own text */
gboolean list_text_is_plain(Slice element);

#endif
