/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Output: lines collected in memory and written in large pieces.  After an error it swallows everything and remembers
 * the reason.
 */
#ifndef MAILTRACE_CLI_OUTPUT_H_INCLUDED
#define MAILTRACE_CLI_OUTPUT_H_INCLUDED

#include <glib.h>

typedef struct _Output
{
  gint fd;
  const gchar *name;   /* for messages */
  GString *pending;
  gint error;          /* errno of the first failure, 0 = none */
} Output;

void output_init(Output *self, gint fd, const gchar *name);

/* writes what is pending and closes; FALSE when anything ever failed */
gboolean output_close(Output *self);

/* where to append the next line; followed by output_line_done() */
static inline GString *
output_buffer(Output *self)
{
  return self->pending;
}

void output_line_done(Output *self);
void output_flush(Output *self);

#endif
