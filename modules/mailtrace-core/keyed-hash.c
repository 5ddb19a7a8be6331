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

  for (guint i = 0; i < G_N_ELEMENTS(self->words); i++, n += 2)
    self->words[i] = (guint128) _nth(seed, n) << 64 | _nth(seed, n + 1);
  for (guint i = 0; i < G_N_ELEMENTS(self->text); i++, n++)
    self->text[i] = _nth(seed, n);
}

static inline guint128
_product(const gchar *at, const guint64 *key)
{
  return (guint128) (hash_load(at) + key[0]) * (hash_load(at + 8) + key[1]);
}

/* the last 16 bytes may overlap those in front of them: the same bytes for each text of that length */
static guint128
_sum(const HashKey *self, Slice text)
{
  const guint64 *key = self->text;
  gchar padded[16] = { 0 };
  guint128 sum = 0;
  gsize at = 0;

  for (; at + 16 <= text.len; at += 16, key += 2)
    sum += _product(text.str + at, key);
  if (at == text.len)
    return sum;
  if (text.len > 16)
    return sum + _product(text.str + text.len - 16, key);
  memcpy(padded, text.str, text.len);
  return sum + _product(padded, key);
}

/* what stands behind the first HASH_TEXT_BYTES is hashed with what stands in front of it */
static guint64
_fold(const HashKey *self, Slice *text)
{
  guint64 front = 0;

  for (; text->len > HASH_TEXT_BYTES; *text = slice_skip(*text, HASH_TEXT_BYTES))
    {
      guint128 sum = _sum(self, slice_head(*text, HASH_TEXT_BYTES));
      front = hash_words(self, (guint64[]) { (guint64) sum, (guint64) (sum >> 64), text->len, front }, 4);
    }
  return front;
}

guint64
hash_text(const HashKey *self, Slice text, guint64 other)
{
  guint64 front = _fold(self, &text);
  guint128 sum = _sum(self, text);

  return hash_words(self, (guint64[]) { (guint64) sum, (guint64) (sum >> 64), text.len ^ front, other }, 4);
}

guint64
hash_said(const HashKey *self, Slice text, Slice by, guint64 process_key, gint64 usec)
{
  guint64 words[8] = { 0, 0, _fold(self, &text), process_key, (guint64) usec };
  guint128 sum = _sum(self, text);

  words[0] = (guint64) sum;
  words[1] = (guint64) (sum >> 64);
  words[2] ^= (guint64) text.len << 32 | by.len;
  if (by.len > 24)
    words[5] = hash_text(self, by, 0);
  else
    hash_pack(by, words + 5);
  return hash_words(self, words, 8);
}
