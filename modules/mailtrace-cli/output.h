/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Output: lines collected in memory and written in large pieces.  After an error it swallows everything and remembers
 * the reason.
 */
#ifndef MAILTRACE_CLI_OUTPUT_H_INCLUDED
#define MAILTRACE_CLI_OUTPUT_H_INCLUDED

#include <glib.h>

typedef enum _OutputMode
{
  OM_TRUNCATE,
  OM_APPEND,   /* a last line without its end is cut off: who wrote it was stopped in the middle, and says it again */
} OutputMode;

/* all lines so far are written */
typedef void (*OutputHook)(gpointer data);

typedef struct _Output
{
  gint fd;
  const gchar *name;   /* for messages */
  GString *pending;
  OutputHook written;  /* or NULL */
  gpointer data;
  gint error;          /* errno of the first failure, 0 = none */
} Output;

/* Opens the file, or standard output (path NULL), unless it is one of the inputs ("-": standard input).  *error: NULL, or
 * why not, static; the descriptor is then of no use. */
gint output_open(const gchar *path, OutputMode mode, gchar **inputs, const gchar **error);
/* the path as messages name it */
const gchar *output_name(const gchar *path);

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
/* the same, and waits until a file is on the disk */
void output_sync(Output *self);

#endif
