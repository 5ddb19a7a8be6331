/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why something was refused, as one word of a closed set.  The text is the administrator's or Exim's and may quote a
 * stranger; the word says what it looks like, it decides nothing.
 */
#include "scan.h"

/* Words are tried only where the text has one that begins with the same two letters.  Letters count by their last five
 * bits, so case makes no difference. */
#define PAIR(a, b) (((a) & 31) << 5 | ((b) & 31))

#define IS_CLASS 1024

typedef struct _Reason
{
  Slice text;      /* lower case; a "!" behind it: ends a word as well */
  guint16 pair;    /* IS_CLASS: the text is the class of those that follow */
} Reason;

#define CLASS(name) { TEXT(name), IS_CLASS }
#define WORD(text) { TEXT(text), PAIR((text)[0], (text)[1]) }

/* the first that fits: what is specific stands in front */
static const Reason reasons[] =
{
  CLASS("loop"), WORD("\"received\" headers"), WORD("mail loop"),
  CLASS("rate"), WORD("too many unrecognized"), WORD("too many nonmail"), WORD("too many syntax"),
    WORD("too many connections"), WORD("exceeded the max emails"), WORD("exceeded the max defers"),
    WORD("exceeded sending limit"), WORD("exceeded its limit"),
  CLASS("relay-denied"), WORD("relay not permitted"), WORD("relaying"), WORD("relay access denied"),
    WORD("not permitted to relay"), WORD("relay denied"), WORD("unable to relay"),
  CLASS("sender-verify"), WORD("sender verif"), WORD("verify sender"), WORD("sender address verification"),
    WORD("verifying sender"), WORD("domain of sender"), WORD("no valid sender address"),
  CLASS("greylisting"), WORD("greylist"), WORD("graylist"), WORD("grey-list"),
  CLASS("spf"), WORD("spf!"),
  CLASS("dnsbl"), WORD("black list at"), WORD("blacklist at"), WORD("blacklisted in"), WORD("listed in"),
    WORD("listed at"), WORD("listed on"), WORD("listed by"), WORD("dnsbl"), WORD("blocklist"), WORD("blacklisted by"),
    WORD("spamhaus"), WORD("spamcop"), WORD("rbl!"), WORD("in rbl"),
  CLASS("virus"), WORD("virus"), WORD("malware"), WORD("trojan"),
  CLASS("spam"), WORD("spam"),
  CLASS("syntax"), WORD("in any header line"), WORD("lines too long"), WORD("restricted characters"),
    WORD("unqualified"), WORD("malformed"), WORD("syntactic"),
  CLASS("unknown-recipient"), WORD("unrouteable"), WORD("unroutable"), WORD("unknown user"), WORD("user unknown"),
    WORD("no such"), WORD("unknown recipient"), WORD("unknown local"), WORD("recipient unknown"),
    WORD("mailbox unavailable"), WORD("mailbox not found"), WORD("does not exist"), WORD("recipient verif"),
    WORD("invalid recipient"), WORD("unknown address"), WORD("address verification failed"), WORD("unknown domain"),
    WORD("no mailbox"), WORD("not present in"), WORD("doesn't have a"), WORD("mailbox disabled"),
    WORD("account disabled"), WORD("all relevant mx records"), WORD("host lookup did not complete"),
    WORD("not found"),
  CLASS("rdns"), WORD("reverse dns"), WORD("rdns!"), WORD("reverse lookup"), WORD("ptr record"), WORD("no reverse"),
    WORD("reverse host"), WORD("host name lookup"), WORD("host lookup"), WORD("ip's ptr"),
  CLASS("helo"), WORD("helo!"), WORD("ehlo!"),
  CLASS("rate"), WORD("ratelimit"), WORD("rate limit"), WORD("too many"), WORD("rate exceeded"), WORD("sending too"),
    WORD("throttl"), WORD("slow down"), WORD("reserve list"),
  CLASS("size"), WORD("too big"), WORD("too large"), WORD("size limit"), WORD("line length"), WORD("quota"),
    WORD("mailbox is full"), WORD("mailbox full"), WORD("exceeds"), WORD("characters): message abandoned"),
  CLASS("tls"), WORD("starttls"), WORD("tls!"), WORD("encryption"), WORD("encrypted"),
  CLASS("auth"), WORD("authentication"), WORD("not authenticated"), WORD("auth required"), WORD("auth is required"),
  CLASS("syntax"), WORD("syntax"), WORD("synchronization"), WORD("unrecognized"), WORD("protocol"),
  CLASS("content"), WORD("attachment"), WORD("extension"), WORD("mime!"), WORD("content"), WORD("header!"),
    WORD("headers!"), WORD("body!"), WORD("subject!"), WORD("no recipients"),
  CLASS("policy"), WORD("blacklist"), WORD("black list"), WORD("policy"), WORD("denied"), WORD("blocked"),
    WORD("banned"), WORD("not allowed"), WORD("not accepted"), WORD("not permitted"), WORD("administrative"),
    WORD("refused"), WORD("ip options"), WORD("batv"), WORD("dmarc"), WORD("host_reject_connection"),
    WORD("tcp wrappers"),
};

