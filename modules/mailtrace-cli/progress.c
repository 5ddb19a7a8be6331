/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows terminals; must not know what is counted. */
#include "progress.h"

#include <stdio.h>

#define REDRAW_USEC (G_USEC_PER_SEC / 5)
#define BAR_WIDTH 30

void
progress_init(Progress *self, gboolean shown, guint64 total_bytes)
{
  *self = (Progress) { .shown = shown, .total_bytes = total_bytes, .begin_usec = g_get_monotonic_time() };
}

static void
_draw_bar(guint percent)
{
  gchar bar[BAR_WIDTH + 1];

  for (guint i = 0; i < BAR_WIDTH; i++)
    bar[i] = i * 100 < percent * BAR_WIDTH ? '#' : '.';
  bar[BAR_WIDTH] = '\0';
  fprintf(stderr, "[%s] %3u%%  ", bar, percent);
}

void
progress_update(Progress *self, guint64 bytes, guint64 lines, guint open_messages)
{
  if (!self->shown)
    return;
  gint64 now = g_get_monotonic_time();
  if (now - self->drawn_usec < REDRAW_USEC)
    return;
  self->drawn_usec = now;
  self->drawn = TRUE;
  fputc('\r', stderr);
  if (self->total_bytes)
    _draw_bar((guint) (MIN(bytes, self->total_bytes) * 100.0 / self->total_bytes));
  fprintf(stderr, "%.0f lines/s, %u open messages \033[K", lines * 1e6 / MAX(now - self->begin_usec, 1), open_messages);
  fflush(stderr);
}

void
progress_clear(Progress *self)
{
  if (!self->drawn)
    return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
  self->drawn = FALSE;
}
