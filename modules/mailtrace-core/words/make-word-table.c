/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes the table in which words.c finds the number of a word: looks for a multiplier that sends each word to a slot
 * of its own.  Runs while mailtrace is built; fails when there is none, when a word stands twice, or when JSON would
 * have to escape one.
 */
#include "json-copy.h"
#include "words.h"

#include <stdio.h>

#define ATTEMPTS 1000000
#define SLOTS (1u << WORD_TABLE_BITS)

static const Slice rows[] =
{
#define WORD(name, text) { text, sizeof(text) - 1 },
#include "words.def"
#undef WORD
};

static gboolean
_fill(guint64 multiplier, guint8 slots[SLOTS])
{
  memset(slots, 0, SLOTS);
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    {
      guint8 *slot = &slots[word_slot(rows[i], multiplier)];

      if (*slot || rows[i].len < WORD_LEN_MIN || rows[i].len > WORD_LEN_MAX)
        return FALSE;
      *slot = (guint8) (i + 1);
    }
  return TRUE;
}

static gboolean
_are_plain(void)
{
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    for (gsize at = 0; at < rows[i].len; at++)
      if (!json_is_plain((guchar) rows[i].str[at]))
        return FALSE;
  return TRUE;
}

int
main(void)
{
  guint64 multiplier = 0x9e3779b97f4a7c15;
  guint8 slots[SLOTS];

  if (!_are_plain())
    {
      fputs("words.def: a word has a byte that JSON escapes\n", stderr);
      return 1;
    }
  for (guint i = 0; !_fill(multiplier, slots); i++)
    {
      if (i == ATTEMPTS)
        {
          fputs("words.def: no multiplier gives each word a slot of its own\n", stderr);
          return 1;
        }
      multiplier = (multiplier * 6364136223846793005 + 1442695040888963407) | 1;
    }
  printf("const guint64 word_multiplier = 0x%" G_GINT64_MODIFIER "xULL;\n\nconst guint8 word_table[] =\n{", multiplier);
  for (guint i = 0; i < SLOTS; i++)
    printf("%s%u,", i % 32 ? " " : "\n  ", slots[i]);
  puts("\n};");
  return 0;
}
