/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slice: a piece of somebody else's bytes.  It owns nothing, is not terminated by a NUL, may hold any byte, and lives
 * as long as the buffer it points into.  Lengths always come from the slice, never from strlen().
 */
#ifndef MAILTRACE_SLICE_H_INCLUDED
#define MAILTRACE_SLICE_H_INCLUDED

#include <glib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* begins the declaration of what a layer does: profiles tell layers apart, also where all is optimised together */
#define LAYER_ENTRY __attribute__((noinline))

typedef struct _Slice
{
  const gchar *str;
  gsize len;
} Slice;

#define SLICE(literal) ((Slice) { (literal), sizeof(literal) - 1 })
#define SLICE_NONE ((Slice) { NULL, 0 })

static inline Slice
slice_new(const gchar *str, gsize len)
{
  return (Slice) { str, len };
}

static inline Slice
slice_from_string(const gchar *str)
{
  return (Slice) { str, str ? strlen(str) : 0 };
}

static inline guint64
slice_word8(const gchar *at)
{
  guint64 word;

  memcpy(&word, at, sizeof(word));
  return word;
}

static inline guint32
slice_word4(const gchar *at)
{
  guint32 word;

  memcpy(&word, at, sizeof(word));
  return word;
}

static inline guint16
slice_word2(const gchar *at)
{
  guint16 word;

  memcpy(&word, at, sizeof(word));
  return word;
}

#ifdef __SSE2__
static inline gboolean
slice_same_16(const gchar *a, const gchar *b)
{
  __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *) a), _mm_loadu_si128((const __m128i *) b));

  return _mm_movemask_epi8(same) == 0xffff;
}
#endif

/* most texts that are compared are shorter than the call of memcmp() is long */
static inline __attribute__((always_inline)) gboolean
slice_same_bytes(const gchar *a, const gchar *b, gsize len)
{
  if (len >= 8)
    {
      for (gsize i = 0; i + 8 < len; i += 8)
        if (slice_word8(a + i) != slice_word8(b + i))
          return FALSE;
      return slice_word8(a + len - 8) == slice_word8(b + len - 8);
    }
  if (len >= 4)
    return slice_word4(a) == slice_word4(b) && slice_word4(a + len - 4) == slice_word4(b + len - 4);
  if (len >= 2)
    return slice_word2(a) == slice_word2(b) && slice_word2(a + len - 2) == slice_word2(b + len - 2);
  return !len || *a == *b;
}

static inline __attribute__((always_inline)) gboolean
slice_equals(Slice self, Slice other)
{
  return self.len == other.len && slice_same_bytes(self.str, other.str, self.len);
}

static inline __attribute__((always_inline)) gboolean
slice_starts_with(Slice self, Slice prefix)
{
  return self.len >= prefix.len && slice_same_bytes(self.str, prefix.str, prefix.len);
}

static inline __attribute__((always_inline)) gboolean
slice_ends_with(Slice self, Slice suffix)
{
  return self.len >= suffix.len
         && (suffix.len == 0 || slice_same_bytes(self.str + self.len - suffix.len, suffix.str, suffix.len));
}

/* at or behind the end: an empty slice */
static inline Slice
slice_skip(Slice self, gsize count)
{
  count = MIN(count, self.len);
  return (Slice) { (const gchar *) ((guintptr) self.str + count), self.len - count };   /* str may be NULL */
}

static inline Slice
slice_head(Slice self, gsize count)
{
  return (Slice) { self.str, MIN(count, self.len) };
}

/* index of the first byte that is one of both, or -1; inline, so that the bytes are constants */
static inline __attribute__((always_inline)) gssize
slice_find_either(Slice self, gchar a, gchar b)
{
#ifdef __SSE2__
#define SLICE_EQUAL(bytes, c) _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c))
#define SLICE_SAME(bytes) \
  (a == b ? SLICE_EQUAL(bytes, a) : _mm_or_si128(SLICE_EQUAL(bytes, a), SLICE_EQUAL(bytes, b)))
  if (self.len >= 16)
    for (gsize i = 0; ; i = MIN(i + 16, self.len - 16))
      {
        __m128i bytes = _mm_loadu_si128((const __m128i *) (self.str + i));
        guint found = (guint) _mm_movemask_epi8(SLICE_SAME(bytes));
        if (found)
          return (gssize) i + __builtin_ctz(found);
        if (i + 16 == self.len)
          return -1;
      }
  if (self.len >= 8)
    {
      __m128i bytes = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *) self.str),
                                         _mm_loadl_epi64((const __m128i *) (self.str + self.len - 8)));
      guint found = (guint) _mm_movemask_epi8(SLICE_SAME(bytes));
      if (!found)
        return -1;
      return found & 0xff ? __builtin_ctz(found) : (gssize) self.len - 16 + __builtin_ctz(found);
    }
#undef SLICE_SAME
#undef SLICE_EQUAL
#endif
  for (gsize i = 0; i < self.len; i++)
    if (self.str[i] == a || self.str[i] == b)
      return (gssize) i;
  return -1;
}

/* index of the first such byte, or -1 */
static inline __attribute__((always_inline)) gssize
slice_find_char(Slice self, gchar c)
{
  return slice_find_either(self, c, c);
}

#ifdef __SSE2__
/* bit i: byte i is the first one, and byte i of next one of both others */
static inline __attribute__((always_inline)) guint
slice_pairs_of_16(__m128i bytes, __m128i next, gchar first, gchar a, gchar b)
{
  __m128i either = _mm_cmpeq_epi8(next, _mm_set1_epi8(a));

  if (a != b)
    either = _mm_or_si128(either, _mm_cmpeq_epi8(next, _mm_set1_epi8(b)));
  return (guint) _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(first)), either));
}

