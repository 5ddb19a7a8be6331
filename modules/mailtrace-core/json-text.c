/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-text.h"

#if defined(__SSE2__) && !defined(JSON_TEXT_PORTABLE)
#include <emmintrin.h>
#endif

#define DAY_SEC 86400
#define EACH_BYTE(byte) ((guint64) (byte) * G_GUINT64_CONSTANT(0x0101010101010101))

void
json_begin(JsonText *self, GString *out)
{
  self->out = out;
  self->at = out->str + out->len;
  self->end = out->str + out->allocated_len - 1;
  self->day = G_MININT64;
}

void
json_end(JsonText *self)
{
  *self->at = '\0';
  self->out->len = (gsize) (self->at - self->out->str);
}

void
json_grow(JsonText *self, gsize room)
{
  gsize used = (gsize) (self->at - self->out->str);

  self->out->len = used;
  g_string_set_size(self->out, used + MAX(room, used));
  self->out->len = used;
  self->at = self->out->str + used;
  self->end = self->out->str + self->out->allocated_len - 1;
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

/* Each copies a block and returns how many bytes in front of the first one that is not plain, or more than it has. */
static inline guint
_copy_8(gchar *to, const gchar *from)
{
  guint64 bytes, found;

  memcpy(&bytes, from, sizeof(bytes));
  memcpy(to, &bytes, sizeof(bytes));
  found = _not_plain(GUINT64_FROM_LE(bytes));
  return found ? (guint) __builtin_ctzll(found) / 8 : JSON_BLOCK;
}

#if defined(__SSE2__) && !defined(JSON_TEXT_PORTABLE)
static inline guint
_copy_block(gchar *to, const gchar *from)
{
  __m128i bytes = _mm_loadu_si128((const __m128i *) from);
  /* bytes from 0x80 on are negative */
  __m128i found = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));

  _mm_storeu_si128((__m128i *) to, bytes);
  found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
  found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
  return (guint) __builtin_ctz((guint) _mm_movemask_epi8(found) | 1u << JSON_BLOCK);
}
#else
static inline guint
_copy_block(gchar *to, const gchar *from)
{
  guint first = _copy_8(to, from), second = _copy_8(to + 8, from + 8);

  return first < 8 ? first : second + 8;
}
#endif

static inline gsize
_copy_short(gchar *to, const gchar *from, gsize len)
{
  gsize i = 0;

  if (len >= 8)
    {
      if ((i = _copy_8(to, from)) < 8)
        return i;
      i = _copy_8(to + len - 8, from + len - 8);
      return MIN(i + len - 8, len);
    }
  for (; i < len && _is_plain((guchar) from[i]); i++)
    to[i] = from[i];
  return i;
}

/* copies the plain bytes in front of the first that is not, and maybe some behind; how many they are */
static inline gsize
_copy_plain(gchar *to, const gchar *from, gsize len)
{
  gsize i = 0, n;

  if (len < JSON_BLOCK)
    return _copy_short(to, from, len);
  for (; i + JSON_BLOCK <= len; i += JSON_BLOCK)
    if ((n = _copy_block(to + i, from + i)) < JSON_BLOCK)
      return i + n;
  if (i == len)
    return len;
  i = len - JSON_BLOCK;
  n = _copy_block(to + i, from + i);
  return MIN(i + n, len);
}

