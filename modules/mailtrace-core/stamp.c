/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the calendar and its printed form; knows no clock, no time zone names and no log format */
#include "mailtrace/stamp.h"

#define DAY_SEC 86400
#define NEAR_DAYS (400 * 365)

/* rounds down, also below zero */
static gint64
_floor_div(gint64 number, gint64 divisor)
{
  return number / divisor - (number % divisor < 0);
}

/* whole cycles of 400 years, so that no year is negative */
#define YEARS_BEFORE (400 * 1000)
#define DAYS_BEFORE (146097 * 1000)

/* days since 1970-01-01; the year begins in March, so that the leap day is its last one */
static gint64
_civil_to_days(gint year, gint month, gint day)
{
  guint32 y = (guint32) (year + YEARS_BEFORE - (month <= 2));
  guint32 month_from_march = (guint32) (month + (month > 2 ? -3 : 9));

  return (gint64) (y * 365 + y / 4 - y / 100 + y / 400 + (153 * month_from_march + 2) / 5) + day - 719469 - DAYS_BEFORE;
}

/* of 1970 and later, for some thousand years: after C. Neri and L. Schneider, Euclidean affine functions and their
 * application to calendar algorithms, 2023 */
static void
_date_of_near_day(guint32 days, gint *year, gint *month, gint *day)
{
  guint32 quarters = 4 * (days + 719468) + 3, century = quarters / 146097;
  guint64 shifted = G_GUINT64_CONSTANT(2939745) * (quarters % 146097 | 3);
  guint32 day_of_year = (guint32) shifted / 2939745 / 4, in_month = 2141 * day_of_year + 197913;
  guint32 is_next_year = day_of_year >= 306;

  *year = (gint) (100 * century + (guint32) (shifted >> 32) + is_next_year);
  *month = (gint) ((in_month >> 16) - 12 * is_next_year);
  *day = (gint) ((in_month & 0xffff) / 2141 + 1);
}

void
stamp_date_of_day(gint64 days, gint *year, gint *month, gint *day)
{
  if (days >= 0 && days < NEAR_DAYS)
    {
      _date_of_near_day((guint32) days, year, month, day);
      return;
    }
  gint64 shifted = days + 719468;
  gint64 era = _floor_div(shifted, 146097);
  guint32 day_of_era = (guint32) (shifted - era * 146097);
  guint32 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  guint32 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  guint32 m = (5 * day_of_year + 2) / 153;

  *day = (gint) (day_of_year - (153 * m + 2) / 5 + 1);
  *month = (gint) (m < 10 ? m + 3 : m - 9);
  *year = (gint) CLAMP((gint64) year_of_era + era * 400 + (*month <= 2), 0, 9999);
}

gint64
stamp_civil_to_sec(gint year, gint month, gint day, gint hour, gint minute, gint second)
{
  return _civil_to_days(year, month, day) * DAY_SEC + hour * 3600 + minute * 60 + second;
}

static gchar *
_digits(gchar *at, gint64 number, gint width)
{
  for (gint i = width - 1; i >= 0; i--, number /= 10)
    at[i] = (gchar) ('0' + number % 10);
  return at + width;
}

static gchar *
_civil(gchar *at, gint64 local_sec)
{
  gint64 days = _floor_div(local_sec, DAY_SEC);
  gint64 rest = local_sec - days * DAY_SEC;
  gint year, month, day;

  stamp_date_of_day(days, &year, &month, &day);
  at = _digits(at, year, 4);
  *at++ = '-';
  at = _digits(at, month, 2);
  *at++ = '-';
  at = _digits(at, day, 2);
  *at++ = 'T';
  at = _digits(at, rest / 3600, 2);
  *at++ = ':';
  at = _digits(at, rest / 60 % 60, 2);
  *at++ = ':';
  return _digits(at, rest % 60, 2);
}

static gchar *
_fraction(gchar *at, gint64 usec)
{
  if (!usec)
    return at;
  *at++ = '.';
  return usec % 1000 ? _digits(at, usec, 6) : _digits(at, usec / 1000, 3);
}

static gchar *
_local(const Stamp *self, gchar *at)
{
  gint64 sec = _floor_div(self->local_usec, STAMP_USEC);
  gint64 below_zero = self->local_usec % STAMP_USEC < 0 ? STAMP_USEC : 0;

  return _fraction(_civil(at, sec), self->local_usec % STAMP_USEC + below_zero);
}

gsize
stamp_format_local(const Stamp *self, gchar buf[STAMP_ISO_MAX])
{
  gchar *end = _local(self, buf);

  *end = 0;
  return (gsize) (end - buf);
}

gsize
stamp_format_iso(const Stamp *self, gchar buf[STAMP_ISO_MAX])
{
  gchar *at = _local(self, buf);

  if (stamp_has_offset(self))
    {
      gint32 offset = ABS(self->offset_sec);

      *at++ = self->offset_sec < 0 ? '-' : '+';
      at = _digits(at, offset / 3600 % 100, 2);
      *at++ = ':';
      at = _digits(at, offset / 60 % 60, 2);
    }
  *at = 0;
  return (gsize) (at - buf);
}
