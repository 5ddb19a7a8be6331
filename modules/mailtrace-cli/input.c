/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows files and gzip; must not know what a line says. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define READ_BYTES (256 * 1024)
#define TEXT_BYTES (INPUT_LINE_MAX + READ_BYTES)
#define GZIP_WINDOW_BITS (15 + 16)
#define MAGIC_BYTES 2

struct _Input
{
  gint fd;
  struct stat status;
  InputHook hook;
  gpointer hook_data;
  const gchar *error;
  guint64 position, text_bytes;
  gboolean at_end;       /* nothing more to read from fd */
  gboolean text_at_end;  /* nothing more will come into text */
  gboolean skipping;     /* inside a line that was too long */

  gchar *text;           /* lines; TEXT_BYTES */
  gsize begin, scanned, end;

  gboolean compressed;
  gboolean in_member;    /* a gzip member has begun and not ended */
  z_stream stream;
  guchar *packed;        /* READ_BYTES, only when compressed */
};

static void
_tell_hook(Input *self)
{
  gboolean idle = FALSE;

  if (!S_ISREG(self->status.st_mode))
    {
      struct pollfd ready = { .fd = self->fd, .events = POLLIN };
      idle = poll(&ready, 1, 0) == 0;
    }
  if (self->hook)
    self->hook(idle, self->hook_data);
}

static gsize
_read(Input *self, gpointer buffer, gsize size)
{
  gssize got;

  _tell_hook(self);
  while ((got = read(self->fd, buffer, size)) < 0 && (errno == EINTR || errno == EAGAIN))
    {
      struct pollfd wait = { .fd = self->fd, .events = POLLIN };
      poll(&wait, 1, -1);
    }
  if (got < 0)
    self->error = g_strerror(errno);
  if (got <= 0)
    self->at_end = TRUE;
  self->position += got > 0 ? (guint64) got : 0;
  return got > 0 ? (gsize) got : 0;
}

/* another member may follow; anything else behind a member is padding and ends the text, as in gzip(1) */
static gboolean
_member_begins(const z_stream *stream)
{
  return stream->avail_in > 0 && stream->next_in[0] == 0x1f;
}

static void
_inflate(Input *self)
{
  z_stream *stream = &self->stream;
  gint result = inflate(stream, Z_NO_FLUSH);

  self->in_member = TRUE;
  if (result == Z_STREAM_END)
    {
      self->in_member = FALSE;
      inflateReset(stream);
    }
  else if (result != Z_OK && result != Z_BUF_ERROR)
    {
      self->error = "damaged gzip data";
      self->text_at_end = TRUE;
    }
}

static void
_refill_packed(Input *self)
{
  if (self->stream.avail_in || self->at_end)
    return;
  self->stream.next_in = self->packed;
  self->stream.avail_in = (uInt) _read(self, self->packed, READ_BYTES);
}

static void
_end_of_packed(Input *self)
{
  self->text_at_end = TRUE;
  if (self->in_member && !self->error)
    self->error = "gzip data ends too early";
}

static void
_fill_compressed(Input *self)
{
  gsize room = TEXT_BYTES - self->end;

  self->stream.next_out = (guchar *) self->text + self->end;
  self->stream.avail_out = (uInt) room;
  while (!self->text_at_end && self->stream.avail_out == room)
    {
      _refill_packed(self);
      if (self->in_member ? self->stream.avail_in > 0 : _member_begins(&self->stream))
        _inflate(self);
      else
        _end_of_packed(self);
    }
  self->end = TEXT_BYTES - self->stream.avail_out;
}

static void
_fill_plain(Input *self)
{
  self->end += _read(self, self->text + self->end, MIN(READ_BYTES, TEXT_BYTES - self->end));
  self->text_at_end = self->at_end;
}

static void
_fill(Input *self)
{
  if (self->begin > 0)
    {
      memmove(self->text, self->text + self->begin, self->end - self->begin);
      self->scanned -= self->begin;
      self->end -= self->begin;
      self->begin = 0;
    }
  if (self->compressed)
    _fill_compressed(self);
  else
    _fill_plain(self);
}

static void
_become_compressed(Input *self)
{
  self->packed = g_malloc(READ_BYTES);
  memcpy(self->packed, self->text, self->end);
  self->stream.next_in = self->packed;
  self->stream.avail_in = (uInt) self->end;
  self->end = 0;
  self->compressed = inflateInit2(&self->stream, GZIP_WINDOW_BITS) == Z_OK;
  self->text_at_end = !self->compressed;
}

