/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan.h"

void
scan_add(Scan *self, FieldId id, Slice value, gboolean escaped)
{
  Line *line = self->line;

  if (id == NO_FIELD || line->n_fields >= LINE_FIELDS_MAX)
    return;
  if (!value.str)
    value = SLICE("");
  line->fields[line->n_fields++] = (LineField) { id, escaped, value };
}

gboolean
scan_take(Scan *self, const gchar *literal)
{
  Slice wanted = slice_from_string(literal);

  if (!slice_starts_with(self->rest, wanted))
    return FALSE;
  self->rest = slice_skip(self->rest, wanted.len);
  return TRUE;
}

gboolean
scan_literal(Scan *self, const LineStep *step)
{
  return scan_take(self, step->literal);
}

gboolean
scan_optional(Scan *self, const LineStep *step)
{
  scan_take(self, step->literal);
  return TRUE;
}

gboolean
scan_word(Scan *self, const LineStep *step)
{
  gssize blank = slice_find_char(self->rest, ' ');
  Slice word = blank < 0 ? self->rest : slice_head(self->rest, (gsize) blank);

  if (!word.len)
    return FALSE;
  scan_add(self, step->field, word, FALSE);
  self->rest = slice_skip(self->rest, word.len);
  return TRUE;
}

gboolean
scan_until(Scan *self, const LineStep *step)
{
  Slice literal = slice_from_string(step->literal);
  gssize at = slice_find(self->rest, literal);

  if (at < 0)
    return FALSE;
  scan_add(self, step->field, slice_head(self->rest, (gsize) at), FALSE);
  self->rest = slice_skip(self->rest, (gsize) at + literal.len);
  return TRUE;
}

gboolean
scan_until_last(Scan *self, const LineStep *step)
{
  Slice literal = slice_from_string(step->literal);
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
  return slice_starts_with(self->rest, slice_from_string(step->literal)) && scan_rest(self, step);
}

gboolean
scan_one_of(Scan *self, const LineStep *step)
{
  Slice left = slice_from_string(step->literal);

  while (left.len)
    {
      Slice text = slice_take_part(&left, '|');

      if (!slice_starts_with(self->rest, text))
        continue;
      self->rest = slice_skip(self->rest, text.len);
      return TRUE;
    }
  return FALSE;
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
  Slice behind = slice_skip(self->rest, strlen(step->literal));

  return (!behind.len || behind.str[0] == ' ') && scan_tail(self, step);
}

gboolean
scan_constant(Scan *self, const LineStep *step)
{
  scan_add(self, step->field, slice_from_string(step->literal), FALSE);
  return TRUE;
}

static gssize
_find_unquoted(Slice text, Slice literal, gboolean *balanced)
{
  gboolean quoted = FALSE;

  for (gsize i = 0; i + literal.len <= text.len; i++)
    {
      gchar c = text.str[i];

      if (quoted && c == '\\')
        i++;
      else if (!quoted && c == literal.str[0] && slice_starts_with(slice_skip(text, i), literal))
        return (gssize) i;
      else if (c == '"')
        quoted = !quoted;
    }
  *balanced = !quoted;
  return -1;
}

gssize
scan_find_unquoted(Slice text, Slice literal)
{
  gboolean balanced;

  return _find_unquoted(text, literal, &balanced);
}

/* a quote that never ends protects nothing */
Slice
scan_quoted_word(Slice text)
{
  gboolean balanced;
  gssize blank = _find_unquoted(text, SLICE(" "), &balanced);

  if (blank < 0 && !balanced)
    blank = slice_find_char(text, ' ');
  return blank < 0 ? text : slice_head(text, (gsize) blank);
}

/* quotes behind a place outside quotes come in pairs, whatever a HELO in front of it holds */
gboolean
scan_quotes_are_paired(Slice text)
{
  gboolean paired = TRUE;

  for (gsize i = 0; i < text.len; i++)
    {
      if (text.str[i] == '\\')
        i++;
      else if (text.str[i] == '"')
        paired = !paired;
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
  gboolean quoted = FALSE;

  for (gsize i = 0; i < inner.len; i++)
    {
      gchar c = inner.str[i];

      if (quoted && c == '\\')
        i++;
      else if (c == '"')
        quoted = heed_quotes && !quoted;
      else if (c == '>' && !quoted && _may_follow_angle(slice_skip(inner, i + 1), glued))
        return (gssize) i;
    }
  return -1;
}

/* angle = "<" *( quoted-string / char ) ">"; broken addresses may hold a single quote */
static gboolean
_angle(Scan *self, FieldId field, gboolean glued)
{
  Slice inner = slice_skip(self->rest, 1);
  gssize end;

  if (!self->rest.len || self->rest.str[0] != '<')
    return FALSE;
  end = _angle_end(inner, TRUE, glued);
  if (end < 0)
    end = _angle_end(inner, FALSE, glued);
  if (end < 0)
    return FALSE;
  scan_add(self, field, slice_head(inner, (gsize) end), FALSE);
  self->rest = slice_skip(inner, (gsize) end + 1);
  return TRUE;
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

gboolean
scan_bracketed(Slice *at, Slice *ip, Slice *port)
{
  gssize end = slice_find_char(slice_head(*at, 128), ']');
  Slice rest;
  gsize digits = 0;

  if (end < 2 || at->str[0] != '[')
    return FALSE;
  *ip = slice_new(at->str + 1, (gsize) end - 1);
  rest = slice_skip(*at, (gsize) end + 1);
  if (rest.len && rest.str[0] == ':')
    while (digits + 1 < rest.len && digits < 5 && g_ascii_isdigit(rest.str[digits + 1]))
      digits++;
  *port = digits ? slice_new(rest.str + 1, digits) : SLICE("");
  *at = digits ? slice_skip(rest, digits + 1) : rest;
  return TRUE;
}
