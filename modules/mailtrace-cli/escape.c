/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "escape.h"

#define UTF8_MAX 4

/* bytes of the character the text begins with; 0: none that may be shown */
static gsize
_printable(Slice text)
{
  gunichar c = g_utf8_get_char_validated(text.str, (gssize) MIN(text.len, UTF8_MAX));
  gboolean valid = c != (gunichar) -1 && c != (gunichar) -2;

  return valid && g_unichar_isprint(c) ? (gsize) g_unichar_to_utf8(c, NULL) : 0;
}

static void
_append(Slice text, const gchar *escaped, GString *out)
{
  while (text.len)
    {
      gsize len = strchr(escaped, text.str[0]) ? 0 : _printable(text);

      if (len)
        g_string_append_len(out, text.str, (gssize) len);
      else if (text.str[0] == '\\')
        g_string_append(out, "\\\\");
      else
        g_string_append_printf(out, "\\x%02x", (guchar) text.str[0]);
      text = slice_skip(text, MAX(len, 1));
    }
}

void
escape_append(Slice text, GString *out)
{
  _append(text, "\\", out);
}

void
escape_append_word(Slice text, GString *out)
{
  if (text.len)
    _append(text, "\\ ", out);
  else
    g_string_append_c(out, '-');
}
