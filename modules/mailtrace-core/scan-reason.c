/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why something was refused, as one word of a closed set.  The text is the administrator's or Exim's and may quote a
 * stranger; the word says what it looks like, it decides nothing.
 */
#include "alnum.h"
#include "refusal-words.h"
#include "scan.h"

#include "refusal-words.inc"

typedef struct _Reason
{
  Slice text;
  gboolean is_class;   /* of those that follow */
} Reason;

#define CLASS(name) { TEXT(name), TRUE },
#define WORD(text) { TEXT(text), FALSE },

static const Reason reasons[] =
{
#include "refusal-words.def"
};

static const Reason filter_reasons[] =
{
  CLASS("dnsbl") WORD("rbl")
  CLASS("helo") WORD("rdns_helo")
  CLASS("rdns") WORD("rdns") WORD("rdns_missing") WORD("rdns_reject") WORD("rdns_reject_strict")
  CLASS("spf") WORD("spf")
  CLASS("spam") WORD("as")
  CLASS("virus") WORD("av")
  CLASS("unknown-recipient") WORD("address_verification") WORD("rcpt_verify")
  CLASS("greylisting") WORD("greylist")
  CLASS("size") WORD("size")
  CLASS("content") WORD("ext") WORD("mime") WORD("expression") WORD("unscannable") WORD("dlp") WORD("sandbox")
  CLASS("policy") WORD("blacklist") WORD("batv") WORD("sender_blacklist") WORD("host_blacklist")
};

#define TEXT_MAX 256

static gboolean
_is_letter(Slice text, gsize at)
{
  return at < text.len && g_ascii_isalnum(text.str[at]);
}

static inline gchar
_lower(gchar c)
{
  return c >= 'A' && c <= 'Z' ? (gchar) (c | 0x20) : c;
}

static gboolean
_same_letters(const gchar *a, const gchar *b, gsize len)
{
  for (gsize i = 0; i < len; i++)
    if (a[i] != b[i] && _lower(a[i]) != _lower(b[i]))
      return FALSE;
  return TRUE;
}

