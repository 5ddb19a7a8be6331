/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/stamp.h"
#include <criterion/criterion.h>

Test(slice, integers_are_digits_only_and_do_not_wrap)
{
  gint64 value = -7;

  cr_expect(slice_to_int(SLICE("9223372036854775807"), &value) && value == G_MAXINT64);
  value = -7;
  cr_expect_not(slice_to_int(SLICE("9223372036854775808"), &value));
  cr_expect_not(slice_to_int(SLICE("99999999999999999999"), &value));
  cr_expect_not(slice_to_int(SLICE(""), &value));
  cr_expect_not(slice_to_int(SLICE("12x"), &value));
  cr_expect_not(slice_to_int(SLICE("-1"), &value));
  cr_expect_eq(value, -7);
}

Test(slice, searching_stays_inside)
{
  Slice text = slice_new("abcabcX", 6);

  cr_expect_eq(slice_find(text, SLICE("cab")), 2);
  cr_expect_eq(slice_find(text, SLICE("X")), -1);
  cr_expect_eq(slice_find_char(text, 'X'), -1);
  cr_expect_eq(slice_find_last_char(text, 'a'), 3);
  cr_expect_eq(slice_skip(text, 99).len, 0u);
  cr_expect_eq(slice_find(SLICE_NONE, SLICE("a")), -1);
}

Test(slice, the_seed_changes_the_hash)
{
  cr_expect_neq(slice_hash(SLICE("alice@example.test"), 1), slice_hash(SLICE("alice@example.test"), 2));
  cr_expect_neq(slice_hash(SLICE("a"), 1), slice_hash(SLICE("a\0"), 1));
}

Test(stamp, iso_has_offset_and_fraction_only_when_known)
{
  const struct { Stamp stamp; const gchar *iso; } cases[] =
  {
    { { 1560164680 * STAMP_USEC, -4 * 3600 }, "2019-06-10T11:04:40-04:00" },
    { { 1560164680 * STAMP_USEC + 812000, 5 * 3600 + 1800 }, "2019-06-10T11:04:40.812+05:30" },
    { { 1560164680 * STAMP_USEC + 1, STAMP_OFFSET_UNKNOWN }, "2019-06-10T11:04:40.000001" },
    { { 951782400 * STAMP_USEC, 0 }, "2000-02-29T00:00:00+00:00" },
    { { -1 * STAMP_USEC, 0 }, "1969-12-31T23:59:59+00:00" },
  };
  gchar iso[STAMP_ISO_MAX];

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    {
      cr_expect_eq(stamp_format_iso(&cases[i].stamp, iso), strlen(cases[i].iso));
      cr_expect_str_eq(iso, cases[i].iso);
    }
}