static inline __attribute__((always_inline)) __m128i
slice_load_twice_8(const gchar *low, const gchar *high)
{
  return _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *) low), _mm_loadl_epi64((const __m128i *) high));
}
#endif

/* index of the first such byte with one of both others behind it, or -1 */
static inline __attribute__((always_inline)) gssize
slice_find_pair(Slice self, gchar first, gchar a, gchar b)
{
  const gchar *s = self.str;

#ifdef __SSE2__
  if (self.len >= 17)
    for (gsize i = 0, last = self.len - 17; ; i = MIN(i + 16, last))
      {
        guint found = slice_pairs_of_16(_mm_loadu_si128((const __m128i *) (s + i)),
                                        _mm_loadu_si128((const __m128i *) (s + i + 1)), first, a, b);
        if (found)
          return (gssize) i + __builtin_ctz(found);
        if (i == last)
          return -1;
      }
  if (self.len >= 9)
    {
      const gchar *end = s + self.len;
      guint found = slice_pairs_of_16(slice_load_twice_8(s, end - 9), slice_load_twice_8(s + 1, end - 8), first, a, b);
      if (!found)
        return -1;
      return found & 0xff ? __builtin_ctz(found) : (gssize) self.len - 17 + __builtin_ctz(found);
    }
#endif
  for (gsize i = 0; i + 1 < self.len; i++)
    if (s[i] == first && (s[i + 1] == a || s[i + 1] == b))
      return (gssize) i;
  return -1;
}

/* index of the first such byte with the other one behind it, or -1; for long texts in which the second one is rare */
gssize slice_find_rare(Slice self, gchar first, gchar second);

/* index of the last such byte, or -1 */
static inline gssize
slice_find_last_char(Slice self, gchar c)
{
  gsize i = self.len;

#ifdef __SSE2__
  const __m128i wanted = _mm_set1_epi8(c);

  for (; i >= 16; i -= 16)
    {
      __m128i bytes = _mm_loadu_si128((const __m128i *) (self.str + i - 16));
      gint found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted));
      if (found)
        return (gssize) i - 16 + 31 - __builtin_clz((guint) found);
    }
#endif
  for (; i > 0; i--)
    if (self.str[i - 1] == c)
      return (gssize) i - 1;
  return -1;
}

/* the part in front of the next separator, which is taken off *rest as well; all of it when there is none */
static inline Slice
slice_take_part(Slice *rest, gchar separator)
{
  gssize end = slice_find_char(*rest, separator);
  Slice part = end < 0 ? *rest : slice_head(*rest, (gsize) end);

  *rest = slice_skip(*rest, part.len + 1);
  return part;
}

/* beyond, an unlucky text could cost more than linear time */
#define SLICE_SHORT_MAX 48

gssize slice_find_any(Slice self, Slice needle);

/* index of the first occurrence, or -1; linear.  Inline, so that the bytes of a literal are constants. */
static inline __attribute__((always_inline)) gssize
slice_find(Slice self, Slice needle)
{
#ifdef __SSE2__
  if (needle.len && needle.len <= SLICE_SHORT_MAX && self.len >= needle.len + 15)
    for (gsize i = 0, last = self.len - needle.len - 15; ; i = MIN(i + 16, last))
      {
        const gchar *at = self.str + i;
        __m128i begins = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *) at), _mm_set1_epi8(needle.str[0]));
        __m128i ends = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *) (at + needle.len - 1)),
                                      _mm_set1_epi8(needle.str[needle.len - 1]));
        for (guint places = (guint) _mm_movemask_epi8(_mm_and_si128(begins, ends)); places; places &= places - 1)
          if (slice_same_bytes(at + __builtin_ctz(places), needle.str, needle.len))
            return (gssize) i + __builtin_ctz(places);
        if (i == last)
          return -1;
      }
#endif
  return slice_find_any(self, needle);
}

/* decimal digits only, the whole slice, at most G_MAXINT64; otherwise FALSE and *value unchanged */
gboolean slice_to_int(Slice self, gint64 *value);

/* decimal = ["-"] 1*DIGIT ["." 1*DIGIT], or a duration in seconds = 1*( 1*DIGIT ["." 1*DIGIT] ( "w" / "d" / "h" / "m" /
 * "s" ) ), in millionths.  FALSE, and *millionths unchanged, for anything else, or when it is too large. */
gboolean slice_to_decimal(Slice self, gint64 *millionths);

#define INTEGER_MAX 20   /* bytes of a number at most */

/* decimal digits, not NUL-terminated; bytes written */
gsize integer_format(gint64 number, gchar out[INTEGER_MAX]);

#define DECIMAL_MAX 32

/* plain decimal digits without trailing zeros, not NUL-terminated; bytes written */
gsize decimal_format(gint64 millionths, gchar out[DECIMAL_MAX]);

/* XXH3, the same on every machine: who does not know the seed cannot choose bytes that collide.  Chain calls by handing
 * the last result in as seed. */
guint64 slice_hash(Slice self, guint64 seed);

/* SipHash-1-3 without a secret: for names that are shown, which stay the same for ever */
guint64 slice_fingerprint(Slice self);

/* a NUL-terminated copy; the caller frees it */
static inline gchar *
slice_dup(Slice self)
{
  return g_strndup(self.str ? self.str : "", self.len);
}

#endif
