/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lower case of ASCII letters, eight bytes at a time.  Reads and writes nothing outside of the text. */
#ifndef MAILTRACE_LOWER_H_INCLUDED
#define MAILTRACE_LOWER_H_INCLUDED

#include "mailtrace/slice.h"

#define LOWER_EACH_BYTE(byte) ((guint64) (byte) * G_GUINT64_CONSTANT(0x0101010101010101))

/* 0x20 in each byte that is a capital letter, 0 in the others */
static inline guint64
_lower_capitals(guint64 bytes)
{
  guint64 seven = bytes & LOWER_EACH_BYTE(0x7f);
  guint64 from_a = seven + LOWER_EACH_BYTE(0x80 - 'A'), behind_z = seven + LOWER_EACH_BYTE(0x80 - 'Z' - 1);

  return (from_a & ~behind_z & ~bytes & LOWER_EACH_BYTE(0x80)) >> 2;
}

#ifdef __SSE2__
/* not 0: capital letters are among these bytes */
static inline gint
_lower_marks(__m128i bytes)
{
  __m128i from_a = _mm_sub_epi8(bytes, _mm_set1_epi8('A'));

  return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(from_a, _mm_set1_epi8('Z' - 'A')), from_a));
}
#endif

/* it has capital letters */
static inline gboolean
lower_has_work(Slice text)
{
  guint64 found = 0;

#ifdef __SSE2__
  if (text.len >= 16)
    {
      gint marks = _lower_marks(_mm_loadu_si128((const __m128i *) (text.str + text.len - 16)));

      for (gsize i = 0; i + 16 < text.len; i += 16)
        marks |= _lower_marks(_mm_loadu_si128((const __m128i *) (text.str + i)));
      return marks != 0;
    }
  if (text.len >= 8)
    return _lower_marks(_mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *) text.str),
                                           _mm_loadl_epi64((const __m128i *) (text.str + text.len - 8)))) != 0;
#endif
  if (text.len < 8)
    {
      for (gsize i = 0; i < text.len; i++)
        found |= _lower_capitals((guchar) text.str[i]);
      return found != 0;
    }
  for (gsize i = 0; i + 8 < text.len; i += 8)
    found |= _lower_capitals(slice_word8(text.str + i));
  return (found | _lower_capitals(slice_word8(text.str + text.len - 8))) != 0;
}

static inline void
_lower_copy_8(gchar *to, const gchar *from)
{
  guint64 bytes = slice_word8(from);

  bytes |= _lower_capitals(bytes);
  memcpy(to, &bytes, sizeof(bytes));
}

/* as many bytes, elsewhere */
static inline void
lower_copy(gchar *to, Slice text)
{
  if (text.len < 8)
    {
      for (gsize i = 0; i < text.len; i++)
        to[i] = (gchar) (text.str[i] | (gchar) _lower_capitals((guchar) text.str[i]));
      return;
    }
  for (gsize i = 0; i + 8 < text.len; i += 8)
    _lower_copy_8(to + i, text.str + i);
  _lower_copy_8(to + text.len - 8, text.str + text.len - 8);
}

#endif
