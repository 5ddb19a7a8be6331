/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan.h"

static const guint8 host_bytes[256] =
{
  ['-'] = 1, ['.'] = 1, ['_'] = 1, ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
};

#ifdef __SSE2__
/* bytes from first to first + count - 1 */
static inline __m128i
_in_range(__m128i bytes, gchar first, gchar count)
{
  __m128i distance = _mm_sub_epi8(bytes, _mm_set1_epi8(first));

  return _mm_cmpeq_epi8(_mm_min_epu8(distance, _mm_set1_epi8((gchar) (count - 1))), distance);
}

/* bit i: byte i is none of a host's name */
static inline guint
_other_bytes(const gchar *at)
{
  __m128i bytes = _mm_loadu_si128((const __m128i *) at);
  __m128i letters = _in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
  __m128i others = _mm_or_si128(_in_range(bytes, '0', 10), _in_range(bytes, '-', 2));

  others = _mm_or_si128(others, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
  return (guint) _mm_movemask_epi8(_mm_or_si128(letters, others)) ^ 0xffff;
}
#endif

gsize
scan_host_length(Slice text)
{
  gsize len = 0;

#ifdef __SSE2__
  for (; len + 16 <= text.len; len += 16)
    {
      guint others = _other_bytes(text.str + len);
      if (others)
        return len + (gsize) __builtin_ctz(others);
    }
#endif
  while (len < text.len && host_bytes[(guchar) text.str[len]])
    len++;
  return len;
}

gboolean
scan_is_number(Slice text)
{
  gint64 ignored;

  if (!text.len || text.len > 9)
    return slice_to_int(text, &ignored);
  for (gsize i = 0; i < text.len; i++)
    if (!g_ascii_isdigit(text.str[i]))
      return FALSE;
  return TRUE;
}

gboolean
scan_literal(Scan *self, const LineStep *step)
{
  return scan_take_text(self, step->literal);
}

gboolean
scan_optional(Scan *self, const LineStep *step)
{
  scan_take_text(self, step->literal);
  return TRUE;
}

gboolean
scan_word(Scan *self, const LineStep *step)
{
  Slice word = scan_plain_word(self->rest);

  if (!word.len)
    return FALSE;
  scan_add(self, step->field, word, FALSE);
  self->rest = slice_skip(self->rest, word.len);
  return TRUE;
}

gboolean
scan_until(Scan *self, const LineStep *step)
{
  Slice literal = step->literal;
  gssize at = literal.len == 1 ? slice_find_char(self->rest, literal.str[0]) : slice_find(self->rest, literal);

  if (at < 0)
    return FALSE;
  scan_add(self, step->field, slice_head(self->rest, (gsize) at), FALSE);
  self->rest = slice_skip(self->rest, (gsize) at + literal.len);
  return TRUE;
}

gboolean
scan_until_last(Scan *self, const LineStep *step)
{
  Slice literal = step->literal;
  gssize found = -1;

  for (gsize i = 0; i + literal.len <= self->rest.len; i++)
    if (self->rest.str[i] == literal.str[0] && slice_starts_with(slice_skip(self->rest, i), literal))
      found = (gssize) i;
  if (found < 0)
    return FALSE;
  scan_add(self, step->field, slice_head(self->rest, (gsize) found), FALSE);
  self->rest = slice_skip(self->rest, (gsize) found + literal.len);
  return TRUE;
}

gboolean
scan_rest(Scan *self, const LineStep *step)
{
  scan_add(self, step->field, self->rest, FALSE);
  self->rest = slice_skip(self->rest, self->rest.len);
  return TRUE;
}

gboolean
scan_tail(Scan *self, const LineStep *step)
{
  return slice_starts_with(self->rest, step->literal) && scan_rest(self, step);
}

gboolean
scan_take_one(Scan *self, const Slice *texts)
{
  gchar first = scan_next(self->rest);

  for (; texts->str; texts++)
    if (texts->str[0] == first && scan_take_text(self, *texts))
      return TRUE;
  return FALSE;
}

gboolean
scan_one_of(Scan *self, const LineStep *step)
{
  return scan_take_one(self, step->texts);
}

gboolean
scan_tail_of(Scan *self, const LineStep *step)
{
  Scan begin = *self;

  return scan_one_of(&begin, step) && scan_rest(self, step);
}

gboolean
scan_phrase(Scan *self, const LineStep *step)
{
  Slice behind = slice_skip(self->rest, step->literal.len);

  return (!behind.len || behind.str[0] == ' ') && scan_tail(self, step);
}

gboolean
scan_constant(Scan *self, const LineStep *step)
{
  scan_add(self, step->field, step->literal, FALSE);
  return TRUE;
}

/* index of the quote that ends what begins in front of at, or the end */
static gsize
_quote_end(Slice text, gsize at)
{
  while (at < text.len)
    {
      gssize found = slice_find_either(slice_skip(text, at), '"', '\\');

      if (found < 0)
        return text.len;
      at += (gsize) found;
      if (text.str[at] == '"')
        return at;
      at += 2;
    }
  return text.len;
}

gssize
scan_find_unquoted(Slice text, Slice literal)
{
  Slice begins = slice_head(text, text.len >= literal.len ? text.len - literal.len + 1 : 0);
  gssize found;

  for (gsize at = 0; (found = slice_find_either(slice_skip(begins, at), literal.str[0], '"')) >= 0; at++)
    {
      at += (gsize) found;
      if (slice_starts_with(slice_skip(text, at), literal))
        return (gssize) at;
      if (text.str[at] == '"')
        at = _quote_end(begins, at + 1);
    }
  return -1;
}

static __attribute__((noinline)) gssize
_find_blank(Slice text, gboolean *balanced)
{
  gssize found;

  *balanced = TRUE;
  for (gsize at = 0; (found = slice_find_either(slice_skip(text, at), ' ', '"')) >= 0; at++)
    {
      at += (gsize) found;
      if (text.str[at] == ' ')
        return (gssize) at;
      at = _quote_end(text, at + 1);
      *balanced = at < text.len;
    }
  return -1;
}

gssize
scan_find_blank(Slice text)
{
  gboolean balanced;
  gssize end = slice_find_either(text, ' ', '"');

  return end < 0 || text.str[end] == ' ' ? end : _find_blank(text, &balanced);
}

/* a quote that never ends protects nothing */
static gssize
_quoted_word_end(Slice text)
{
  gboolean balanced;
  gssize blank = _find_blank(text, &balanced);

  return blank < 0 && !balanced ? slice_find_char(text, ' ') : blank;
}

Slice
scan_quoted_word(Slice text)
{
  gssize end = slice_find_either(text, ' ', '"');

  if (end >= 0 && text.str[end] == '"')
    end = _quoted_word_end(text);
  return end < 0 ? text : slice_new(text.str, (gsize) end);
}

/* quotes behind a place outside quotes come in pairs, whatever a HELO in front of it holds */
gboolean
scan_quotes_are_paired(Slice text)
{
  gboolean paired = TRUE;
  gssize found;

  while ((found = slice_find_either(text, '"', '\\')) >= 0)
    {
      gboolean quote = text.str[found] == '"';

      paired ^= quote;
      text = slice_skip(text, (gsize) found + (quote ? 1 : 2));
    }
  return paired;
}

static gboolean
_may_follow_angle(Slice rest, gboolean glued)
{
  return !rest.len || rest.str[0] == ' ' || rest.str[0] == ':'
         || (glued && (slice_starts_with(rest, SLICE("H=")) || slice_starts_with(rest, SLICE("U="))));
}

/* index of the ">" that ends an address, or -1: a blank, a colon or nothing stands behind it */
static gssize
_angle_end(Slice inner, gboolean heed_quotes, gboolean glued)
{
  gchar quote = heed_quotes ? '"' : '>';
  gsize at = 0;
  gssize found;

  while ((found = slice_find_either(slice_skip(inner, at), '>', quote)) >= 0)
    {
      at += (gsize) found;
      if (inner.str[at] == '"')
        at = _quote_end(inner, at + 1);
      else if (_may_follow_angle(slice_skip(inner, at + 1), glued))
        return (gssize) at;
      at++;
    }
  return -1;
}

/* the first ">", if no quote stands in front of it and the address ends there; else -1 */
static inline gssize
_plain_angle_end(Slice inner)
{
  gssize end = slice_find_either(inner, '>', '"');

  if (end < 0 || inner.str[end] != '>')
    return -1;
  return (gsize) end + 1 == inner.len || inner.str[end + 1] == ' ' || inner.str[end + 1] == ':' ? end : -1;
}

static void
_take_angle(Scan *self, FieldId field, Slice inner, gssize end)
{
  scan_put(self->line, field, slice_new(inner.str, (gsize) end), FALSE);
  self->rest = slice_new(inner.str + end + 1, inner.len - (gsize) end - 1);
}

/* broken addresses may hold a single quote */
static __attribute__((noinline)) gboolean
_odd_angle(Scan *self, FieldId field, Slice inner, gboolean glued)
{
  gssize end = _angle_end(inner, TRUE, glued);

  if (end < 0)
    end = _angle_end(inner, FALSE, glued);
  if (end < 0)
    return FALSE;
  _take_angle(self, field, inner, end);
  return TRUE;
}

/* angle = "<" *( quoted-string / char ) ">" */
static inline gboolean
_angle(Scan *self, FieldId field, gboolean glued)
{
  if (scan_next(self->rest) != '<')
    return FALSE;
  Slice inner = slice_new(self->rest.str + 1, self->rest.len - 1);
  gssize end = _plain_angle_end(inner);
  if (end < 0)
    return _odd_angle(self, field, inner, glued);
  _take_angle(self, field, inner, end);
  return TRUE;
}

gboolean
scan_angle_into(Scan *self, FieldId field)
{
  return _angle(self, field, FALSE);
}

gboolean
scan_angle(Scan *self, const LineStep *step)
{
  return _angle(self, step->field, FALSE);
}

gboolean
scan_angle_glued(Scan *self, const LineStep *step)
{
  return _angle(self, step->field, TRUE);
}

#define PORT_DIGITS_MAX 5

/* digits in front, five of them are enough */
static inline gsize
_port_length(Slice text)
{
  gsize digits = 0;

  if (text.len >= 8)
    {
      guint64 word = GUINT64_FROM_LE(slice_word8(text.str)) ^ G_GUINT64_CONSTANT(0x3030303030303030);
      guint64 others = ((word + G_GUINT64_CONSTANT(0x7676767676)) | word) & G_GUINT64_CONSTANT(0x8080808080);

      return others ? (gsize) __builtin_ctzll(others) / 8 : PORT_DIGITS_MAX;
    }
  while (digits < text.len && digits < PORT_DIGITS_MAX && g_ascii_isdigit(text.str[digits]))
    digits++;
  return digits;
}

/* index of the first "]" behind the first byte, or -1; it stands near where the address is one of IPv4 */
static inline gssize
_bracket_end(Slice at)
{
#ifdef __SSE2__
  if (at.len > 16)
    {
      __m128i bytes = _mm_loadu_si128((const __m128i *) (at.str + 1));
      guint found = (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(']')));
      if (found)
        return 1 + __builtin_ctz(found);
    }
#endif
  gssize end = slice_find_char(slice_head(slice_skip(at, 1), 127), ']');
  return end < 0 ? -1 : end + 1;
}

gboolean
scan_bracketed(Slice *at, Slice *ip, Slice *port)
{
  if (scan_next(*at) != '[')
    return FALSE;
  gssize end = _bracket_end(*at);
  if (end < 2)
    return FALSE;
  *ip = slice_new(at->str + 1, (gsize) end - 1);
  Slice rest = slice_new(at->str + end + 1, at->len - (gsize) end - 1);
  gsize digits = scan_next(rest) == ':' ? _port_length(slice_new(rest.str + 1, rest.len - 1)) : 0;
  *port = digits ? slice_new(rest.str + 1, digits) : SLICE("");
  *at = digits ? slice_new(rest.str + 1 + digits, rest.len - 1 - digits) : rest;
  return TRUE;
}
