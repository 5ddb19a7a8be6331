/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON values at the end of a buffer.  The NUL behind the buffer's text is written by the caller, once, at the end;
 * there is always room for it.  Knows JSON and UTF-8; must not know records.
 */
#ifndef MAILTRACE_JSON_TEXT_H_INCLUDED
#define MAILTRACE_JSON_TEXT_H_INCLUDED

#include "mailtrace/stamp.h"

/* makes room for len more bytes */
void json_grow(GString *out, gsize len);

static inline void
json_put(GString *out, Slice text)
{
  if (G_UNLIKELY(out->len + text.len >= out->allocated_len))
    json_grow(out, text.len);
  if (text.len)
    memcpy(out->str + out->len, text.str, text.len);
  out->len += text.len;
}

static inline void
json_put_char(GString *out, gchar c)
{
  if (G_UNLIKELY(out->len + 1 >= out->allocated_len))
    json_grow(out, 1);
  out->str[out->len++] = c;
}

/* quotes included; bytes that are not UTF-8 become U+FFFD */
void json_put_string(GString *out, Slice text);
void json_put_integer(GString *out, gint64 number);
void json_put_decimal(GString *out, gint64 millionths);
void json_put_time(GString *out, const Stamp *stamp);

#endif
