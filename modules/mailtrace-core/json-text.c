/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-text.h"

#define DAY_SEC 86400

void
json_begin(JsonText *self, GString *out)
{
  self->out = out;
  self->at = out->str + out->len;
  self->end = out->str + out->allocated_len - 1;
  self->day = G_MAXUINT64;
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
  while (text->len && !json_is_plain((guchar) text->str[0]));
  return at;
}

gchar *
json_write_rest(gchar *at, Slice text)
{
  while (text.len)
    {
      at = _write_special(at, &text);
      gsize plain = json_copy_plain(at, text.str, text.len);
      at += plain;
      text = slice_skip(text, plain);
    }
  return at;
}

gsize
json_room_of_long(Slice text)
{
  gsize special = 0;

  for (gsize i = 0; i < text.len; i++)
    special += !json_is_plain((guchar) text.str[i]);
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

static gchar *
_write_large(gchar *at, guint64 rest)
{
  gchar digits[24], *begin = digits + sizeof(digits);

  for (; rest >= 100; rest /= 100)
    _write_pair(begin -= 2, (guint) (rest % 100));
  if (rest >= 10)
    _write_pair(begin -= 2, (guint) rest);
  else
    *--begin = (gchar) ('0' + rest);
  memcpy(at, begin, (gsize) (digits + sizeof(digits) - begin));
  return at + (digits + sizeof(digits) - begin);
}

/* below 10000, with zeros in front */
static inline gchar *
_write_four(gchar *at, guint number)
{
  return _write_pair(_write_pair(at, number / 100), number % 100);
}

/* below 10000 */
static inline gchar *
_write_short(gchar *at, guint number)
{
  gchar four[8] = { 0 };
  guint zeros = number < 10 ? 3 : number < 100 ? 2 : number < 1000;

  _write_four(four, number);
  memcpy(at, four + zeros, 4);
  return at + 4 - zeros;
}

gchar *
json_write_integer(gchar *at, gint64 number)
{
  guint64 rest = number < 0 ? -(guint64) number : (guint64) number;

  if (number < 0)
    *at++ = '-';
  if (rest < 10)
    {
      *at = (gchar) ('0' + rest);
      return at + 1;
    }
  if (rest < 10000)
    return _write_short(at, (guint) rest);
  if (rest < 100000000)
    return _write_four(_write_short(at, (guint) rest / 10000), (guint) rest % 10000);
  return _write_large(at, rest);
}

gchar *
json_write_decimal(gchar *at, gint64 millionths)
{
  return at + decimal_format(millionths, at);
}

static void
_set_day(JsonText *self, guint64 days)
{
  gchar *at = self->date;
  gint year, month, day;

  stamp_date_of_day((gint64) days, &year, &month, &day);
  *at = '"';
  at = _write_pair(_write_pair(at + 1, (guint) year / 100), (guint) year % 100);
  *at = '-';
  at = _write_pair(at + 1, (guint) month);
  *at = '-';
  at = _write_pair(at + 1, (guint) day);
  *at = 'T';
  self->day = days;
}

/* with a fraction, without an offset, or long ago */
static gchar *
_write_odd_time(gchar *at, const Stamp *stamp)
{
  gsize len = stamp_format_iso(stamp, at + 1);

  *at = '"';
  at[len + 1] = '"';
  return at + len + 2;
}

gchar *
json_write_time(JsonText *self, gchar *at, const Stamp *stamp)
{
  guint64 usec = (guint64) stamp->local_usec, local_sec = usec / STAMP_USEC, days = local_sec / DAY_SEC;
  guint32 second = (guint32) (local_sec - days * DAY_SEC), offset;

  if (stamp->local_usec < 0 || local_sec * STAMP_USEC != usec || !stamp_has_offset(stamp))
    return _write_odd_time(at, stamp);
  offset = (guint32) ABS(stamp->offset_sec);
  if (days != self->day)
    _set_day(self, days);
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
