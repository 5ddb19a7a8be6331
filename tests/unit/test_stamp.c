/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/stamp.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define DAY_SEC 86400

Test(stamp, civil_dates_are_seconds_since_1970)
{
  static const struct { gint year, month, day, hour, minute, second; gint64 sec; } cases[] =
  {
    { 1970, 1, 1, 0, 0, 0, 0 },
    { 1969, 12, 31, 23, 59, 59, -1 },
    { 2000, 2, 29, 0, 0, 0, 951782400 },
    { 2000, 3, 1, 0, 0, 0, 951868800 },
    { 2019, 6, 10, 15, 4, 40, 1560179080 },
    { 2038, 1, 19, 3, 14, 8, G_GINT64_CONSTANT(2147483648) },
    { 2100, 3, 1, 0, 0, 0, G_GINT64_CONSTANT(4107542400) },
    { 2016, 12, 31, 23, 59, 60, 1483228800 },   /* a leap second is the first second of the next day */
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    cr_expect_eq(stamp_civil_to_sec(cases[i].year, cases[i].month, cases[i].day, cases[i].hour, cases[i].minute,
                                    cases[i].second), cases[i].sec, "case %u", i);
}

Test(stamp, every_day_of_four_centuries_prints_as_it_was_read)
{
  for (gint64 day = -100000; day < 146097 - 100000; day++)
    {
      Stamp stamp = { day * DAY_SEC * STAMP_USEC, STAMP_OFFSET_UNKNOWN };
      gchar local[STAMP_ISO_MAX];
      gint year, month, dom;

      stamp_format_local(&stamp, local);
      cr_assert_eq(sscanf(local, "%4d-%2d-%2dT00:00:00", &year, &month, &dom), 3, "%s", local);
      cr_assert_eq(stamp_civil_to_sec(year, month, dom, 0, 0, 0), day * DAY_SEC, "%s", local);
    }
}

Test(stamp, iso_has_offset_and_fraction_only_when_known)
{
  const struct { Stamp stamp; const gchar *iso; } cases[] =
  {
    { { 1560164680 * STAMP_USEC, -4 * 3600 }, "2019-06-10T11:04:40-04:00" },
    { { 1560164680 * STAMP_USEC + 812000, 5 * 3600 + 1800 }, "2019-06-10T11:04:40.812+05:30" },
    { { 1560164680 * STAMP_USEC + 1, STAMP_OFFSET_UNKNOWN }, "2019-06-10T11:04:40.000001" },
    { { 1560164680 * STAMP_USEC, -1800 }, "2019-06-10T11:04:40-00:30" },
    { { 951782400 * STAMP_USEC, 0 }, "2000-02-29T00:00:00+00:00" },
    { { -1 * STAMP_USEC, 0 }, "1969-12-31T23:59:59+00:00" },
    { { -1, 0 }, "1969-12-31T23:59:59.999999+00:00" },
  };
  gchar iso[STAMP_ISO_MAX];

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    {
      cr_expect_eq(stamp_format_iso(&cases[i].stamp, iso), strlen(cases[i].iso));
      cr_expect_str_eq(iso, cases[i].iso);
    }
}

Test(stamp, local_form_never_converts)
{
  Stamp stamp = { 1560164680 * STAMP_USEC + 250000, -4 * 3600 };
  gchar local[STAMP_ISO_MAX];

  cr_expect_eq(stamp_format_local(&stamp, local), strlen("2019-06-10T11:04:40.250"));
  cr_expect_str_eq(local, "2019-06-10T11:04:40.250");
}

Test(stamp, utc_subtracts_a_known_offset_only)
{
  Stamp known = { 3600 * STAMP_USEC, 7200 }, unknown = { 3600 * STAMP_USEC, STAMP_OFFSET_UNKNOWN };

  cr_expect_eq(stamp_to_utc_usec(&known), -3600 * STAMP_USEC);
  cr_expect_eq(stamp_to_utc_usec(&unknown), 3600 * STAMP_USEC);
  cr_expect(stamp_has_offset(&known));
  cr_expect_not(stamp_has_offset(&unknown));
}

Test(stamp, extreme_values_fit_into_the_buffer)
{
  static const gint64 usecs[] = { G_MININT64, G_MININT64 + 1, -62167219200 * STAMP_USEC - 1, 0, G_MAXINT64 };
  static const gint32 offsets[] = { STAMP_OFFSET_UNKNOWN, -G_MAXINT32, 0, G_MAXINT32 };

  for (guint i = 0; i < G_N_ELEMENTS(usecs) * G_N_ELEMENTS(offsets); i++)
    {
      Stamp stamp = { usecs[i / G_N_ELEMENTS(offsets)], offsets[i % G_N_ELEMENTS(offsets)] };
      gchar iso[STAMP_ISO_MAX];

      cr_expect_lt(stamp_format_iso(&stamp, iso), (gsize) STAMP_ISO_MAX);
      cr_expect_lt(stamp_format_local(&stamp, iso), (gsize) STAMP_ISO_MAX);
    }
}
