/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lower.h"
#include "guard-page.h"

#include <criterion/criterion.h>

static void
_assert_lowered(Slice text)
{
  gchar lowered[64];
  gboolean has_work = FALSE;

  lower_copy(lowered, text);
  for (gsize i = 0; i < text.len; i++)
    {
      cr_assert_eq(lowered[i], g_ascii_tolower(text.str[i]));
      has_work |= g_ascii_isupper(text.str[i]);
    }
  cr_assert_eq(lower_has_work(text), has_work);
}

Test(lower, any_byte_at_any_place_of_texts_of_any_length_and_nothing_behind_them)
{
  hard_texts_check(_assert_lowered);
}
