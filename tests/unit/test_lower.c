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

Test(lower, any_byte_at_any_place_of_texts_of_any_length)
{
  for (gsize len = 0; len <= 40; len++)
    for (gsize at = 0; at < MAX(len, 1); at++)
      for (guint byte = 0; byte < 256; byte++)
        {
          gchar text[40];

          memset(text, 'x', sizeof(text));
          if (len)
            text[at] = (gchar) byte;
          _assert_lowered(slice_new(text, len));
        }
}

Test(lower, nothing_is_read_behind_the_text)
{
  GuardPage page;
  gchar text[40];

  memset(text, 'Y', sizeof(text));
  guard_page_init(&page, sizeof(text));
  for (gsize len = 0; len <= sizeof(text); len++)
    _assert_lowered(guard_page_put(&page, slice_new(text, len)));
  guard_page_release(&page);
}