static void
_look_for_magic(Input *self)
{
  while (self->end < MAGIC_BYTES && !self->at_end)
    {
      _fill_plain(self);
      if (self->end && (guchar) self->text[0] != 0x1f)
        return;
    }
  if (self->end >= MAGIC_BYTES && memcmp(self->text, "\x1f\x8b", MAGIC_BYTES) == 0)
    _become_compressed(self);
}

static void
_take(Input *self, gsize len, gsize end_of_line, Slice *line)
{
  *line = slice_new(self->text + self->begin, len);
  self->begin += len + end_of_line;
  self->text_bytes += len + end_of_line;
  self->scanned = self->begin;
}

static gboolean
_find_line(Input *self, Slice *line)
{
  const gchar *lf = memchr(self->text + self->scanned, '\n', self->end - self->scanned);

  if (lf)
    _take(self, (gsize) (lf - self->text) - self->begin, 1, line);
  else
    self->scanned = self->end;
  return lf != NULL;
}

static InputResult
_end(Input *self, Slice *line)
{
  if (self->end > self->begin)
    {
      _take(self, self->end - self->begin, 0, line);
      return IR_LINE;
    }
  return self->error ? IR_ERROR : IR_END;
}

static InputResult
_next_piece(Input *self, Slice *line)
{
  while (!_find_line(self, line))
    {
      if (self->end - self->begin > INPUT_LINE_MAX)
        {
          _take(self, self->end - self->begin, 0, line);
          return IR_LONG_LINE;
        }
      if (self->text_at_end)
        return _end(self, line);
      _fill(self);
    }
  return line->len > INPUT_LINE_MAX ? IR_LONG_LINE : IR_LINE;
}

InputResult
input_next(Input *self, Slice *line)
{
  InputResult result;
  gboolean inside_long_line;

  do
    {
      inside_long_line = self->skipping;
      result = _next_piece(self, line);
      if (result == IR_END || result == IR_ERROR)
        return result;
      self->skipping = result == IR_LONG_LINE && self->text[self->begin - 1] != '\n';
    }
  while (inside_long_line);
  return result;
}

static Input *
_new(gint fd, InputHook hook, gpointer hook_data)
{
  Input *self = g_new0(Input, 1);

  self->fd = fd;
  self->hook = hook;
  self->hook_data = hook_data;
  self->text = g_malloc(TEXT_BYTES);
  return self;
}

Input *
input_open(const gchar *name, InputHook hook, gpointer hook_data, const gchar **error)
{
  gint fd = g_str_equal(name, "-") ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
  struct stat status;

  *error = NULL;
  if (fd < 0 || fstat(fd, &status) < 0)
    *error = g_strerror(errno);
  else if (S_ISDIR(status.st_mode))
    *error = g_strerror(EISDIR);
  if (*error)
    {
      if (fd > STDIN_FILENO)
        close(fd);
      return NULL;
    }
  Input *self = _new(fd, hook, hook_data);
  self->status = status;
  _look_for_magic(self);
  return self;
}

void
input_close(Input *self)
{
  if (self->compressed)
    inflateEnd(&self->stream);
  if (self->fd != STDIN_FILENO)
    close(self->fd);
  g_free(self->packed);
  g_free(self->text);
  g_free(self);
}

const gchar *
input_error(const Input *self)
{
  return self->error;
}

guint64
input_position(const Input *self)
{
  return self->position;
}

guint64
input_text_bytes(const Input *self)
{
  return self->text_bytes;
}

gint64
input_modified_sec(const Input *self)
{
  return S_ISREG(self->status.st_mode) ? (gint64) self->status.st_mtime : 0;
}

gboolean
input_is_among(const struct stat *file, gchar **names)
{
  struct stat other;

  for (guint i = 0; S_ISREG(file->st_mode) && names[i]; i++)
    if ((g_str_equal(names[i], "-") ? fstat(STDIN_FILENO, &other) : stat(names[i], &other)) == 0
        && file->st_dev == other.st_dev && file->st_ino == other.st_ino)
      return TRUE;
  return FALSE;
}

guint64
input_size_of(const gchar *name)
{
  struct stat status;

  if ((g_str_equal(name, "-") ? fstat(STDIN_FILENO, &status) : stat(name, &status)) < 0)
    return 0;
  return S_ISREG(status.st_mode) ? (guint64) status.st_size : 0;
}
