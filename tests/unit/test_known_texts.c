/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "known-texts.h"

#include <criterion/criterion.h>

Test(known_texts, each_is_new_once_however_many_there_are)
{
  for (guint n = 0; n < 50; n++)
    {
      gchar texts[50][8];
      KnownTexts known;

      known_texts_init(&known, 7);
      for (guint i = 0; i < n; i++)
        {
          Slice text = slice_new(texts[i], (gsize) g_snprintf(texts[i], sizeof(texts[i]), "t%u", i));
          cr_assert(!known_texts_has(&known, text));
          cr_assert(known_texts_add(&known, text));
        }
      for (guint i = 0; i < n; i++)
        {
          cr_assert(known_texts_has(&known, slice_from_string(texts[i])));
          cr_assert(!known_texts_add(&known, slice_from_string(texts[i])));
        }
      cr_assert(!known_texts_has(&known, SLICE("other")));
      known_texts_release(&known);
    }
}

Test(known_texts, the_empty_text_is_one)
{
  KnownTexts known;

  known_texts_init(&known, 1);
  cr_assert(known_texts_add(&known, SLICE_NONE));
  cr_assert(!known_texts_add(&known, SLICE("")));
  known_texts_release(&known);
}