#ifdef __SSE2__
/* bit i: byte i is that letter or its capital, or that other byte */
static inline guint
_places_of(const gchar *at, gchar c)
{
  __m128i bytes = _mm_loadu_si128((const __m128i *) at);

  if (g_ascii_islower(c))
    bytes = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  return (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}
#endif

/* index of the first two bytes of a word, without regard to case, or -1 */
static gssize
_find_begin(Slice text, Slice word)
{
  gsize i = 0;

#ifdef __SSE2__
  for (; i + 17 <= text.len; i += 16)
    {
      guint places = _places_of(text.str + i, word.str[0]) & _places_of(text.str + i + 1, word.str[1]);
      if (places)
        return (gssize) i + __builtin_ctz(places);
    }
#endif
  for (; i + 1 < text.len; i++)
    if (_lower(text.str[i]) == word.str[0] && _lower(text.str[i + 1]) == word.str[1])
      return (gssize) i;
  return -1;
}

/* it is no part of a longer one; a "!" behind it: ends a word as well */
static gboolean
_is_word_at(Slice text, gsize at, Slice word)
{
  gboolean whole = word.str[word.len - 1] == '!';

  word.len -= whole;
  return at + word.len <= text.len && _same_letters(text.str + at, word.str, word.len)
         && (!at || !_is_letter(text, at - 1) || !g_ascii_isalnum(word.str[0]))
         && (!whole || !_is_letter(text, at + word.len));
}

/* begins a word of the text, without regard to case */
static gssize
_find_word(Slice text, Slice word)
{
  gssize found;

  for (gsize i = 0; (found = _find_begin(slice_skip(text, i), word)) >= 0; i++)
    {
      i += (gsize) found;
      if (_is_word_at(text, i, word))
        return (gssize) i;
    }
  return -1;
}

static void
_blank_word(gchar *text, gsize begin, gsize end)
{
  for (gsize i = begin; i < end; i++)
    if (text[i] == '@')
      memset(text + begin, ' ', end - begin);
}

/* without addresses, whose words strangers choose */
static Slice
_without_addresses(Slice text, gchar copy[TEXT_MAX])
{
  gsize begin = 0;

  if (slice_find_char(text, '@') < 0)
    return text;
  memcpy(copy, text.str, text.len);
  for (gsize i = 0; i <= text.len; i++)
    if (i == text.len || copy[i] == ' ' || copy[i] == '<' || copy[i] == '>')
      {
        _blank_word(copy, begin, i);
        begin = i + 1;
      }
  return slice_new(copy, text.len);
}

/* in front of its reasons */
static Slice
_class_of(const Reason *reason)
{
  while (!reason->is_class)
    reason--;
  return reason->text;
}

/* bit i: byte at + i is a letter or digit */
static guint
_letters_at(Slice text, gsize at)
{
  gchar last[16] = { 0 };

  if (at + 16 <= text.len)
    return alnum_of_16(text.str + at);
  memcpy(last, text.str + at, text.len - at);
  return alnum_of_16(last);
}

/* the least number of a word that begins with the letter there, if it is less than that one */
static guint
_least_word(Slice text, gsize at, guint least)
{
  const guint8 *number = word_lists + word_list_begins[refusal_word_pair(text.str + at)];

  for (; *number < least; number++)
    {
      Slice word = reasons[*number].text;
      gsize quoted = word.str[0] == '"';

      if (at >= quoted && _is_word_at(text, at - quoted, word))
        return *number;
    }
  return least;
}

static Slice
_class_of_text(Slice text)
{
  guint least = NO_REFUSAL_WORD, before = 0;

  for (gsize i = 0; i + 1 < text.len; i += 16)
    {
      guint letters = _letters_at(text, i);

      for (guint begins = letters & ~(letters << 1 | before); begins; begins &= begins - 1)
        {
          gsize at = i + (gsize) __builtin_ctz(begins);
          least = at + 1 < text.len ? _least_word(text, at, least) : least;
        }
      before = letters >> 15;
    }
  return least < NO_REFUSAL_WORD ? _class_of(&reasons[least]) : SLICE_NONE;
}

static Slice
_class_of_filter(Slice filter)
{
  Slice class = SLICE_NONE;

  for (guint i = 0; i < G_N_ELEMENTS(filter_reasons); i++)
    if (filter_reasons[i].is_class)
      class = filter_reasons[i].text;
    else if (slice_equals(filter, filter_reasons[i].text))
      return class;
  return SLICE_NONE;
}

/* what the stage alone tells, and what no text can change */
static Slice
_stage_class(Slice stage)
{
  if (slice_equals(stage, SLICE("auth")))
    return SLICE("auth");
  return slice_equals(stage, SLICE("tls")) ? SLICE("tls") : SLICE_NONE;
}

static Slice
_otherwise(Slice stage)
{
  return slice_equals(stage, SLICE("protocol")) ? SLICE("syntax")
         : slice_equals(stage, SLICE("helo")) ? SLICE("helo") : SLICE("other");
}

/* letters, digits and ".-_" with a dot in them, which ends where a sentence may go on; empty: there is none */
static Slice
_domain(Slice text)
{
  gsize len = scan_host_length(text);

  if (len < text.len && text.str[len] && !strchr(" ,;:=()<>\\", text.str[len]))
    return SLICE("");
  while (len && text.str[len - 1] == '.')
    len--;
  text = slice_head(text, len);
  return slice_find_char(text, '.') > 0 ? text : SLICE("");
}

/* the list's name stands behind one of these words */
static Slice
_dns_list(Slice text)
{
  static const Slice before[] = { TEXT(" list at "), TEXT("listed in "), TEXT("listed at "), TEXT("listed on "),
    TEXT("listed by "), TEXT("blacklisted in "), TEXT("blacklist at "), TEXT("in RBL ") };

  for (guint i = 0; i < G_N_ELEMENTS(before); i++)
    {
      gssize at = _find_word(text, before[i]);
      Slice domain = at < 0 ? SLICE("") : _domain(slice_skip(text, (gsize) at + before[i].len));

      if (domain.len)
        return domain;
    }
  return SLICE_NONE;
}

void
scan_reason(Scan *self)
{
  const Line *line = self->line;
  Slice stage = line_get(line, F_REFUSAL_STAGE), filter = line_get(line, F_REFUSAL_FILTER_REASON);
  Slice text = slice_head(line_get(line, F_REFUSAL_TEXT), TEXT_MAX);
  gchar copy[TEXT_MAX];
  Slice class = filter.len ? _class_of_filter(filter) : SLICE_NONE;

  if (!class.len)
    class = _stage_class(stage);
  if (!class.len && text.len)
    class = _class_of_text(_without_addresses(text, copy));
  if (!class.len)
    class = _otherwise(stage);
  scan_add(self, F_REFUSAL_REASON, class, FALSE);
  if (!slice_equals(class, SLICE("dnsbl")) || line_get(line, F_REFUSAL_REASON_DETAIL).str)
    return;
  Slice list = _dns_list(text);
  if (list.len)
    scan_add(self, F_REFUSAL_REASON_DETAIL, list, FALSE);
}
