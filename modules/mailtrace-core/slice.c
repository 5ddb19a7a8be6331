/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what does not fit into the header: searching, numbers, hashing of bytes; knows nothing of their meaning */
#include "mailtrace/slice.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static gssize
_find_short(Slice self, Slice needle)
{
  Slice begins = slice_head(self, self.len - needle.len + 1);
  gssize found;

  for (gsize i = 0; (found = slice_find_char(slice_skip(begins, i), needle.str[0])) >= 0; i++)
    {
      i += (gsize) found;
      if (slice_same_bytes(self.str + i, needle.str, needle.len))
        return (gssize) i;
    }
  return -1;
}

gssize
slice_find_any(Slice self, Slice needle)
{
  const gchar *found;

  if (!needle.len || needle.len > self.len)
    return needle.len ? -1 : 0;
  if (needle.len <= SLICE_SHORT_MAX)
    return _find_short(self, needle);
  found = memmem(self.str, self.len, needle.str, needle.len);
  return found ? found - self.str : -1;
}

#ifdef __SSE2__
/* bit i: byte i is that one */
static inline guint32
_places_in_32(const gchar *at, __m128i wanted)
{
  __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *) at), wanted);
  __m128i high = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *) (at + 16)), wanted);

  if (!_mm_movemask_epi8(_mm_or_si128(low, high)))
    return 0;
  return (guint32) _mm_movemask_epi8(low) | (guint32) _mm_movemask_epi8(high) << 16;
}
#endif

gssize
slice_find_rare(Slice self, gchar first, gchar second)
{
  gsize i = 1;

#ifdef __SSE2__
  const __m128i wanted = _mm_set1_epi8(second);

  for (; i + 32 <= self.len; i += 32)
    for (guint32 places = _places_in_32(self.str + i, wanted); places; places &= places - 1)
      {
        gsize at = i + (gsize) __builtin_ctz(places);
        if (self.str[at - 1] == first)
          return (gssize) at - 1;
      }
#endif
  gssize found = slice_find_pair(slice_skip(self, i - 1), first, second, second);
  return found < 0 ? -1 : (gssize) i - 1 + found;
}

gboolean
slice_to_int(Slice self, gint64 *value)
{
  guint64 number = 0;

  if (!self.len || self.len > 19)
    return FALSE;
  for (gsize i = 0; i < self.len; i++)
    {
      if (!g_ascii_isdigit(self.str[i]))
        return FALSE;
      number = number * 10 + (guint64) (self.str[i] - '0');
    }
  if (number > G_MAXINT64)
    return FALSE;
  *value = (gint64) number;
  return TRUE;
}

typedef struct _SipState
{
  guint64 v0, v1, v2, v3;
} SipState;

static inline guint64
_rotate(guint64 word, gint bits)
{
  return word << bits | word >> (64 - bits);
}

static inline void
_sip_round(SipState *self)
{
  self->v0 += self->v1;
  self->v2 += self->v3;
  self->v1 = _rotate(self->v1, 13) ^ self->v0;
  self->v3 = _rotate(self->v3, 16) ^ self->v2;
  self->v0 = _rotate(self->v0, 32);
  self->v2 += self->v1;
  self->v0 += self->v3;
  self->v1 = _rotate(self->v1, 17) ^ self->v2;
  self->v3 = _rotate(self->v3, 21) ^ self->v0;
  self->v2 = _rotate(self->v2, 32);
}

static inline void
_sip_word(SipState *self, guint64 word)
{
  self->v3 ^= word;
  _sip_round(self);
  self->v0 ^= word;
}

static inline guint64
_little_endian(const gchar *bytes, gsize len)
{
  guint64 word = 0;

  memcpy(&word, bytes, len);
  return GUINT64_FROM_LE(word);
}

/* strangers choose the bytes, and a collision would hide a line or a recipient: all keys of XXH3 depend on the seed */
guint64
slice_hash(Slice self, guint64 seed)
{
  return XXH3_64bits_withSeed(self.str, self.len, seed);
}

