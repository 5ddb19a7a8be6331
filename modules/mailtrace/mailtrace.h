/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parser mailtrace() as a pipe of syslog-ng: life cycle, forwarding, acknowledgements.  Knows no mail: what a line
 * means and what a document holds is the core's.
 */
#ifndef MAILTRACE_MAILTRACE_H_INCLUDED
#define MAILTRACE_MAILTRACE_H_INCLUDED

#include "compat.h"
#include "options.h"

LogParser *mailtrace_new(GlobalConfig *cfg);

/* for the grammar; valid until the parser is freed */
MailtraceOptions *mailtrace_get_options(LogParser *s);

/* once per process, before the first parser: emits what is open when syslog-ng stops */
void mailtrace_global_init(void);

#endif
