/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line, parsed from two copies: every slice lies inside its copy, at the same place, or in what the line
 * made, or is a literal of the parser (the same pointer both times); decoding writes no more than it says.  The second
 * copy is read by what the first one left in memory. */
#include "mailtrace/line.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

typedef struct _Copy
{
  gchar *bytes;
  Frame frame;
  Line line;
} Copy;

static void
_copy_init(Copy *self, FrameMemory *memory, const guint8 *data, size_t size)
{
  self->bytes = g_memdup2(data, size);
  frame_split_next(memory, slice_new(self->bytes, size), 1574000000, &self->frame);
  line_parse(&self->frame, &self->line);
}

static gboolean
_is_made(const Line *line, Slice value)
{
  return value.str >= line->made && value.str + value.len <= line->made + line->made_len;
}

static void
_check(const Copy *a, Slice in_a, const Copy *b, Slice in_b, size_t size)
{
  g_assert(in_a.len == in_b.len);
  if (!in_a.len || in_a.str == in_b.str)
    return;
  if (_is_made(&a->line, in_a))
    {
      g_assert(_is_made(&b->line, in_b) && in_a.str - a->line.made == in_b.str - b->line.made);
      return;
    }
  g_assert(in_a.str >= a->bytes && in_a.str + in_a.len <= a->bytes + size);
  g_assert(in_a.str - a->bytes == in_b.str - b->bytes);
}

static void
_check_decoding(const LineField *field)
{
  gchar *buf = g_malloc(line_field_decoded_max(field));

  g_assert(line_field_decode(field, buf).len <= line_field_decoded_max(field));
  g_free(buf);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  FrameMemory memory = { .len = 0 };
  Copy a, b;

  _copy_init(&a, &memory, data, size);
  _copy_init(&b, &memory, data, size);
  g_assert(a.frame.stamp.local_usec == b.frame.stamp.local_usec && a.frame.pid == b.frame.pid);
  _check(&a, a.frame.host, &b, b.frame.host, size);
  _check(&a, a.frame.program, &b, b.frame.program, size);
  _check(&a, a.frame.text, &b, b.frame.text, size);
  _check(&a, a.frame.raw, &b, b.frame.raw, size);
  _check(&a, a.line.queue_id, &b, b.line.queue_id, size);
  _check(&a, a.line.parent, &b, b.line.parent, size);
  _check(&a, a.line.cause, &b, b.line.cause, size);
  _check(&a, a.line.more_recipients, &b, b.line.more_recipients, size);
  g_assert(a.line.n_fields == b.line.n_fields && a.line.n_fields <= LINE_FIELDS_MAX);
  for (guint i = 0; i < a.line.n_fields; i++)
    {
      _check(&a, a.line.fields[i].value, &b, b.line.fields[i].value, size);
      _check_decoding(&a.line.fields[i]);
    }
  g_free(a.bytes);
  g_free(b.bytes);
  return 0;
}
