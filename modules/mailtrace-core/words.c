/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include "word-table.inc"

const Slice words[] =
{
#define WORD(text) { text, sizeof(text) - 1 },
#include "words.def"
#undef WORD
};

G_STATIC_ASSERT(G_N_ELEMENTS(words) < 255);

gint
word_find(Slice text)
{
  if (text.len < WORD_LEN_MIN || text.len > WORD_LEN_MAX)
    return -1;
  /* 0: none; else one more than the number */
  guint found = word_table[word_slot(text, WORD_MULTIPLIER)];
  return found && slice_equals(words[found - 1], text) ? (gint) found - 1 : -1;
}
