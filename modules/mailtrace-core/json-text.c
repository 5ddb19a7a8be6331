/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-text.h"

#define EACH_BYTE(byte) ((guint64) (byte) * G_GUINT64_CONSTANT(0x0101010101010101))

void
json_grow(GString *out, gsize len)
{
  gsize used = out->len;

  g_string_set_size(out, used + MAX(len, used));
  out->len = used;
}

static guint
_continuation_count(guchar lead)
{
  if (lead >= 0xc2 && lead <= 0xdf)
    return 1;
  if (lead >= 0xe0 && lead <= 0xef)
    return 2;
  return lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}

/* length of the UTF-8 sequence at text[0] >= 0x80, 0 when it is none (overlong, surrogate, too large, cut off) */
static gsize
_utf8_length(const guchar *text, gsize len)
{
  guint n = _continuation_count(text[0]);

  if (!n || len < n + 1)
    return 0;
  for (guint i = 1; i <= n; i++)
    if ((text[i] & 0xc0) != 0x80)
      return 0;
  if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) || (text[0] == 0xf0 && text[1] < 0x90)
      || (text[0] == 0xf4 && text[1] >= 0x90))
    return 0;
  return n + 1;
}

static inline gboolean
_is_plain(guchar c)
{
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* A byte's highest bit is set in the result if the byte is not plain; above the first such byte it means nothing. */
static inline guint64
_not_plain(guint64 bytes)
{
  guint64 control = bytes - EACH_BYTE(0x20), quote = (bytes ^ EACH_BYTE('"')) - EACH_BYTE(1);
  guint64 backslash = (bytes ^ EACH_BYTE('\\')) - EACH_BYTE(1), from_delete = bytes + EACH_BYTE(1);

  return (control | quote | backslash | from_delete | bytes) & EACH_BYTE(0x80);
}

static gsize
_plain_length(const gchar *text, gsize len)
{
  gsize i = 0;

  for (; G_BYTE_ORDER == G_LITTLE_ENDIAN && i + sizeof(guint64) <= len; i += sizeof(guint64))
    {
      guint64 bytes, found;

      memcpy(&bytes, text + i, sizeof(bytes));
      found = _not_plain(bytes);
      if (found)
        return i + (gsize) __builtin_ctzll(found) / 8;
    }
  while (i < len && _is_plain((guchar) text[i]))
    i++;
  return i;
}

static void
_put_control(GString *out, guchar c)
{
  static const gchar hex[] = "0123456789abcdef";
  const gchar escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

  json_put(out, slice_new(escape, sizeof(escape)));
}

static void
_put_ascii(GString *out, guchar c)
{
  static const gchar short_from[] = "\"\\\n\r\t\b\f", short_to[] = "\"\\nrtbf";
  const gchar *found = c ? strchr(short_from, c) : NULL;

  if (!found)
    {
      _put_control(out, c);
      return;
    }
  json_put_char(out, '\\');
  json_put_char(out, short_to[found - short_from]);
}

/* puts what is not plain at text[0]; bytes taken */
static gsize
_put_special(GString *out, Slice text)
{
  guchar first = (guchar) text.str[0];
  gsize sequence = first >= 0x80 ? _utf8_length((const guchar *) text.str, text.len) : 0;

  if (sequence)
    json_put(out, slice_head(text, sequence));
  else if (first >= 0x80)
    json_put(out, SLICE("\xef\xbf\xbd"));
  else
    _put_ascii(out, first);
  return MAX(sequence, 1);
}

void
json_put_string(GString *out, Slice text)
{
  json_put_char(out, '"');
  while (text.len)
    {
      gsize plain = _plain_length(text.str, text.len);

      json_put(out, slice_head(text, plain));
      text = slice_skip(text, plain);
      if (text.len)
        text = slice_skip(text, _put_special(out, text));
    }
  json_put_char(out, '"');
}

void
json_put_integer(GString *out, gint64 number)
{
  gchar digits[24], *at = digits + sizeof(digits);
  guint64 rest = number < 0 ? -(guint64) number : (guint64) number;

  do
    *--at = (gchar) ('0' + rest % 10);
  while (rest /= 10);
  if (number < 0)
    *--at = '-';
  json_put(out, slice_new(at, (gsize) (digits + sizeof(digits) - at)));
}

void
json_put_decimal(GString *out, gint64 millionths)
{
  gchar digits[DECIMAL_MAX];

  json_put(out, slice_new(digits, decimal_format(millionths, digits)));
}

void
json_put_time(GString *out, const Stamp *stamp)
{
  gchar iso[STAMP_ISO_MAX];

  json_put_char(out, '"');
  json_put(out, slice_new(iso, stamp_format_iso(stamp, iso)));
  json_put_char(out, '"');
}
