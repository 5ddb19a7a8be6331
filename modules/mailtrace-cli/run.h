/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Run: all files through the tracker, documents to the output. */
#ifndef MAILTRACE_CLI_RUN_H_INCLUDED
#define MAILTRACE_CLI_RUN_H_INCLUDED

#include "options.h"

/* the exit status; complains itself */
gint run(Options *options);

#endif
