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

#if defined(__SSE2__) && !defined(JSON_COPY_PORTABLE)
#include <emmintrin.h>

/* 0 for each byte that is plain */
static inline __m128i
_json_special(__m128i bytes)
{
  __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));

  return _mm_or_si128(found, _mm_subs_epu8(_mm_sub_epi8(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8(0x7e - 0x20)));
}

/* a bit for each byte that is not */
static inline guint
_json_marks(__m128i special)
{
  return (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(special, _mm_setzero_si128())) ^ 0xffff;
}

static inline __m128i
_json_copy_16(gchar *to, const gchar *from)
{
  __m128i bytes = _mm_loadu_si128((const __m128i *) from);

  _mm_storeu_si128((__m128i *) to, bytes);
  return _json_special(bytes);
}

/* how many bytes stand in front of the first that is not plain; JSON_BLOCK when there is none */
static inline guint
_json_copy_block(gchar *to, const gchar *from)
{
  guint marks = _json_marks(_json_copy_16(to, from));

  return marks ? (guint) __builtin_ctz(marks) : JSON_BLOCK;
}

/* Each copies all of it; not 0: some of it is not plain. */

/* JSON_BLOCK and more bytes */
static inline guint
_json_copy_blocks(gchar *to, const gchar *from, gsize len)
{
  __m128i found = _json_copy_16(to + len - JSON_BLOCK, from + len - JSON_BLOCK);

  for (gsize i = 0; i + JSON_BLOCK < len; i += JSON_BLOCK)
    found = _mm_or_si128(found, _json_copy_16(to + i, from + i));
  return _json_marks(found);
}

/* 8 to 16 bytes */
static inline guint
_json_copy_half(gchar *to, const gchar *from, gsize len)
{
  __m128i first = _mm_loadl_epi64((const __m128i *) from), last = _mm_loadl_epi64((const __m128i *) (from + len - 8));

  _mm_storel_epi64((__m128i *) to, first);
  _mm_storel_epi64((__m128i *) (to + len - 8), last);
  return _json_marks(_json_special(_mm_unpacklo_epi64(first, last)));
}

static inline guint
_json_marks_8(guint64 bytes)
{
  return _json_marks(_json_special(_mm_cvtsi64_si128((gint64) bytes))) & 0xff;
}
#else
#define JSON_EACH_BYTE(byte) ((guint64) (byte) * G_GUINT64_CONSTANT(0x0101010101010101))

/* of 8 bytes, the first the lowest: a byte's highest bit is set if it is not plain; above the first such byte it means
 * nothing */
static inline guint64
_json_special(guint64 bytes)
{
  guint64 found = (bytes - JSON_EACH_BYTE(0x20)) | ((bytes ^ JSON_EACH_BYTE('"')) - JSON_EACH_BYTE(1))
                  | ((bytes ^ JSON_EACH_BYTE('\\')) - JSON_EACH_BYTE(1)) | (bytes + JSON_EACH_BYTE(1)) | bytes;

  return found & JSON_EACH_BYTE(0x80);
}

static inline guint64
_json_copy_8(gchar *to, const gchar *from)
{
  guint64 bytes;

  memcpy(&bytes, from, sizeof(bytes));
  memcpy(to, &bytes, sizeof(bytes));
  return _json_special(GUINT64_FROM_LE(bytes));
}

/* how many bytes stand in front of the first that is not plain; JSON_BLOCK when there is none */
static inline guint
_json_copy_block(gchar *to, const gchar *from)
{
  guint64 first = _json_copy_8(to, from), last = _json_copy_8(to + 8, from + 8);

  return first ? (guint) __builtin_ctzll(first) / 8 : last ? (guint) __builtin_ctzll(last) / 8 + 8 : JSON_BLOCK;
}

/* 8 and more bytes */
static inline guint
_json_copy_blocks(gchar *to, const gchar *from, gsize len)
{
  guint64 found = _json_copy_8(to + len - 8, from + len - 8);

  for (gsize i = 0; i + 8 < len; i += 8)
    found |= _json_copy_8(to + i, from + i);
  return found != 0;
}

#define _json_copy_half _json_copy_blocks

static inline guint
_json_marks_8(guint64 bytes)
{
  return _json_special(bytes) != 0;
}
#endif

/* 4 to 8 bytes */
static inline guint
_json_copy_quarter(gchar *to, const gchar *from, gsize len)
{
  guint32 first, last;

  memcpy(&first, from, 4);
  memcpy(&last, from + len - 4, 4);
  memcpy(to, &first, 4);
  memcpy(to + len - 4, &last, 4);
  return _json_marks_8((guint64) last << 32 | first);
}

/* how many bytes stand in front of the first that is not plain: those are copied, others may be */
static inline gsize
json_copy_plain(gchar *to, const gchar *from, gsize len)
{
  gsize i = 0;
  guint n;

  for (; i + JSON_BLOCK <= len; i += JSON_BLOCK)
    if ((n = _json_copy_block(to + i, from + i)) < JSON_BLOCK)
      return i + n;
  for (; i < len && json_is_plain((guchar) from[i]); i++)
    to[i] = from[i];
  return i;
}

/* copies all of it, unless some of it is not plain: not 0 then */
static inline guint
json_copy_all(gchar *to, const gchar *from, gsize len)
{
  if (len >= JSON_BLOCK)
    return _json_copy_blocks(to, from, len);
  if (len >= 8)
    return _json_copy_half(to, from, len);
  if (len >= 4)
    return _json_copy_quarter(to, from, len);
  return json_copy_plain(to, from, len) < len;
}

#endif
