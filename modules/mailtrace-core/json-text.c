/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-text.h"

#define DAY_MINUTES 1440
#define MINUTE_USEC (60 * STAMP_USEC)
#define SECONDS_MAX G_MAXUINT32

const gchar json_pairs[] =
  "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354"
  "555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

void
json_begin(JsonText *self, GString *out)
{
  self->out = out;
  self->at = out->str + out->len;
  self->end = out->str + out->allocated_len - 1;
  self->minute_usec = 0;
  self->offset_sec = 0;
  memcpy(self->time, "\"1970-01-01T00:00:00+00:00\"\0\0\0\0", sizeof(self->time));
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
json_write_escaped(gchar *at, Slice text)
{
  for (;;)
    {
      gsize plain = json_copy_plain(at, text.str, text.len);

      at += plain;
      text = slice_skip(text, plain);
      if (!text.len)
        break;
      at = _write_special(at, &text);
    }
  *at = '"';
  return at + 1;
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
  memcpy(at, json_pairs + 2 * number, 2);
  return at + 2;
}

static gchar *
_write_larger(gchar *at, guint64 rest)
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

#define TRIPLES_10(two) \
  two "0." two "1." two "2." two "3." two "4." two "5." two "6." two "7." two "8." two "9."
#define TRIPLES_100(one) \
  TRIPLES_10(one "0") TRIPLES_10(one "1") TRIPLES_10(one "2") TRIPLES_10(one "3") TRIPLES_10(one "4") \
  TRIPLES_10(one "5") TRIPLES_10(one "6") TRIPLES_10(one "7") TRIPLES_10(one "8") TRIPLES_10(one "9")

/* the numbers from 000 to 999, four bytes each */
static const gchar triples[] = TRIPLES_100("0") TRIPLES_100("1") TRIPLES_100("2") TRIPLES_100("3") TRIPLES_100("4")
  TRIPLES_100("5") TRIPLES_100("6") TRIPLES_100("7") TRIPLES_100("8") TRIPLES_100("9");

static inline gchar *
_write_triple(gchar *at, guint number)
{
  memcpy(at, triples + 4 * number, 4);
  return at + 3;
}

/* the same without zeros in front */
static inline gchar *
_write_short(gchar *at, guint number)
{
  guint zeros = (number < 100) + (number < 10);

  memcpy(at, triples + 4 * number + zeros, 4);
  return at + 3 - zeros;
}

gchar *
json_write_large(gchar *at, gint64 number)
{
  guint64 rest = number < 0 ? -(guint64) number : (guint64) number;

  if (number < 0)
    *at++ = '-';
  if (rest < 1000)
    return _write_short(at, (guint) rest);
  if (rest < 1000000)
    return _write_triple(_write_short(at, (guint) rest / 1000), (guint) rest % 1000);
  return _write_larger(at, rest);
}

gchar *
json_write_fraction(gchar *at, gint64 millionths)
{
  return at + decimal_format(millionths, at);
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

/* 2019-06-10 */
static gchar *
_write_date(gchar *at, guint32 days)
{
  gint year, month, day;

  stamp_date_of_day(days, &year, &month, &day);
  at = _write_four(at, (guint) year);
  *at = '-';
  at = _write_pair(at + 1, (guint) month);
  *at = '-';
  return _write_pair(at + 1, (guint) day);
}

/* hours and minutes */
static inline gchar *
_write_clock(gchar *at, guint32 minutes)
{
  at = _write_pair(at, minutes / 60 % 100);
  *at = ':';
  return _write_pair(at + 1, minutes % 60);
}

static void
_set_minute(JsonText *self, guint32 minute, gint32 offset_sec)
{
  gchar *at = self->time;

  self->minute_usec = (guint64) minute * MINUTE_USEC;
  self->offset_sec = offset_sec;
  at = _write_date(at + 1, minute / DAY_MINUTES);
  *at = 'T';
  at = _write_clock(at + 1, minute % DAY_MINUTES);
  at[3] = offset_sec < 0 ? '-' : '+';
  _write_clock(at + 4, (guint32) ABS(offset_sec) / 60);
}

gchar *
json_write_other_time(JsonText *self, gchar *at, const Stamp *stamp)
{
  guint64 second = (guint64) stamp->local_usec / STAMP_USEC;

  if (second >= SECONDS_MAX || second * STAMP_USEC != (guint64) stamp->local_usec || !stamp_has_offset(stamp))
    return _write_odd_time(at, stamp);
  _set_minute(self, (guint32) second / 60, stamp->offset_sec);
  return json_write_time(self, at, stamp);
}
