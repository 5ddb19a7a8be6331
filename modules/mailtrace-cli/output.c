/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows file descriptors; must not know what is written. */
#include "output.h"

#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_BYTES (64 * 1024)
#define TAIL_BYTES 4096

/* where the last whole line ends */
static off_t
_end_of_lines(gint fd, off_t size)
{
  gchar tail[TAIL_BYTES];

  while (size > 0)
    {
      off_t begin = MAX(size - TAIL_BYTES, 0);
      gssize got = pread(fd, tail, (gsize) (size - begin), begin);
      const gchar *lf = got > 0 ? memrchr(tail, '\n', (gsize) got) : NULL;

      if (lf)
        return begin + (lf - tail) + 1;
      size = begin;
    }
  return 0;
}

static gint
_cut_last_line(const gchar *path, off_t size)
{
  gint fd = open(path, O_RDWR | O_CLOEXEC), result;

  if (fd < 0)
    return -1;
  off_t end = _end_of_lines(fd, size);
  result = end < size ? ftruncate(fd, end) : 0;
  close(fd);
  return result;
}

/* changed only after it is known not to be one of the inputs */
gint
output_open(const gchar *path, OutputMode mode, gchar **inputs, const gchar **error)
{
  gint append = mode == OM_APPEND ? O_APPEND : 0;
  gint fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | append, 0666) : STDOUT_FILENO;
  struct stat mine;

  *error = NULL;
  if (fd < 0 || fstat(fd, &mine) < 0)
    *error = g_strerror(errno);
  else if (input_is_among(&mine, inputs))
    *error = "is also the input";
  else if (path && S_ISREG(mine.st_mode) && (append ? _cut_last_line(path, mine.st_size) : ftruncate(fd, 0)) < 0)
    *error = g_strerror(errno);
  return fd;
}

const gchar *
output_name(const gchar *path)
{
  return path ? path : "standard output";
}

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
  if (self->written && !self->error)
    self->written(self->data);
}

void
output_line_done(Output *self)
{
  g_string_append_c(self->pending, '\n');
  if (self->pending->len >= FLUSH_BYTES)
    output_flush(self);
}

void
output_sync(Output *self)
{
  output_flush(self);
  if (fdatasync(self->fd) < 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP && !self->error)
    self->error = errno;
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
