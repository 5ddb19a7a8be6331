/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HashKey: fast hashes of which every bit is as good as another, for tables in memory.  Who does not know it cannot
 * choose what collides: whatever the two inputs, two lists of words collide with a probability of 2^-64, two texts of n
 * pieces of HASH_TEXT_BYTES with one of (n + 1) * 2^-64.
 * The sum of NH (of UMAC), which no two inputs share but by chance, goes through multiply-shift with 128 bits
 * (Dietzfelbinger), which is strongly universal.
 * Knows nothing of what is hashed.  Values depend on the machine's byte order.
 */
#ifndef MAILTRACE_KEYED_HASH_H_INCLUDED
#define MAILTRACE_KEYED_HASH_H_INCLUDED

#include "mailtrace/slice.h"

__extension__ typedef unsigned __int128 guint128;

#define HASH_WORDS_MAX 6
#define HASH_TEXT_BYTES 512

typedef struct _HashKey
{
  guint128 shift[3];
  guint64 words[HASH_WORDS_MAX];
  guint64 text[HASH_TEXT_BYTES / sizeof(guint64)];
} HashKey;

void hash_key_init(HashKey *self, guint64 seed);

static inline guint128
hash_pair(guint64 a, guint64 b, const guint64 *key)
{
  return (guint128) (a + key[0]) * (b + key[1]);
}

static inline guint64
hash_finish(const HashKey *self, guint128 sum)
{
  sum = self->shift[0] * (guint64) sum + self->shift[1] * (guint64) (sum >> 64) + self->shift[2];
  return (guint64) (sum >> 64);
}

/* an even and constant number of words, at most HASH_WORDS_MAX; lists of different lengths are no different inputs */
static inline guint64
hash_words(const HashKey *self, const guint64 *words, guint n)
{
  guint128 sum = 0;

  for (guint i = 0; i < n; i += 2)
    sum += hash_pair(words[i], words[i + 1], &self->words[i]);
  return hash_finish(self, sum);
}

/* the same as memcpy() of a text of up to 15 bytes to zeroes */
static inline void
hash_pack_short(Slice text, guint64 words[2])
{
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
  if (text.len >= 8)
    {
      words[0] = slice_word8(text.str);
      words[1] = text.len == 8 ? 0 : slice_word8(text.str + text.len - 8) >> (128 - 8 * text.len);
      return;
    }
  if (text.len >= 4)
    {
      words[0] = slice_word4(text.str) | (guint64) slice_word4(text.str + text.len - 4) << (8 * text.len - 32);
      words[1] = 0;
      return;
    }
#endif
  words[0] = words[1] = 0;
  if (text.len)
    memcpy(words, text.str, text.len);
}

/* a text of up to 24 bytes, as three words; those of different lengths may be equal */
static inline void
hash_pack(Slice text, guint64 words[3])
{
  if (text.len >= 16)
    {
      words[0] = slice_word8(text.str);
      words[1] = slice_word8(text.str + 8);
      words[2] = slice_word8(text.str + text.len - 8);
      return;
    }
  hash_pack_short(text, words);
  words[2] = 0;
}

/* of a text of any length, and of a word */
guint64 hash_text(const HashKey *self, Slice text, guint64 other);

/* of a text, and of who said it when */
guint64 hash_said(const HashKey *self, Slice text, Slice by, guint64 process_key, gint64 usec);

#endif
