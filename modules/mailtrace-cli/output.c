/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows file descriptors; must not know what is written. */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define FLUSH_BYTES (64 * 1024)

void
output_init(Output *self, gint fd, const gchar *name)
{
  *self = (Output) { .fd = fd, .name = name, .pending = g_string_sized_new(2 * FLUSH_BYTES) };
}

static gssize
_write(gint fd, const gchar *data, gsize len)
{
  for (;;)
    {
      gssize written = write(fd, data, len);

      if (written >= 0 || (errno != EINTR && errno != EAGAIN))
        return written;
      /* the other end of an inherited descriptor may have made it non-blocking */
      struct pollfd wait = { .fd = fd, .events = POLLOUT };
      poll(&wait, 1, -1);
    }
}

void
output_flush(Output *self)
{
  gsize done = 0;

  while (!self->error && done < self->pending->len)
    {
      gssize written = _write(self->fd, self->pending->str + done, self->pending->len - done);

      if (written < 0)
        self->error = errno;
      else
        done += (gsize) written;
    }
  g_string_truncate(self->pending, 0);
}

void
output_line_done(Output *self)
{
  g_string_append_c(self->pending, '\n');
  if (self->pending->len >= FLUSH_BYTES)
    output_flush(self);
}

gboolean
output_close(Output *self)
{
  output_flush(self);
  if (close(self->fd) < 0 && !self->error && errno != EINTR)
    self->error = errno;
  g_string_free(self->pending, TRUE);
  self->pending = NULL;
  return self->error == 0;
}
