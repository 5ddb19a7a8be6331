/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dump: what a journal holds, for people; the journal may be in use, and damaged. */
#ifndef MAILTRACE_CLI_DUMP_H_INCLUDED
#define MAILTRACE_CLI_DUMP_H_INCLUDED

#include "options.h"

/* the exit status; complains itself */
gint dump(Options *options);

#endif
