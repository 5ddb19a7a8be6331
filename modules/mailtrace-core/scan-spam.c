/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what spam engines say in a log: ctasd's RefID, SA-Exim, texts of access control lists */
#include "scan.h"

#define MADE_MAX 16   /* bytes of one of the texts */

/* adds a text that is made, not sliced; it lives as long as the line.  So many bytes may be read in any case. */
static inline void
_add_made(Line *line, FieldId field, const gchar text[MADE_MAX], gsize len)
{
  gchar *made = line->made + line->made_len;

  if (line->made_len + len > LINE_MADE_MAX - MADE_MAX)
    return;
  memcpy(made, text, MADE_MAX);
  line->made_len += (guint32) len;
  scan_put(line, field, slice_new(made, len), FALSE);
}

static void
_add_seconds(Scan *self, guint32 seconds)
{
  gchar digits[10 + MADE_MAX];
  gsize first = 10;

  do
    digits[--first] = (gchar) ('0' + seconds % 10);
  while ((seconds /= 10));
  _add_made(self->line, F_SPAM_CLASSIFIED, digits + first, 10 - first);
}

static inline gchar *
_octet(gchar *at, guint number)
{
  if (number >= 100)
    *at++ = (gchar) ('0' + number / 100);
  if (number >= 10)
    *at++ = (gchar) ('0' + number / 10 % 10);
  *at++ = (gchar) ('0' + number % 10);
  return at;
}

static void
_add_classifier(Scan *self, guint32 address)
{
  gchar text[MADE_MAX], *at = text;

  for (gint bits = 24; bits >= 0; bits -= 8)
    {
      at = _octet(at, address >> bits & 255);
      *at++ = '.';
    }
  _add_made(self->line, F_SPAM_CLASSIFIER, text, (gsize) (at - text) - 1);
}

