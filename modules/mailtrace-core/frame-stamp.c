/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* each scanner has its production above it, returns FALSE and leaves the cursor alone on mismatch */
#include "frame-stamp.h"

#define MICROSECOND_DIGITS 6

typedef struct _Civil
{
  gint year, month, day, hour, minute, second;
  gint64 usec;
} Civil;

gboolean
frame_take_number(Slice *at, gsize digits, gint *out)
{
  gint number = 0;

  if (at->len < digits)
    return FALSE;
  for (gsize i = 0; i < digits; i++)
    {
      if (!g_ascii_isdigit(at->str[i]))
        return FALSE;
      number = number * 10 + (at->str[i] - '0');
    }
  *out = number;
  *at = slice_skip(*at, digits);
  return TRUE;
}

static gboolean
_in_range(const Civil *civil)
{
  return civil->month >= 1 && civil->month <= 12 && civil->day >= 1 && civil->day <= 31 && civil->hour < 24
         && civil->minute < 60 && civil->second <= 60;
}

static Stamp
_stamp(const Civil *c, gint32 offset_sec)
{
  gint64 sec = stamp_civil_to_sec(c->year, c->month, c->day, c->hour, c->minute, c->second);
  return (Stamp) { sec * STAMP_USEC + c->usec, offset_sec };
}

/* fraction = "." 1*DIGIT */
static void
_fraction(Slice *at, gint64 *out)
{
  static const gint32 missing[MICROSECOND_DIGITS + 1] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
  gint32 usec = 0;
  gsize digits = 0, i;

  *out = 0;
  if (at->len < 2 || at->str[0] != '.' || !g_ascii_isdigit(at->str[1]))
    return;
  for (; digits + 1 < at->len && digits < MICROSECOND_DIGITS && g_ascii_isdigit(at->str[digits + 1]); digits++)
    usec = usec * 10 + (at->str[digits + 1] - '0');
  for (i = digits + 1; i < at->len && g_ascii_isdigit(at->str[i]); i++)
    ;
  *out = (gint64) usec * missing[digits];
  *at = slice_skip(*at, i);
}

/* time = 2DIGIT ":" 2DIGIT ":" 2DIGIT [fraction] */
static gboolean
_time(Slice *at, Civil *out)
{
  Slice next = *at;

  if (!frame_take_number(&next, 2, &out->hour) || !frame_take_char(&next, ':')
      || !frame_take_number(&next, 2, &out->minute) || !frame_take_char(&next, ':')
      || !frame_take_number(&next, 2, &out->second))
    return FALSE;
  _fraction(&next, &out->usec);
  *at = next;
  return _in_range(out);
}

#define BYTES(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (byte))
/* where the digits stand in "YYYY-MM-" and "DD-HH:MM" */
#define DATE_DIGITS G_GUINT64_CONSTANT(0x00ffff00ffffffff)
#define CLOCK_DIGITS G_GUINT64_CONSTANT(0xffff00ffff00ffff)

/* eight digits at once, each with the one behind it as a number of two digits; FALSE: not all are digits */
static gboolean
_digit_pairs(const gchar *at, guint64 places, guint64 *pairs)
{
  guint64 word = (GUINT64_FROM_LE(slice_word8(at)) ^ BYTES('0')) & places;

  if (((word + BYTES(0x76)) | word) & BYTES(0x80))
    return FALSE;
  *pairs = word * 10 + (word >> 8);
  return TRUE;
}

static inline gint
_pair_at(guint64 pairs, guint place)
{
  return (gint) (pairs >> 8 * place & 0xff);
}

/* date-clock = 4DIGIT sep 2DIGIT sep 2DIGIT between 2DIGIT ":" 2DIGIT ":" 2DIGIT */
static gboolean
_date_clock(Slice *at, gchar separator, gchar between, Civil *out)
{
  const gchar *s = at->str;
  guint64 date, clock;

  if (at->len < DATE_TIME_LEN || s[4] != separator || s[7] != separator || s[10] != between || s[13] != ':'
      || s[16] != ':' || !g_ascii_isdigit(s[17]) || !g_ascii_isdigit(s[18])
      || !_digit_pairs(s, DATE_DIGITS, &date) || !_digit_pairs(s + 8, CLOCK_DIGITS, &clock))
    return FALSE;
  out->year = _pair_at(date, 0) * 100 + _pair_at(date, 2);
  out->month = _pair_at(date, 5);
  out->day = _pair_at(clock, 0);
  out->hour = _pair_at(clock, 3);
  out->minute = _pair_at(clock, 6);
  out->second = (s[17] - '0') * 10 + s[18] - '0';
  out->usec = 0;
  *at = slice_new(s + DATE_TIME_LEN, at->len - DATE_TIME_LEN);
  return _in_range(out);
}

/* date-time = date-clock [fraction] */
static gboolean
_date_time(Slice *at, gchar separator, gchar between, Civil *out)
{
  if (!_date_clock(at, separator, between, out))
    return FALSE;
  _fraction(at, &out->usec);
  return TRUE;
}

/* offset = "Z" / ("+" / "-") 2DIGIT [":"] 2DIGIT */
static gboolean
_offset(Slice *at, gint32 *out)
{
  Slice next = *at;
  gint hours, minutes;
  gboolean west;

  if (frame_take_char(&next, 'Z'))
    {
      *out = 0;
      *at = next;
      return TRUE;
    }
  west = next.len && next.str[0] == '-';
  if (!frame_take_char(&next, '+') && !frame_take_char(&next, '-'))
    return FALSE;
  if (!frame_take_number(&next, 2, &hours))
    return FALSE;
  frame_take_char(&next, ':');
  if (!frame_take_number(&next, 2, &minutes) || hours > 15 || minutes > 59)
    return FALSE;
  *out = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
  *at = next;
  return TRUE;
}

