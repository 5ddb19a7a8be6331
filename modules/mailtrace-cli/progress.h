/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress: one line on a terminal that says how far the work is, redrawn at most five times a second. */
#ifndef MAILTRACE_CLI_PROGRESS_H_INCLUDED
#define MAILTRACE_CLI_PROGRESS_H_INCLUDED

#include <glib.h>

typedef struct _Progress
{
  gboolean shown;
  guint64 total_bytes;   /* 0: unknown */
  gint64 begin_usec, drawn_usec;
  gboolean drawn;
} Progress;

void progress_init(Progress *self, gboolean shown, guint64 total_bytes);

/* cheap when nothing is due */
void progress_update(Progress *self, guint64 bytes, guint64 lines, guint open_messages);

/* takes the line away; also before a message is printed */
void progress_clear(Progress *self);

#endif
