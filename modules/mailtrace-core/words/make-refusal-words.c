/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes, for each way to begin a word, the list of the words that scan-reason.c looks for there.  Runs while mailtrace
 * is built; fails when a word does not begin as scan-reason.c expects.
 */
#include "refusal-words.h"

#include <stdio.h>

static const Slice rows[] =
{
#define CLASS(name) { NULL, 0 },
#define WORD(text) { text, sizeof(text) - 1 },
#include "refusal-words.def"
#undef CLASS
#undef WORD
};

G_STATIC_ASSERT(G_N_ELEMENTS(rows) < NO_REFUSAL_WORD);

static gboolean
_are_lower_case(void)
{
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    {
      if (rows[i].len && (rows[i].len < 3 || (rows[i].str[0] != '"' && !g_ascii_islower(rows[i].str[0]))))
        return FALSE;
      for (gsize n = 0; n < rows[i].len; n++)
        if (g_ascii_isupper(rows[i].str[n]))
          return FALSE;
    }
  return TRUE;
}

/* of the letters it begins with */
static guint
_pair(Slice word)
{
  return refusal_word_pair(word.str + (word.str[0] == '"'));
}

static guint
_write_list(guint pair)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].len && _pair(rows[i]) == pair)
      {
        printf("%u,", i);
        n++;
      }
  if (n)
    printf("%u,\n", NO_REFUSAL_WORD);
  return n ? n + 1 : 0;
}

/* what begins no word has the empty list at the begin */
int
main(void)
{
  guint begins[REFUSAL_WORD_PAIRS], n = 1;

  printf("static const guint8 word_lists[] = {\n%u,\n", NO_REFUSAL_WORD);
  for (guint pair = 0; pair < REFUSAL_WORD_PAIRS; pair++)
    {
      guint written = _write_list(pair);

      begins[pair] = written ? n : 0;
      n += written;
    }
  printf("};\nstatic const guint16 word_list_begins[REFUSAL_WORD_PAIRS] = {\n");
  for (guint pair = 0; pair < REFUSAL_WORD_PAIRS; pair++)
    printf("%u,%s", begins[pair], pair % 16 == 15 ? "\n" : " ");
  printf("};\n");
  return !_are_lower_case();
}
