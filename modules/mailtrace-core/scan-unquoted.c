/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The address of a delivery whose local part needs quotes.  Exim writes it without them, and behind it the original,
 * which has them.  The local part may imitate all that follows: the address ends where the original one says so.
 */
#include "scan-letters.h"

/* so often a byte may be looked at: time stays linear, and no reply that Exim logs has room for more */
#define LOOKS_MAX 256

/* behind a local part, all of whose bytes may have a backslash in front */
#define DOMAIN_MAX 256

static inline gchar
_lower(gchar c)
{
  return g_ascii_isupper(c) ? (gchar) (c | 0x20) : c;
}

/* the next byte without quotes and backslashes, -1: there is none */
static gint
_next_plain(Slice *quoted)
{
  gchar c = '"';

  while (quoted->len && c == '"')
    {
      c = quoted->str[0];
      *quoted = slice_skip(*quoted, 1);
      if (c != '\\' || !quoted->len)
        continue;
      c = quoted->str[0];
      *quoted = slice_skip(*quoted, 1);
      return (guchar) c;
    }
  return c == '"' ? -1 : (guchar) c;
}

/* how many bytes of the text the quoted local part says */
static gsize
_same_length(Slice text, Slice quoted)
{
  for (gsize len = 0; len < text.len; len++)
    {
      gint c = _next_plain(&quoted);
      if (c < 0 || _lower(text.str[len]) != _lower((gchar) c))
        return len;
    }
  return text.len;
}

/* a ">" without quotes and backslashes in front of it */
static inline gboolean
_is_plain(Slice inner)
{
  gssize end = slice_find_char(inner, '>');

  return end >= 0 && slice_find_either(slice_new(inner.str, (gsize) end), '"', '\\') < 0;
}

/* index of the ">" behind "<", outside quotes; -1: there is none, or no quotes and no backslash are in front of it */
static gssize
_original_end(Slice inner)
{
  if (_is_plain(inner))
    return -1;
  gboolean quoted = FALSE, needed = FALSE;

  for (gsize i = 0; i < inner.len; i++)
    switch (inner.str[i])
      {
      case '"':
        quoted = !quoted;
        needed = TRUE;
        break;
      case '\\':
        needed = TRUE;
        i++;
        break;
      case '>':
        if (!quoted)
          return needed ? (gssize) i : -1;
        break;
      default:
        break;
      }
  return -1;
}

static gboolean
_same_domain(Slice rest, Slice domain)
{
  return rest.len > domain.len && rest.str[0] == '@' && !g_ascii_strncasecmp(rest.str + 1, domain.str, domain.len);
}

/* *same: the text is the address without quotes, perhaps without a suffix of the local part, or the local part alone;
 * *parents: what follows it in brackets */
static gboolean
_is_original_of(Slice text, Slice original, gsize *same)
{
  gssize at = slice_find_last_char(original, '@');

  if (at < 1)
    return FALSE;
  Slice domain = slice_skip(original, (gsize) at + 1);
  *same = _same_length(text, slice_head(original, (gsize) at));
  Slice rest = slice_skip(text, *same);
  if (*same && _same_domain(rest, domain))
    {
      *same += 1 + domain.len;
      rest = slice_skip(rest, 1 + domain.len);
    }
  return *same && (!rest.len || (slice_starts_with(rest, SLICE(" (")) && slice_ends_with(rest, SLICE(")"))));
}

/* words of a next hop may stand in the address, if there was one.  Not those of a reply to a delivery: it stands in
 * quotes, and behind a place in there they come not in pairs. */
static gboolean
_is_unsure(Slice address, gboolean delivered)
{
  return slice_find(address, SLICE(" T=")) >= 0
         && (slice_find(address, SLICE(" DN=\"")) >= 0
             || (!delivered && (slice_find(address, SLICE(": ")) >= 0 || slice_find(address, SLICE(" defer (")) >= 0)));
}

static void
_keep(UnquotedAddress *out, Slice text, gsize same, gsize from, gsize end)
{
  Slice behind = slice_skip(slice_head(text, from), same);

  out->final = slice_head(text, same);
  out->parents = behind.len ? slice_new(behind.str + 2, behind.len - 3) : SLICE_NONE;
  out->original = slice_new(text.str + from + 2, end);
  out->len = from + 2 + end + 1;
}

/* the original address begins as the text does */
static gboolean
_may_be_original(Slice inner, Slice text)
{
  gint first = _next_plain(&inner);

  return first >= 0 && _lower((gchar) first) == _lower(scan_next(text));
}

UnquotedReading
scan_unquoted_address(Slice text, gboolean delivered, UnquotedAddress *out)
{
  UnquotedReading reading = UNQUOTED_NONE;
  gsize looks = LOOKS_MAX * text.len, same;
  gssize found;

  for (gsize from = 0; (found = slice_find_rare(slice_skip(text, from), ' ', '<')) >= 0; from++)
    {
      from += (gsize) found;
      Slice inner = slice_head(slice_skip(text, from + 2), 2 * from + DOMAIN_MAX);
      if (!_may_be_original(inner, text))
        continue;
      gssize end = _original_end(inner);
      gsize cost = end < 0 ? inner.len : from + (gsize) end;
      if (cost >= looks)
        return UNQUOTED_UNSURE;
      looks -= cost;
      if (end < 0 || !_is_original_of(slice_head(text, from), slice_head(inner, (gsize) end), &same)
          || (delivered && !scan_quotes_are_paired(slice_skip(text, from + (gsize) end + 3))))
        continue;
      _keep(out, text, same, from, (gsize) end);
      reading = _is_unsure(out->final, delivered) ? UNQUOTED_UNSURE : UNQUOTED_FOUND;
    }
  return reading;
}
