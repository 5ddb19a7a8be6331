/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two forms of error messages on standard error: "mailtrace: WHAT: WHY" and "mailtrace: --OPTION: "VALUE": WHY". */
#ifndef MAILTRACE_CLI_COMPLAIN_H_INCLUDED
#define MAILTRACE_CLI_COMPLAIN_H_INCLUDED

#include <stdio.h>

static inline void
complain(const char *what, const char *why)
{
  fprintf(stderr, "mailtrace: %s: %s\n", what, why);
}

static inline void
complain_of_option(const char *option, const char *value, const char *why)
{
  fprintf(stderr, "mailtrace: --%s: \"%s\": %s\n", option, value, why);
}

#endif
