/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a line says: its role's name, its fields, their values as meant */
#include "mailtrace/line.h"

const gchar *
line_role_name(LineRole role)
{
  static const gchar *names[LINE_ROLE_COUNT] = { "unknown", "not-ours", "connect", "disconnect", "envelope", "refusal",
    "arrival", "note", "handover", "verdict", "delivery", "deferral", "failure", "completion", "restart", "remark", "continuation", "service" };
  return names[role];
}

Slice
line_get(const Line *self, FieldId id)
{
  for (guint i = line_may_have(self, id) ? 0 : self->n_fields; i < self->n_fields; i++)
    if (self->fields[i].id == id)
      return self->fields[i].value;
  return SLICE_NONE;
}

static gboolean
_octal(Slice at, gchar *out)
{
  if (at.len < 3 || at.str[0] > '3')
    return FALSE;
  for (guint i = 0; i < 3; i++)
    if (at.str[i] < '0' || at.str[i] > '7')
      return FALSE;
  *out = (gchar) ((at.str[0] - '0') * 64 + (at.str[1] - '0') * 8 + (at.str[2] - '0'));
  return TRUE;
}

/* bytes taken from at, which begins behind a backslash; 0: not an escape */
static gsize
_unescape(Slice at, gchar *out)
{
  static const gchar from[] = "\"\\ntrbfv", to[] = "\"\\\n\t\r\b\f\v";
  const gchar *found;

  if (!at.len)
    return 0;
  if (_octal(at, out))
    return 3;
  found = at.str[0] ? strchr(from, at.str[0]) : NULL;
  if (!found)
    return 0;
  *out = to[found - from];
  return 1;
}

Slice
line_field_decode(const LineField *field, gchar *buf)
{
  Slice value = field->value;
  gsize n = 0;

  if (!field->escaped || slice_find_char(value, '\\') < 0)
    return value;
  for (gsize i = 0; i < value.len; i++)
    {
      gsize taken = value.str[i] == '\\' ? _unescape(slice_skip(value, i + 1), &buf[n]) : 0;

      if (!taken)
        buf[n] = value.str[i];
      i += taken;
      n++;
    }
  return slice_new(buf, n);
}
