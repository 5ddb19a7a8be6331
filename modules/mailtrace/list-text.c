/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "list-text.h"
#include "scratch-buffers.h"
#include "str-repr/encode.h"

typedef enum _Quoting
{
  QUOTE_NOT,      /* most addresses, domains, ciphers */
  QUOTE_AROUND,   /* warnings */
  QUOTE_ESCAPE
} Quoting;

/* what syslog-ng's encoder of lists would do */
static Quoting
_quoting(Slice element)
{
  static const guint8 quotings[256] =
  {
    [' '] = QUOTE_AROUND, ['\''] = QUOTE_AROUND, [','] = QUOTE_AROUND, [0] = QUOTE_ESCAPE, ['"'] = QUOTE_ESCAPE,
    ['\\'] = QUOTE_ESCAPE, ['\b'] = QUOTE_ESCAPE, ['\f'] = QUOTE_ESCAPE, ['\n'] = QUOTE_ESCAPE, ['\r'] = QUOTE_ESCAPE,
    ['\t'] = QUOTE_ESCAPE
  };
  guint8 needed = element.len ? QUOTE_NOT : QUOTE_AROUND;

  for (gsize i = 0; i < element.len; i++)
    needed |= quotings[(guchar) element.str[i]];
  return needed & QUOTE_ESCAPE ? QUOTE_ESCAPE : (Quoting) needed;
}

/* it searches up to a NUL, whatever the length says */
static void
_append_escaped(GString *list, Slice element)
{
  ScratchBuffersMarker marker;
  GString *terminated = scratch_buffers_alloc_and_mark(&marker);

  g_string_append_len(terminated, element.str, (gssize) element.len);
  str_repr_encode_append(list, terminated->str, (gssize) terminated->len, ",");
  scratch_buffers_reclaim_marked(marker);
}

void
list_text_append(GString *list, Slice element)
{
  if (list->len)
    g_string_append_c(list, ',');
  Quoting quoting = _quoting(element);
  if (quoting == QUOTE_ESCAPE)
    {
      _append_escaped(list, element);
      return;
    }
  if (quoting == QUOTE_AROUND)
    g_string_append_c(list, '"');
  if (element.len)
    g_string_append_len(list, element.str, (gssize) element.len);
  if (quoting == QUOTE_AROUND)
    g_string_append_c(list, '"');
}

gboolean
list_text_is_plain(Slice element)
{
  return _quoting(element) == QUOTE_NOT;
}
