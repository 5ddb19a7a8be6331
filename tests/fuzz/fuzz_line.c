/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* one line: every slice lies inside the input, and decoding never writes more than it says */
#include "mailtrace/line.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void
_check_inside(Slice slice, const gchar *begin, size_t size)
{
  if (slice.len && slice.str >= begin && slice.str <= begin + size)
    g_assert(slice.str + slice.len <= begin + size);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  gchar *copy = g_memdup2(data, size);
  Frame frame;
  Line line;

  frame_split(slice_new(copy, size), 1574000000, &frame);
  _check_inside(frame.text, copy, size);
  line_parse(&frame, &line);
  _check_inside(line.queue_id, copy, size);
  for (guint i = 0; i < line.n_fields; i++)
    {
      gchar *buf = g_malloc(line_field_decoded_max(&line.fields[i]) + 1);
      _check_inside(line.fields[i].value, copy, size);
      g_assert(line_field_decode(&line.fields[i], buf).len <= line.fields[i].value.len);
      g_free(buf);
    }
  g_free(copy);
  return 0;
}
