/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of sixteen bytes are ASCII letters or digits.  Knows bytes; must not know what they mean. */
#ifndef MAILTRACE_ALNUM_H_INCLUDED
#define MAILTRACE_ALNUM_H_INCLUDED

#include "mailtrace/slice.h"

/* bit i: byte i is one */
static inline guint
alnum_of_16(const gchar *at)
{
#ifdef __SSE2__
  __m128i bytes = _mm_loadu_si128((const __m128i *) at);
  __m128i number = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  __m128i letter = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
  __m128i numbers = _mm_cmpeq_epi8(_mm_min_epu8(number, _mm_set1_epi8(9)), number);
  __m128i letters = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter);

  return (guint) _mm_movemask_epi8(_mm_or_si128(numbers, letters));
#else
  guint found = 0;

  for (guint i = 0; i < 16; i++)
    found |= (guint) g_ascii_isalnum(at[i]) << i;
  return found;
#endif
}

#endif
