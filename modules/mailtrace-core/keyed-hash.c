/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyed-hash.h"

static guint64
_nth(guint64 seed, guint64 n)
{
  return slice_hash(slice_new((const gchar *) &n, sizeof(n)), seed);
}

void
hash_key_init(HashKey *self, guint64 seed)
{
  guint64 n = 0;

  for (guint i = 0; i < G_N_ELEMENTS(self->shift); i++, n += 2)
    self->shift[i] = (guint128) _nth(seed, n) << 64 | _nth(seed, n + 1);
  for (guint i = 0; i < G_N_ELEMENTS(self->words); i++, n++)
    self->words[i] = _nth(seed, n);
  for (guint i = 0; i < G_N_ELEMENTS(self->text); i++, n++)
    self->text[i] = _nth(seed, n);
}

/* 16 bytes of the text with as many of the key */
static inline __attribute__((always_inline)) guint128
_piece(const HashKey *self, const gchar *at, gsize place)
{
  return hash_pair(slice_word8(at), slice_word8(at + 8), (const guint64 *) ((const gchar *) self->text + place));
}

static guint128
_sum_of_short(const HashKey *self, Slice text)
{
  guint64 padded[3];

  hash_pack(text, padded);
  return hash_pair(padded[0], padded[1], self->text);
}

/* the last 16 bytes may overlap those in front of them: the same bytes for each text of that length */
static inline guint128
_sum(const HashKey *self, Slice text)
{
  guint128 sum = 0;
  gsize i = 0;

  if (text.len < 16)
    return text.len ? _sum_of_short(self, text) : 0;
  for (; i + 32 <= text.len; i += 32)
    {
      sum += _piece(self, text.str + i, i);
      sum += _piece(self, text.str + i + 16, i + 16);
    }
  if (i + 16 <= text.len)
    {
      sum += _piece(self, text.str + i, i);
      i += 16;
    }
  return i < text.len ? sum + _piece(self, text.str + text.len - 16, i) : sum;
}

/* what stands behind the first HASH_TEXT_BYTES is hashed with what stands in front of it */
static guint64
_fold(const HashKey *self, Slice *text)
{
  guint64 front = 0;

  for (; text->len > HASH_TEXT_BYTES; *text = slice_skip(*text, HASH_TEXT_BYTES))
    {
      guint128 sum = _sum(self, slice_head(*text, HASH_TEXT_BYTES)) + hash_pair(text->len, front, self->words);
      front = hash_finish(self, sum);
    }
  return front;
}

guint64
hash_text(const HashKey *self, Slice text, guint64 other)
{
  guint64 front = text.len > HASH_TEXT_BYTES ? _fold(self, &text) : 0;
  guint128 sum = _sum(self, text);

  sum += hash_pair(text.len, front, self->words) + hash_pair(other, 0, self->words + 2);
  return hash_finish(self, sum);
}

static __attribute__((noinline)) guint64
_hash_long_said(const HashKey *self, Slice text, Slice by, guint64 process_key, gint64 usec)
{
  guint64 front = text.len > HASH_TEXT_BYTES ? _fold(self, &text) : 0, name;

  if (by.len > sizeof(name))
    {
      name = hash_text(self, by, 0);
      by = slice_new((const gchar *) &name, sizeof(name));
    }
  return hash_said(self, text, by, process_key + front, usec);
}

guint64
hash_said(const HashKey *self, Slice text, Slice by, guint64 process_key, gint64 usec)
{
  guint64 name[2];

  if (text.len > HASH_TEXT_BYTES || by.len > sizeof(guint64))
    return _hash_long_said(self, text, by, process_key, usec);
  hash_pack_short(by, name);
  guint128 sum = _sum(self, text);
  sum += hash_pair((guint64) text.len << 32 | by.len, (guint64) usec, self->words);
  sum += hash_pair(process_key, name[0], self->words + 2);
  return hash_finish(self, sum);
}
