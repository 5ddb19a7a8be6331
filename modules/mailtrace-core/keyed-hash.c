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

/* the last 16 bytes may overlap those in front of them: the same bytes for each text of that length */
static inline guint128
_sum(const HashKey *self, Slice text)
{
  const guint64 *key = self->text;
  gchar padded[16] = { 0 };
  guint128 sum = 0;

  if (!text.len)
    return 0;
  const gchar *at = text.str, *end = text.str + text.len;
  for (; end - at >= 32; at += 32, key += 4)
    {
      sum += hash_pair(slice_word8(at), slice_word8(at + 8), key);
      sum += hash_pair(slice_word8(at + 16), slice_word8(at + 24), key + 2);
    }
  if (end - at >= 16)
    {
      sum += hash_pair(slice_word8(at), slice_word8(at + 8), key);
      at += 16, key += 2;
    }
  if (at == end)
    return sum;
  if (text.len > 16)
    return sum + hash_pair(slice_word8(end - 16), slice_word8(end - 8), key);
  memcpy(padded, text.str, text.len);
  return sum + hash_pair(slice_word8(padded), slice_word8(padded + 8), key);
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

guint64
hash_said(const HashKey *self, Slice text, Slice by, guint64 process_key, gint64 usec)
{
  guint64 front = text.len > HASH_TEXT_BYTES ? _fold(self, &text) : 0;
  guint64 name[3] = { 0 };

  if (by.len > 16)
    name[0] = hash_text(self, by, 0);
  else
    hash_pack(by, name);
  guint128 sum = _sum(self, text) + hash_pair((guint64) text.len << 32 | by.len, (guint64) usec, self->words);
  sum += hash_pair(process_key + front, 0, self->words + 2) + hash_pair(name[0], name[1], self->words + 4);
  return hash_finish(self, sum);
}
