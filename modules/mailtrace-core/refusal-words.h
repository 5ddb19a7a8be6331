/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the words of refusal-words.def are told apart by their begin, for the table that is made of them as well. */
#ifndef MAILTRACE_REFUSAL_WORDS_H_INCLUDED
#define MAILTRACE_REFUSAL_WORDS_H_INCLUDED

#include "mailtrace/slice.h"

#define NO_REFUSAL_WORD 255   /* ends a list of numbers of rows */
#define REFUSAL_WORD_PAIRS 1024

/* letters count by their last five bits, so case makes no difference */
static inline guint
refusal_word_pair(const gchar *at)
{
  return ((guint) at[0] & 31) << 5 | ((guint) at[1] & 31);
}

#endif