static const Reason filter_reasons[] =
{
  CLASS("dnsbl"), WORD("rbl"),
  CLASS("helo"), WORD("rdns_helo"),
  CLASS("rdns"), WORD("rdns"), WORD("rdns_missing"), WORD("rdns_reject"), WORD("rdns_reject_strict"),
  CLASS("spf"), WORD("spf"),
  CLASS("spam"), WORD("as"),
  CLASS("virus"), WORD("av"),
  CLASS("unknown-recipient"), WORD("address_verification"), WORD("rcpt_verify"),
  CLASS("greylisting"), WORD("greylist"),
  CLASS("size"), WORD("size"),
  CLASS("content"), WORD("ext"), WORD("mime"), WORD("expression"), WORD("unscannable"), WORD("dlp"), WORD("sandbox"),
  CLASS("policy"), WORD("blacklist"), WORD("batv"), WORD("sender_blacklist"), WORD("host_blacklist"),
};

#define TEXT_MAX 256

/* the pairs with which words of a text begin; IS_CLASS is none of them */
typedef struct _Pairs
{
  guint64 bits[IS_CLASS / 64 + 1];
} Pairs;

static void
_collect_pairs(Pairs *self, Slice text)
{
  gboolean inside = FALSE;

  memset(self, 0, sizeof(*self));
  for (gsize i = 0; i + 1 < text.len; i++)
    {
      gboolean letter = g_ascii_isalnum(text.str[i]);
      guint pair = PAIR((guchar) text.str[i], (guchar) text.str[i + 1]);

      if (!letter || !inside)
        self->bits[pair / 64] |= G_GUINT64_CONSTANT(1) << pair % 64;
      inside = letter;
    }
}

static inline gboolean
_has_pair(const Pairs *self, guint pair)
{
  return self->bits[pair / 64] >> pair % 64 & 1;
}

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
    if (_lower(a[i]) != _lower(b[i]))
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

/* begins a word of the text, without regard to case; a "!" behind it: ends one as well */
static gssize
_find_word(Slice text, Slice word)
{
  gboolean whole = word.str[word.len - 1] == '!';
  gssize found;

  word.len -= whole;
  for (gsize i = 0; (found = _find_begin(slice_skip(text, i), word)) >= 0; i++)
    {
      i += (gsize) found;
      if (i + word.len <= text.len && _same_letters(text.str + i, word.str, word.len)
          && (!i || !_is_letter(text, i - 1) || !g_ascii_isalnum(word.str[0]))
          && (!whole || !_is_letter(text, i + word.len)))
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
  while (reason->pair != IS_CLASS)
    reason--;
  return reason->text;
}

static Slice
_class_of_text(Slice text)
{
  Pairs pairs;

  _collect_pairs(&pairs, text);
  for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
    if (_has_pair(&pairs, reasons[i].pair) && _find_word(text, reasons[i].text) >= 0)
      return _class_of(&reasons[i]);
  return SLICE_NONE;
}

static Slice
_class_of_filter(Slice filter)
{
  Slice class = SLICE_NONE;

  for (guint i = 0; i < G_N_ELEMENTS(filter_reasons); i++)
    if (filter_reasons[i].pair == IS_CLASS)
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

static gboolean
_is_domain(Slice word)
{
  for (gsize i = 0; i < word.len; i++)
    if (!g_ascii_isalnum(word.str[i]) && !strchr(".-_", word.str[i] ? word.str[i] : '?'))
      return FALSE;
  return slice_find_char(word, '.') > 0;
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
      Slice rest = at < 0 ? SLICE("") : slice_skip(text, (gsize) at + before[i].len);
      gsize len = 0;

      while (len < rest.len && !strchr(" ,;:=()<>\\", rest.str[len] ? rest.str[len] : ' '))
        len++;
      while (len && rest.str[len - 1] == '.')
        len--;
      if (_is_domain(slice_head(rest, len)))
        return slice_head(rest, len);
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
  if (slice_equals(class, SLICE("dnsbl")) && !line_get(line, F_REFUSAL_REASON_DETAIL).str && _dns_list(text).len)
    scan_add(self, F_REFUSAL_REASON_DETAIL, _dns_list(text), FALSE);
}