static gchar *
_write_ascii(gchar *at, guchar c)
{
  static const gchar hex[] = "0123456789abcdef", short_from[] = "\"\\\n\r\t\b\f", short_to[] = "\"\\nrtbf";
  const gchar *found = c ? strchr(short_from, c) : NULL;

  if (found)
    {
      memcpy(at, (gchar[]) { '\\', short_to[found - short_from] }, 2);
      return at + 2;
    }
  memcpy(at, (gchar[]) { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, JSON_ESCAPE_MAX);
  return at + JSON_ESCAPE_MAX;
}

/* what is not plain at text[0], and all behind it that is not either */
static gchar *
_write_special(gchar *at, Slice *text)
{
  do
    {
      guchar first = (guchar) text->str[0];
      gsize sequence = first >= 0x80 ? _utf8_length((const guchar *) text->str, text->len) : 1;

      if (first < 0x80)
        at = _write_ascii(at, first);
      else
        {
          memcpy(at, sequence ? text->str : "\xef\xbf\xbd", sequence ? sequence : 3);
          at += sequence ? sequence : 3;
        }
      *text = slice_skip(*text, MAX(sequence, 1));
    }
  while (text->len && !_is_plain((guchar) text->str[0]));
  return at;
}

gchar *
json_write_string(gchar *at, Slice text)
{
  *at++ = '"';
  while (text.len)
    {
      gsize plain = _copy_plain(at, text.str, text.len);

      at += plain;
      if (plain == text.len)
        break;
      text = slice_skip(text, plain);
      at = _write_special(at, &text);
    }
  *at++ = '"';
  return at;
}

gsize
json_room_of_long(Slice text)
{
  gsize special = 0;

  for (gsize i = 0; i < text.len; i++)
    special += !_is_plain((guchar) text.str[i]);
  return text.len + special * (JSON_ESCAPE_MAX - 1) + JSON_BLOCK + 2;
}

static inline gchar *
_write_pair(gchar *at, guint number)
{
  static const gchar pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354"
    "555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

  memcpy(at, pairs + 2 * number, 2);
  return at + 2;
}

gchar *
json_write_integer(gchar *at, gint64 number)
{
  gchar digits[24], *begin = digits + sizeof(digits);
  guint64 rest = number < 0 ? -(guint64) number : (guint64) number;

  for (; rest >= 100; rest /= 100)
    _write_pair(begin -= 2, (guint) (rest % 100));
  if (rest >= 10)
    _write_pair(begin -= 2, (guint) rest);
  else
    *--begin = (gchar) ('0' + rest);
  if (number < 0)
    *--begin = '-';
  gsize len = (gsize) (digits + sizeof(digits) - begin);
  memcpy(at, begin, len);
  return at + len;
}

gchar *
json_write_decimal(gchar *at, gint64 millionths)
{
  return at + decimal_format(millionths, at);
}

static gint64
_floor_div(gint64 number, gint64 divisor)
{
  return number / divisor - (number % divisor < 0);
}

/* the first of a day, and whatever is not a whole second */
static gchar *
_write_any_time(JsonText *self, gchar *at, const Stamp *stamp, gint64 day)
{
  gchar iso[STAMP_ISO_MAX];
  gsize len = stamp_format_iso(stamp, iso);

  *at = '"';
  memcpy(at + 1, iso, len);
  at[len + 1] = '"';
  self->day = day;
  memcpy(self->date, at, sizeof(self->date));
  return at + len + 2;
}

gchar *
json_write_time(JsonText *self, gchar *at, const Stamp *stamp)
{
  gint64 local_sec = _floor_div(stamp->local_usec, STAMP_USEC), day = _floor_div(local_sec, DAY_SEC);
  guint32 second = (guint32) (local_sec - day * DAY_SEC), offset = (guint32) ABS(stamp->offset_sec);

  if (day != self->day || local_sec * STAMP_USEC != stamp->local_usec || !stamp_has_offset(stamp))
    return _write_any_time(self, at, stamp, day);
  memcpy(at, self->date, sizeof(self->date));
  at = _write_pair(at + sizeof(self->date), second / 3600);
  *at = ':';
  at = _write_pair(at + 1, second / 60 % 60);
  *at = ':';
  at = _write_pair(at + 1, second % 60);
  *at = stamp->offset_sec < 0 ? '-' : '+';
  at = _write_pair(at + 1, offset / 3600 % 100);
  *at = ':';
  at = _write_pair(at + 1, offset / 60 % 60);
  *at = '"';
  return at + 1;
}
