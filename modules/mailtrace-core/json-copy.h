/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is plain in a JSON string is copied a block at a time, and looked at on the way.  Reads nothing outside of the
 * text, writes nothing outside of its length.  Knows which bytes are plain; must not know what becomes of the others.
 */
#ifndef MAILTRACE_JSON_COPY_H_INCLUDED
#define MAILTRACE_JSON_COPY_H_INCLUDED

#include "mailtrace/slice.h"

#define JSON_BLOCK 16

static inline gboolean
json_is_plain(guchar c)
{
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Each returns how many bytes stand in front of the first that is not plain; JSON_BLOCK or more when there is none. */

#if defined(__SSE2__) && !defined(JSON_COPY_PORTABLE)
#include <emmintrin.h>

static inline guint
_json_plain_in(__m128i bytes, guint len)
{
  /* with one added, 0x7f and all above are negative, or 0 */
  __m128i found = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)), _mm_set1_epi8(0x21));

  found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
  found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  guint special = (guint) _mm_movemask_epi8(found) & ((1u << len) - 1);
  return special ? (guint) __builtin_ctz(special) : JSON_BLOCK;
}

static inline guint
_json_copy_block(gchar *to, const gchar *from)
{
  __m128i bytes = _mm_loadu_si128((const __m128i *) from);

  _mm_storeu_si128((__m128i *) to, bytes);
  return _json_plain_in(bytes, JSON_BLOCK);
}

/* 4 to 8 bytes */
static inline guint
_json_copy_quarter(gchar *to, const gchar *from, gsize len)
{
  guint32 first, last;

  memcpy(&first, from, 4);
  memcpy(&last, from + len - 4, 4);
  memcpy(to, &first, 4);
  memcpy(to + len - 4, &last, 4);
  guint plain = _json_plain_in(_mm_cvtsi64_si128((gint64) ((guint64) last << 32 | first)), 8);
  return plain < 4 ? plain : plain < 8 ? plain - 8 + (guint) len : JSON_BLOCK;
}

/* 8 to 16 bytes */
static inline guint
_json_copy_half(gchar *to, const gchar *from, gsize len)
{
  __m128i first = _mm_loadl_epi64((const __m128i *) from), last = _mm_loadl_epi64((const __m128i *) (from + len - 8));

  _mm_storel_epi64((__m128i *) to, first);
  _mm_storel_epi64((__m128i *) (to + len - 8), last);
  guint plain = _json_plain_in(_mm_unpacklo_epi64(first, last), JSON_BLOCK);
  return plain < 8 ? plain : plain < JSON_BLOCK ? plain - 16 + (guint) len : JSON_BLOCK;
}
#else
#define JSON_EACH_BYTE(byte) ((guint64) (byte) * G_GUINT64_CONSTANT(0x0101010101010101))

/* of 8 bytes, the first the lowest */
static inline guint
_json_plain_in_8(guint64 bytes)
{
  /* a byte's highest bit is set if it is not plain; above the first such byte it means nothing */
  guint64 found = (bytes - JSON_EACH_BYTE(0x20)) | ((bytes ^ JSON_EACH_BYTE('"')) - JSON_EACH_BYTE(1))
                  | ((bytes ^ JSON_EACH_BYTE('\\')) - JSON_EACH_BYTE(1)) | (bytes + JSON_EACH_BYTE(1)) | bytes;

  found &= JSON_EACH_BYTE(0x80);
  return found ? (guint) __builtin_ctzll(found) / 8 : JSON_BLOCK;
}

static inline guint
_json_copy_8(gchar *to, const gchar *from)
{
  guint64 bytes;

  memcpy(&bytes, from, sizeof(bytes));
  memcpy(to, &bytes, sizeof(bytes));
  return _json_plain_in_8(GUINT64_FROM_LE(bytes));
}

static inline guint
_json_copy_quarter(gchar *to, const gchar *from, gsize len)
{
  guint32 first, last;

  memcpy(&first, from, 4);
  memcpy(&last, from + len - 4, 4);
  memcpy(to, &first, 4);
  memcpy(to + len - 4, &last, 4);
  guint plain = _json_plain_in_8((guint64) GUINT32_FROM_LE(last) << 32 | GUINT32_FROM_LE(first));
  return plain < 4 ? plain : plain < 8 ? plain - 8 + (guint) len : JSON_BLOCK;
}

static inline guint
_json_copy_half(gchar *to, const gchar *from, gsize len)
{
  guint first = _json_copy_8(to, from), last = _json_copy_8(to + len - 8, from + len - 8);

  return first < 8 ? first : last < 8 ? last + (guint) len - 8 : JSON_BLOCK;
}

static inline guint
_json_copy_block(gchar *to, const gchar *from)
{
  return _json_copy_half(to, from, JSON_BLOCK);
}
#endif

static inline gsize
_json_copy_few(gchar *to, const gchar *from, gsize len)
{
  gsize i = 0;

  for (; i < len && json_is_plain((guchar) from[i]); i++)
    to[i] = from[i];
  return i;
}

/* copies all of it; how many bytes stand in front of the first that is not plain, len when there is none */
static inline gsize
json_copy_plain(gchar *to, const gchar *from, gsize len)
{
  gsize i = 0, n;

  if (len < JSON_BLOCK)
    {
      if (len < 4)
        return _json_copy_few(to, from, len);
      n = len < 8 ? _json_copy_quarter(to, from, len) : _json_copy_half(to, from, len);
      return MIN(n, len);
    }
  for (; i + JSON_BLOCK <= len; i += JSON_BLOCK)
    if (G_UNLIKELY((n = _json_copy_block(to + i, from + i)) < JSON_BLOCK))
      return i + n;
  if (i == len)
    return len;
  i = len - JSON_BLOCK;
  return MIN(i + _json_copy_block(to + i, from + i), len);
}

#endif
