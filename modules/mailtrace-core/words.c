/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include "word-table.inc"

const WordTexts word_texts =
{
#define WORD(name, text) text,
#include "words.def"
#undef WORD
  ""
};

const Slice words[] =
{
#define WORD(name, text) WORD_ROW(name),
#include "words.def"
#undef WORD
};

G_STATIC_ASSERT(G_N_ELEMENTS(words) < 255);
