/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one form of error messages: "mailtrace: WHAT: WHY" on standard error. */
#ifndef MAILTRACE_CLI_COMPLAIN_H_INCLUDED
#define MAILTRACE_CLI_COMPLAIN_H_INCLUDED

#include <stdio.h>

static inline void
complain(const char *what, const char *why)
{
  fprintf(stderr, "mailtrace: %s: %s\n", what, why);
}

#endif
