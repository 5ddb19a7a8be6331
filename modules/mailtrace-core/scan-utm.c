/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DKIM lines, the RefID of ctasd, and the key="value" events of the Sophos UTM */
#include "mailtrace/queue_id.h"
#include "scan.h"

/* [queue-id SP], the line's own once more: up to 4.97 */
gboolean
scan_repeated_id(Scan *self, const LineStep *step)
{
  gsize len = queue_id_length(self->rest);

  self->rest = slice_skip(self->rest, len);
  return !len || scan_take(self, " ");
}

gboolean
scan_parent(Scan *self, const LineStep *step)
{
  Slice word = scan_quoted_word(self->rest);

  if (word.len != 16 && word.len != 23)
    return FALSE;
  self->line->parent = word;
  self->rest = slice_skip(self->rest, word.len);
  return TRUE;
}

static Slice
_dkim_result(Slice detail)
{
  if (slice_starts_with(detail, SLICE("verification succeeded")) || slice_starts_with(detail, SLICE("pass")))
    return SLICE("pass");
  if (slice_starts_with(detail, SLICE("verification failed")) || slice_starts_with(detail, SLICE("fail")))
    return SLICE("fail");
  if (slice_starts_with(detail, SLICE("invalid")))
    return SLICE("invalid");
  return SLICE("none");
}

static FieldId
_dkim_tag(gchar tag)
{
  switch (tag)
    {
    case 'd':
      return F_DKIM_DOMAIN;
    case 's':
      return F_DKIM_SELECTOR;
    case 'c':
      return F_DKIM_CANONICALIZATION;
    case 'a':
      return F_DKIM_ALGORITHM;
    case 'b':
      return F_DKIM_BITS;
    case 'i':
      return F_DKIM_IDENTITY;
    case 't':
      return F_DKIM_SIGNED;
    case 'x':
      return F_DKIM_EXPIRES;
    case 'l':
      return F_DKIM_LENGTH;
    default:
      return NO_FIELD;
    }
}

#define DKIM_TAGS_MAX 16

static Slice
_plain_word(Slice text)
{
  gssize blank = slice_find_char(text, ' ');

  return blank < 0 ? text : slice_head(text, (gsize) blank);
}

/*
 * dkim = 1*( tag "=" value SP ) *( word SP ) "[" verdict "]"; without c= it is a remark, not a verdict on a signature
 * The tags are the signer's text: it may hold blanks, quotes and a verdict as well.  The last bracket is Exim's.
 */
gboolean
scan_dkim(Scan *self, const LineStep *step)
{
  gssize bracket = slice_find_last_char(self->rest, '[');

  if (bracket < 1 || self->rest.str[bracket - 1] != ' ' || !slice_ends_with(self->rest, SLICE("]")))
    return FALSE;
  Slice tags = slice_head(self->rest, (gsize) bracket);
  Slice detail = slice_new(self->rest.str + bracket + 1, self->rest.len - (gsize) bracket - 2);
  for (guint n = 0; n < DKIM_TAGS_MAX && tags.len > 2 && tags.str[1] == '='; n++)
    {
      Slice value = _plain_word(slice_skip(tags, 2));

      if (!slice_equals(value, SLICE("<UNSET>")))
        scan_add(self, _dkim_tag(tags.str[0]), value, FALSE);
      tags = slice_skip(tags, 3 + value.len);
    }
  if (!line_get(self->line, F_DKIM_CANONICALIZATION).str)
    return FALSE;
  gssize reason = slice_find(detail, SLICE(" - "));
  scan_add(self, F_DKIM_SIGNATURE_RESULT, _dkim_result(detail), FALSE);
  scan_add(self, F_DKIM_DETAIL, detail, FALSE);
  if (reason > 0)
    scan_add(self, F_DKIM_REASON, slice_skip(detail, (gsize) reason + 3), FALSE);
  self->rest = SLICE("");
  return TRUE;
}
