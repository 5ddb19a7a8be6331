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