/* value of each hex digit and one more; 0: none */
static const guint8 hex_digits[256] =
{
  ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
  ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
  ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

static gboolean
_hex(Slice text, guint32 *number)
{
  guint value = 0, all = 0;

  if (text.len != 8)
    return FALSE;
  for (gsize i = 0; i < 8; i++)
    {
      guint digit = hex_digits[(guchar) text.str[i]] - 1u;
      value = value << 4 | digit;
      all |= digit;
    }
  *number = value;
  return all < 16;
}

/* str = 4HEXDIG "." address "." time "." sequence: eight hex digits each, IPv4 and seconds since 1970 */
static void
_add_reference(Scan *self, Slice text)
{
  guint32 address, time;

  slice_take_part(&text, '.');
  if (_hex(slice_take_part(&text, '.'), &address))
    _add_classifier(self, address);
  if (_hex(slice_take_part(&text, '.'), &time))
    _add_seconds(self, time);
}

static FieldId
_refid_field(Slice key)
{
  switch (key.str[0])
    {
    case 'c':
      return slice_equals(key, SLICE("cl")) ? F_SPAM_CLASS : NO_FIELD;
    case 'f':
      return slice_equals(key, SLICE("fgs")) ? F_SPAM_FLAGS : NO_FIELD;
    case 'p':
      return slice_equals(key, SLICE("pt")) ? F_SPAM_PATTERN : NO_FIELD;
    case 'r':
      return slice_equals(key, SLICE("re")) ? F_SPAM_SCORE : slice_equals(key, SLICE("recu")) ? F_SPAM_RULE_SCORE
             : slice_equals(key, SLICE("reip")) ? F_SPAM_IP_SCORE : NO_FIELD;
    case 's':
      return slice_equals(key, SLICE("ss")) ? F_SPAM_SIGNATURE_CLASS : NO_FIELD;
    case 'v':
      return slice_equals(key, SLICE("vtr")) ? F_SPAM_VIRUS_SOURCE
             : slice_equals(key, SLICE("vl")) ? F_SPAM_VIRUS_LEVEL : NO_FIELD;
    default:
      return NO_FIELD;
    }
}

static inline void
_add_part(Scan *self, Slice part)
{
  gsize equals = 2;

  while (equals < part.len && equals < 5 && part.str[equals] != '=')
    equals++;
  if (equals == 5 || equals >= part.len)
    return;
  Slice key = slice_new(part.str, equals), value = slice_new(part.str + equals + 1, part.len - equals - 1);
  if (slice_equals(key, SLICE("str")))
    _add_reference(self, value);
  else
    scan_put(self->line, _refid_field(key), value, FALSE);
}

#define REFID_PARTS_MAX 16

/* refid = part *( "," part ); part = key ["=" value]; the bare key sh tells that the answer came from a cache */
gboolean
scan_refid(Scan *self, const LineStep *step)
{
  Slice rest = self->rest;
  gboolean cached = FALSE;

  scan_add(self, F_SPAM_REFID, rest, FALSE);
  for (guint n = 0; rest.len && n < REFID_PARTS_MAX; n++)
    {
      Slice part = slice_take_part(&rest, ',');

      _add_part(self, part);
      cached |= slice_equals(part, SLICE("sh"));
    }
  scan_add(self, F_SPAM_CACHED, cached ? SLICE("true") : SLICE("false"), FALSE);
  self->rest = SLICE("");
  return TRUE;
}

/* why the spam engine gave no verdict */
gboolean
scan_spam_failure(Scan *self, const LineStep *step)
{
  gboolean timeout = slice_find(self->rest, SLICE("timed out")) >= 0;

  scan_add(self, F_SPAM_SKIPPED, timeout ? SLICE("timeout") : SLICE("engine-error"), FALSE);
  scan_add(self, F_SPAM_SKIPPED_DETAIL, self->rest, TRUE);
  scan_add(self, F_WARNINGS, self->rest, TRUE);
  self->rest = SLICE("");
  return TRUE;
}

/* number = ["-"] 1*DIGIT ["." 1*DIGIT] */
static Slice
_number(Slice at)
{
  gsize len = at.len && at.str[0] == '-';
  gint64 ignored;

  while (len < at.len && (g_ascii_isdigit(at.str[len]) || at.str[len] == '.'))
    len++;
  if (len && at.str[len - 1] == '.')
    len--;
  return slice_to_decimal(slice_head(at, len), &ignored) ? slice_head(at, len) : SLICE_NONE;
}

static void
_add_number(Scan *self, FieldId field, Slice at)
{
  Slice number = _number(at);

  if (number.len)
    scan_add(self, field, number, FALSE);
}

static void
_add_spamassassin(Scan *self, gboolean spam)
{
  scan_add(self, F_SPAM_ENGINE, SLICE("spamassassin"), FALSE);
  scan_add(self, F_SPAM_VERDICT, spam ? SLICE("spam") : SLICE("not spam"), FALSE);
}

/* action = words ": score=" number " required=" number ...; the words are SA-Exim's own */
static void
_sa_action(Scan *self, Slice text)
{
  gssize colon = slice_find_char(text, ':');
  Slice action = colon < 0 ? text : slice_head(text, (gsize) colon);
  Slice score = colon < 0 ? SLICE("") : slice_skip(text, (gsize) colon + 2);

  if (slice_starts_with(action, SLICE("check skipped")) || slice_starts_with(action, SLICE("Not running")))
    {
      scan_add(self, F_SPAM_SKIPPED, SLICE("exception"), FALSE);
      scan_add(self, F_SPAM_SKIPPED_DETAIL, text, TRUE);
      return;
    }
  _add_spamassassin(self, slice_find(action, SLICE("isn't spam")) < 0);
  if (slice_starts_with(score, SLICE("score=")) || slice_starts_with(score, SLICE("hits=")))
    {
      gsize key = score.str[0] == 's' ? 6 : 5;
      gssize required = slice_find(slice_head(score, 48), SLICE(" required="));

      _add_number(self, F_SPAM_SCORE, slice_skip(score, key));
      if (required > 0)
        _add_number(self, F_SPAM_REQUIRED, slice_skip(score, (gsize) required + strlen(" required=")));
    }
}

/* sa-exim = "SA: " ("Action: " action / other remark) */
gboolean
scan_sa_exim(Scan *self, const LineStep *step)
{
  if (slice_starts_with(self->rest, SLICE("Action: ")))
    _sa_action(self, slice_skip(self->rest, strlen("Action: ")));
  else if (slice_starts_with(self->rest, SLICE("PANIC: ")))
    scan_add(self, F_SPAM_SKIPPED, SLICE("engine-error"), FALSE);
  scan_add(self, F_WARNINGS, self->rest, TRUE);
  self->rest = SLICE("");
  return TRUE;
}

/* DQUOTE "SpamAssassin as " user " detected message as " ["NOT "] "spam (" score ")" DQUOTE; the user is a local account */
static gboolean
_spamassassin_as(Scan *self, Slice text)
{
  gssize at;

  if (slice_starts_with(text, SLICE("\"")))
    text = slice_skip(text, 1);
  if (!slice_starts_with(text, SLICE("SpamAssassin as "))
      || (at = slice_find(slice_head(text, 300), SLICE(" detected message as "))) < 0)
    return FALSE;
  text = slice_skip(text, (gsize) at + strlen(" detected message as "));
  gboolean ham = slice_starts_with(text, SLICE("NOT "));
  text = slice_skip(text, ham ? 4 : 0);
  if (!slice_starts_with(text, SLICE("spam (")))
    return FALSE;
  _add_spamassassin(self, !ham);
  _add_number(self, F_SPAM_SCORE, slice_skip(text, strlen("spam (")));
  return TRUE;
}

/* domain " profile excludes " what; what is an antispam check, not the greylisting in front of it */
static gboolean
_excluded(Scan *self, Slice text)
{
  static const Slice words = TEXT(" profile excludes ");
  gssize at = slice_find_char(text, ' ');

  if (at < 1 || (gsize) at + words.len > 300 || !slice_starts_with(slice_skip(text, (gsize) at), words))
    return FALSE;
  Slice what = slice_head(slice_skip(text, (gsize) at + words.len), 40);
  for (gssize next; (next = slice_find_either(what, 's', 'S')) >= 0; what = slice_skip(what, (gsize) next + 1))
    if ((gsize) next + 4 <= what.len && (what.str[next + 1] | 0x20) == 'p'
        && g_ascii_strncasecmp(what.str + next, "spam", 4) == 0)
      {
        scan_add(self, F_SPAM_SKIPPED, SLICE("exception"), FALSE);
        scan_add(self, F_SPAM_SKIPPED_DETAIL, text, TRUE);
        return TRUE;
      }
  return FALSE;
}

/* ["This message" / "Message"] " scored " number " spam points", the text of Exim's manual and of many configurations */
static gboolean
_scored(Scan *self, Slice text)
{
  gsize skip = slice_starts_with(text, SLICE("This message scored ")) ? strlen("This message scored ")
               : slice_starts_with(text, SLICE("Message scored ")) ? strlen("Message scored ") : 0;

  if (!skip || !_number(slice_skip(text, skip)).len)
    return FALSE;
  scan_add(self, F_SPAM_ENGINE, SLICE("spamd"), FALSE);
  scan_add(self, F_SPAM_VERDICT, SLICE("spam"), FALSE);
  _add_number(self, F_SPAM_SCORE, slice_skip(text, skip));
  return TRUE;
}

/* what a warning or reason of an access control list says about spam; its first words are the administrator's */
gboolean
scan_spam_text(Scan *self, Slice text)
{
  return _spamassassin_as(self, text) || _excluded(self, text) || _scored(self, text);
}
