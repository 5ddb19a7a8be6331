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
_piece(const gchar *at, const gchar *key)
{
  return hash_pair(slice_word8(at), slice_word8(at + 8), (const guint64 *) key);
}

static inline guint128
_sum_of_short(const HashKey *self, Slice text)
{
  guint64 padded[3];

  hash_pack(text, padded);
  return hash_pair(padded[0], padded[1], self->text);
}

/* of 16 bytes or more; the last 16 may overlap those in front of them: the same bytes for each text of that length */
static inline __attribute__((always_inline)) guint128
_sum_of_long(const HashKey *self, Slice text, guint128 sum)
{
  gsize in_front = (text.len - 1) / 16 * 16;
  const gchar *end = text.str + in_front, *key = (const gchar *) self->text + in_front;

  for (gssize at = -(gssize) in_front; at; at += 16)
    sum += _piece(end + at, key + at);
  return sum + _piece(text.str + text.len - 16, key);
}

static inline __attribute__((always_inline)) guint128
_add_text(const HashKey *self, Slice text, guint128 sum)
{
  if (text.len < 16)
    return text.len ? sum + _sum_of_short(self, text) : sum;
  return _sum_of_long(self, text, sum);
}

/* what stands behind the first HASH_TEXT_BYTES is hashed with what stands in front of it */
static guint64
_fold(const HashKey *self, Slice *text)
{
  guint64 front = 0;

  for (; text->len > HASH_TEXT_BYTES; *text = slice_skip(*text, HASH_TEXT_BYTES))
    {
      guint128 sum = hash_pair(text->len, front, self->words);
      front = hash_finish(self, _sum_of_long(self, slice_head(*text, HASH_TEXT_BYTES), sum));
    }
  return front;
}

static inline __attribute__((always_inline)) guint64
_finish_text(const HashKey *self, Slice text, guint64 front, guint64 other)
{
  guint128 sum = hash_pair(text.len, front, self->words) + hash_pair(other, 0, self->words + 2);

  return hash_finish(self, _add_text(self, text, sum));
}

static __attribute__((noinline)) guint64
_hash_any_text(const HashKey *self, Slice text, guint64 other)
{
  guint64 front = text.len > HASH_TEXT_BYTES ? _fold(self, &text) : 0;

  return _finish_text(self, text, front, other);
}

guint64
hash_text(const HashKey *self, Slice text, guint64 other)
{
  if (text.len < 4 || text.len > HASH_TEXT_BYTES)
    return _hash_any_text(self, text, other);
  return _finish_text(self, text, 0, other);
}

static inline __attribute__((always_inline)) guint128
_sum_of_speaker(const HashKey *self, gsize len, gsize by_len, guint64 by, guint64 process_key, gint64 usec)
{
  return hash_pair((guint64) len << 32 | by_len, (guint64) usec, self->words)
         + hash_pair(process_key, by, self->words + 2);
}

static __attribute__((noinline)) guint64
_hash_any_said(const HashKey *self, Slice text, Slice by, guint64 process_key, gint64 usec)
{
  guint64 front = text.len > HASH_TEXT_BYTES ? _fold(self, &text) : 0, name[2];

  if (by.len > sizeof(guint64))
    {
      name[0] = hash_text(self, by, 0);
      by = slice_new((const gchar *) name, sizeof(guint64));
    }
  else
    hash_pack_short(by, name);
  guint128 sum = _sum_of_speaker(self, text.len, by.len, name[0], process_key + front, usec);
  return hash_finish(self, _add_text(self, text, sum));
}

guint64
hash_said(const HashKey *self, Slice text, Slice by, guint64 process_key, gint64 usec)
{
  guint64 name[2] = { 0 };

  if (text.len < 16 || text.len > HASH_TEXT_BYTES || by.len > sizeof(guint64) || (by.len && by.len < 4))
    return _hash_any_said(self, text, by, process_key, usec);
  if (by.len)
    hash_pack_short(by, name);
  guint128 sum = _sum_of_speaker(self, text.len, by.len, name[0], process_key, usec);
  return hash_finish(self, _sum_of_long(self, text, sum));
}