guint64
slice_fingerprint(Slice self)
{
  SipState state = { G_GUINT64_CONSTANT(0x736f6d6570736575), G_GUINT64_CONSTANT(0x646f72616e646f6d),
                     G_GUINT64_CONSTANT(0x6c7967656e657261), G_GUINT64_CONSTANT(0x7465646279746573) };
  gsize i = 0;

  for (; i + 8 <= self.len; i += 8)
    _sip_word(&state, _little_endian(self.str + i, 8));
  _sip_word(&state, (guint64) self.len << 56 | (i < self.len ? _little_endian(self.str + i, self.len - i) : 0));
  state.v2 ^= 0xff;
  for (gint n = 0; n < 3; n++)
    _sip_round(&state);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

#define DECIMAL_SCALE G_GINT64_CONSTANT(1000000)
#define WHOLE_DIGITS_MAX 10   /* with the largest unit it still fits */

/* 1*DIGIT ["." 1*DIGIT]; what stands behind the sixth decimal is cut off */
static gboolean
_take_decimal(Slice *at, gint64 *millionths)
{
  gint64 whole = 0, fraction = 0, place = DECIMAL_SCALE / 10;
  gsize i = 0, begin;

  for (; i < at->len && g_ascii_isdigit(at->str[i]); i++)
    if (i >= WHOLE_DIGITS_MAX)
      return FALSE;
    else
      whole = whole * 10 + (at->str[i] - '0');
  if (!i)
    return FALSE;
  if (i < at->len && at->str[i] == '.')
    {
      for (begin = ++i; i < at->len && g_ascii_isdigit(at->str[i]); i++, place /= 10)
        fraction += place * (at->str[i] - '0');
      if (i == begin)
        return FALSE;
    }
  *at = slice_skip(*at, i);
  *millionths = whole * DECIMAL_SCALE + fraction;
  return TRUE;
}

static gint64
_unit_sec(gchar unit)
{
  switch (unit)
    {
    case 'w':
      return 604800;
    case 'd':
      return 86400;
    case 'h':
      return 3600;
    case 'm':
      return 60;
    default:
      return unit == 's';
    }
}

static gboolean
_to_duration(Slice self, gint64 *millionths)
{
  gint64 sum = 0, part;

  while (self.len)
    {
      if (!_take_decimal(&self, &part) || !self.len || !_unit_sec(self.str[0])
          || __builtin_mul_overflow(part, _unit_sec(self.str[0]), &part) || __builtin_add_overflow(sum, part, &sum))
        return FALSE;
      self = slice_skip(self, 1);
    }
  *millionths = sum;
  return TRUE;
}

/* 1*4DIGIT "." 3DIGIT ["s"], as most are; FALSE: it is none */
static gboolean
_take_milliseconds(Slice self, gint64 *millionths)
{
  gint64 number = 0;
  gsize len = self.len - (self.len && self.str[self.len - 1] == 's');

  if (len < 5 || len > 8 || self.str[len - 4] != '.')
    return FALSE;
  for (gsize i = 0; i < len; i++)
    if ((guchar) (self.str[i] - '0') <= 9)
      number = number * 10 + (self.str[i] - '0');
    else if (i != len - 4)
      return FALSE;
  *millionths = number * (DECIMAL_SCALE / 1000);
  return TRUE;
}

gboolean
slice_to_decimal(Slice self, gint64 *millionths)
{
  if (_take_milliseconds(self, millionths))
    return TRUE;

  gboolean negative = self.len && self.str[0] == '-';
  Slice rest = slice_skip(self, negative);
  gint64 number;

  if (!_take_decimal(&rest, &number))
    return FALSE;
  if (rest.len && (negative || !_to_duration(self, &number)))
    return FALSE;
  *millionths = negative ? -number : number;
  return TRUE;
}

static gsize
_format_digits(guint64 number, gchar *out)
{
  gchar digits[INTEGER_MAX], *begin = digits + sizeof(digits);

  do
    *--begin = (gchar) ('0' + number % 10);
  while (number /= 10);
  gsize len = (gsize) (digits + sizeof(digits) - begin);
  memcpy(out, begin, len);
  return len;
}

gsize
integer_format(gint64 number, gchar out[INTEGER_MAX])
{
  if (number >= 0)
    return _format_digits((guint64) number, out);
  out[0] = '-';
  return 1 + _format_digits(-(guint64) number, out + 1);
}

gsize
decimal_format(gint64 millionths, gchar out[DECIMAL_MAX])
{
  guint64 absolute = millionths < 0 ? -(guint64) millionths : (guint64) millionths;
  guint rest = (guint) (absolute % (guint64) DECIMAL_SCALE);
  gsize len = 0;

  if (millionths < 0)
    out[len++] = '-';
  len += _format_digits(absolute / (guint64) DECIMAL_SCALE, out + len);
  if (!rest)
    return len;
  out[len++] = '.';
  for (guint place = (guint) DECIMAL_SCALE / 10; rest; rest %= place, place /= 10)
    out[len++] = (gchar) ('0' + rest / place);
  return len;
}