/* utm-stamp = 4DIGIT ":" 2DIGIT ":" 2DIGIT "-" time SP */
gboolean
frame_stamp_utm(Slice *at, Stamp *out)
{
  Slice next = *at;
  Civil civil;

  if (!_date_time(&next, ':', '-', &civil) || !frame_take_char(&next, ' '))
    return FALSE;
  *out = _stamp(&civil, STAMP_OFFSET_UNKNOWN);
  *at = next;
  return TRUE;
}

/* damaged-utm-stamp = 2DIGIT ":" 2DIGIT "-" time SP */
gboolean
frame_stamp_damaged_utm(Slice *at, gint year, Stamp *out)
{
  Civil civil = { .year = year };
  Slice next = *at;

  if (!frame_take_number(&next, 2, &civil.month) || !frame_take_char(&next, ':')
      || !frame_take_number(&next, 2, &civil.day) || !frame_take_char(&next, '-') || !_time(&next, &civil)
      || !frame_take_char(&next, ' '))
    return FALSE;
  *out = _stamp(&civil, STAMP_OFFSET_UNKNOWN);
  *at = next;
  return TRUE;
}

static gboolean
_month_name(Slice *at, gint *month)
{
  static const gchar names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

  for (gint i = 0; i < 12; i++)
    if (slice_starts_with(*at, slice_new(names + i * 3, 3)))
      {
        *month = i + 1;
        *at = slice_skip(*at, 3);
        return TRUE;
      }
  return FALSE;
}

/* RFC 3164 names no year: the one that puts the stamp nearest to now */
static gint
_nearest_year(Civil civil, gint64 now_sec)
{
  gint guess = 1970 + (gint) (now_sec / 31556952), best = guess;
  gint64 best_distance = G_MAXINT64;

  for (gint year = guess - 1; year <= guess + 1; year++)
    {
      gint64 sec = stamp_civil_to_sec(year, civil.month, civil.day, civil.hour, civil.minute, civil.second);
      if (ABS(sec - now_sec) < best_distance)
        {
          best = year;
          best_distance = ABS(sec - now_sec);
        }
    }
  return best;
}

/* bsd-stamp = 3ALPHA SP (2DIGIT / SP DIGIT) SP time SP */
gboolean
frame_stamp_bsd(Slice *at, gint64 now_sec, Stamp *out)
{
  Civil civil = { 0 };
  Slice next = *at;

  if (!_month_name(&next, &civil.month) || !frame_take_char(&next, ' '))
    return FALSE;
  if (frame_take_char(&next, ' ') ? !frame_take_number(&next, 1, &civil.day) : !frame_take_number(&next, 2, &civil.day))
    return FALSE;
  if (!frame_take_char(&next, ' ') || !_time(&next, &civil) || !frame_take_char(&next, ' '))
    return FALSE;
  civil.year = _nearest_year(civil, now_sec);
  *out = _stamp(&civil, STAMP_OFFSET_UNKNOWN);
  *at = next;
  return TRUE;
}

/* iso-stamp = date "T" time [offset] SP */
gboolean
frame_stamp_iso(Slice *at, Stamp *out)
{
  gint32 offset = STAMP_OFFSET_UNKNOWN;
  Slice next = *at;
  Civil civil;

  if (!_date_time(&next, '-', 'T', &civil))
    return FALSE;
  _offset(&next, &offset);
  if (!frame_take_char(&next, ' '))
    return FALSE;
  *out = _stamp(&civil, offset);
  *at = next;
  return TRUE;
}

/* ["." 3DIGIT] SP, and no offset behind it; TRUE: it was all of the stamp's end */
static inline gboolean
_usual_end(Slice *at, gint64 local_usec, Stamp *out)
{
  const gchar *s = at->str;
  gsize blank = at->len && s[0] == '.' ? 4 : 0;

  if (at->len < blank + 2 || s[blank] != ' ' || s[blank + 1] == '+' || s[blank + 1] == '-')
    return FALSE;
  if (blank && (!g_ascii_isdigit(s[1]) || !g_ascii_isdigit(s[2]) || !g_ascii_isdigit(s[3])))
    return FALSE;
  gint32 milliseconds = blank ? (s[1] - '0') * 100 + (s[2] - '0') * 10 + s[3] - '0' : 0;
  *out = (Stamp) { local_usec + milliseconds * 1000, STAMP_OFFSET_UNKNOWN };
  *at = slice_new(s + blank + 1, at->len - blank - 1);
  return TRUE;
}

/* [fraction] [SP offset] SP */
gboolean
frame_stamp_exim_end(Slice *at, gint64 local_usec, Stamp *out)
{
  Slice next = *at, zone;
  gint32 offset = STAMP_OFFSET_UNKNOWN;
  gint64 fraction;

  if (_usual_end(at, local_usec, out))
    return TRUE;
  _fraction(&next, &fraction);
  zone = next;
  if (frame_take_char(&zone, ' ') && zone.len && (zone.str[0] == '+' || zone.str[0] == '-') && _offset(&zone, &offset))
    next = zone;
  if (next.len && !frame_take_char(&next, ' '))
    return FALSE;
  *out = (Stamp) { local_usec + fraction, offset };
  *at = next;
  return TRUE;
}

/* exim = date SP clock [fraction] [SP offset] SP */
gboolean
frame_stamp_exim(Slice *at, Stamp *out)
{
  Slice next = *at;
  Civil civil;

  if (!_date_clock(&next, '-', ' ', &civil) || !frame_stamp_exim_end(&next, _stamp(&civil, 0).local_usec, out))
    return FALSE;
  *at = next;
  return TRUE;
}
