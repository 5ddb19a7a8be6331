/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why something was refused, as one word of a closed set.  The text is the administrator's or Exim's and may quote a
 * stranger; the word says what it looks like, it decides nothing.
 */
#include "scan.h"

typedef struct _Reason
{
  const gchar *class, *words;   /* words: lower case, "|" between them */
} Reason;

/* the first that fits: what is specific stands in front */
static const Reason reasons[] =
{
  { "loop", "\"received\" headers|mail loop" },
  { "rate", "too many unrecognized|too many nonmail|too many syntax|too many connections|exceeded the max emails|"
    "exceeded the max defers|exceeded sending limit|exceeded its limit" },
  { "relay-denied", "relay not permitted|relaying|relay access denied|not permitted to relay|relay denied|unable to relay" },
  { "sender-verify", "sender verif|verify sender|sender address verification|verifying sender|domain of sender|"
    "no valid sender address" },
  { "greylisting", "greylist|graylist|grey-list" },
  { "spf", "spf!" },
  { "dnsbl", "black list at|blacklist at|blacklisted in|listed in|listed at|listed on|listed by|dnsbl|blocklist|"
    "blacklisted by|spamhaus|spamcop|rbl!|in rbl" },
  { "virus", "virus|malware|trojan" },
  { "spam", "spam" },
  { "syntax", "in any header line|lines too long|restricted characters|unqualified|malformed|syntactic" },
  { "unknown-recipient", "unrouteable|unroutable|unknown user|user unknown|no such|unknown recipient|unknown local|"
    "recipient unknown|mailbox unavailable|mailbox not found|does not exist|recipient verif|invalid recipient|unknown address|"
    "address verification failed|unknown domain|no mailbox|not present in|doesn't have a|mailbox disabled|account disabled|"
    "all relevant mx records|host lookup did not complete|not found" },
  { "rdns", "reverse dns|rdns!|reverse lookup|ptr record|no reverse|reverse host|host name lookup|host lookup|ip's ptr" },
  { "helo", "helo!|ehlo!" },
  { "rate", "ratelimit|rate limit|too many|rate exceeded|sending too|throttl|slow down|reserve list" },
  { "size", "too big|too large|size limit|line length|quota|mailbox is full|mailbox full|exceeds|characters): message abandoned" },
  { "tls", "starttls|tls!|encryption|encrypted" },
  { "auth", "authentication|not authenticated|auth required|auth is required" },
  { "syntax", "syntax|synchronization|unrecognized|protocol" },
  { "content", "attachment|extension|mime!|content|header!|headers!|body!|subject!|no recipients" },
  { "policy", "blacklist|black list|policy|denied|blocked|banned|not allowed|not accepted|not permitted|administrative|"
    "refused|ip options|batv|dmarc|host_reject_connection|tcp wrappers" },
};

static const Reason filter_reasons[] =
{
  { "dnsbl", "rbl" }, { "helo", "rdns_helo" }, { "rdns", "rdns|rdns_missing|rdns_reject|rdns_reject_strict" }, { "spf", "spf" }, { "spam", "as" }, { "virus", "av" },
  { "unknown-recipient", "address_verification|rcpt_verify" }, { "greylisting", "greylist" }, { "size", "size" },
  { "content", "ext|mime|expression|unscannable|dlp|sandbox" }, { "policy", "blacklist|batv|sender_blacklist|host_blacklist" },
};

#define TEXT_MAX 256

static gboolean
_is_letter(Slice text, gsize at)
{
  return at < text.len && g_ascii_isalnum(text.str[at]);
}

/* begins a word of the text, without regard to case; a "!" behind it: ends one as well */
static gssize
_find_word(Slice text, Slice word)
{
  gboolean whole = slice_ends_with(word, SLICE("!"));

  word.len -= whole;
  for (gsize i = 0; i + word.len <= text.len; i++)
    if (g_ascii_tolower(text.str[i]) == word.str[0] && g_ascii_strncasecmp(text.str + i, word.str, word.len) == 0
        && (!i || !_is_letter(text, i - 1) || !g_ascii_isalnum(word.str[0]))
        && (!whole || !_is_letter(text, i + word.len)))
      return (gssize) i;
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

  if (text.len)
    memcpy(copy, text.str, text.len);
  for (gsize i = 0; i <= text.len; i++)
    if (i == text.len || copy[i] == ' ' || copy[i] == '<' || copy[i] == '>')
      {
        _blank_word(copy, begin, i);
        begin = i + 1;
      }
  return slice_new(copy, text.len);
}

static gboolean
_fits(const Reason *reason, Slice text, gboolean whole)
{
  Slice rest = slice_from_string(reason->words);

  while (rest.len)
    {
      Slice word = slice_take_part(&rest, '|');

      if (whole ? slice_equals(text, word) : _find_word(text, word) >= 0)
        return TRUE;
    }
  return FALSE;
}

static const gchar *
_class(const Reason *table, guint n, Slice text, gboolean whole)
{
  for (guint i = 0; i < n && text.len; i++)
    if (_fits(&table[i], text, whole))
      return table[i].class;
  return NULL;
}

/* what the stage alone tells, and what no text can change */
static const gchar *
_stage_class(Slice stage)
{
  if (slice_equals(stage, SLICE("auth")))
    return "auth";
  return slice_equals(stage, SLICE("tls")) ? "tls" : NULL;
}

static const gchar *
_otherwise(Slice stage)
{
  return slice_equals(stage, SLICE("protocol")) ? "syntax" : slice_equals(stage, SLICE("helo")) ? "helo" : "other";
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
  static const gchar *const before[] = { " list at ", "listed in ", "listed at ", "listed on ", "listed by ", "blacklisted in ", "blacklist at ",
    "in RBL " };

  for (guint i = 0; i < G_N_ELEMENTS(before); i++)
    {
      gssize at = _find_word(text, slice_from_string(before[i]));
      Slice rest = at < 0 ? SLICE("") : slice_skip(text, (gsize) at + strlen(before[i]));
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
  const gchar *class = _class(filter_reasons, G_N_ELEMENTS(filter_reasons), filter, TRUE);

  if (!class)
    class = _stage_class(stage);
  if (!class)
    class = _class(reasons, G_N_ELEMENTS(reasons), _without_addresses(text, copy), FALSE);
  if (!class)
    class = _otherwise(stage);
  scan_add(self, F_REFUSAL_REASON, slice_from_string(class), FALSE);
  if (g_str_equal(class, "dnsbl") && !line_get(line, F_REFUSAL_REASON_DETAIL).str && _dns_list(text).len)
    scan_add(self, F_REFUSAL_REASON_DETAIL, _dns_list(text), FALSE);
}
