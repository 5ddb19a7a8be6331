/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* base 62 there and back; knows no line and no time: whether a decoded second is plausible is the caller's question */
#include "mailtrace/queue_id.h"

static const gchar digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static inline gint
_digit(gchar c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'A' && c <= 'Z')
    return c - 'A' + 10;
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 36;
  return -1;
}

static gboolean
_all_digits(Slice text, gsize from, gsize to)
{
  for (gsize i = from; i < to; i++)
    if (_digit(text.str[i]) < 0)
      return FALSE;
  return TRUE;
}

static gboolean
_has_form(Slice text, gsize second_dash, gsize len)
{
  if (text.len < len || text.str[6] != '-' || text.str[second_dash] != '-')
    return FALSE;
  if (text.len > len && (text.str[len] == '-' || _digit(text.str[len]) >= 0))
    return FALSE;
  return _all_digits(text, 0, 6) && _all_digits(text, 7, second_dash) && _all_digits(text, second_dash + 1, len);
}

gsize
queue_id_length(Slice text)
{
  if (_has_form(text, 13, QUEUE_ID_OLD_LEN))
    return QUEUE_ID_OLD_LEN;
  return _has_form(text, 18, QUEUE_ID_NEW_LEN) ? QUEUE_ID_NEW_LEN : 0;
}

static guint64
_number(Slice id, gsize from, gsize to)
{
  guint64 number = 0;

  for (gsize i = from; i < to; i++)
    number = number * 62 + (guint64) _digit(id.str[i]);
  return number;
}

gboolean
queue_id_decode(Slice id, QueueId *out)
{
  gsize len = queue_id_length(id);
  gsize dash = len == QUEUE_ID_OLD_LEN ? 13 : 18;

  if (!len || len != id.len)
    return FALSE;
  out->sec = (gint64) _number(id, 0, 6);
  out->pid = _number(id, 7, dash);
  out->fraction = (guint32) _number(id, dash + 1, len);
  return TRUE;
}

static void
_put(gchar *out, guint64 number, gint width)
{
  for (gint i = width - 1; i >= 0; i--, number /= 62)
    out[i] = digits[number % 62];
}

void
queue_id_encode(const QueueId *self, gboolean new_form, gchar out[QUEUE_ID_NEW_LEN + 1])
{
  gint pid_width = new_form ? 11 : 6, fraction_width = new_form ? 4 : 2;

  _put(out, (guint64) self->sec, 6);
  out[6] = '-';
  _put(out + 7, self->pid, pid_width);
  out[7 + pid_width] = '-';
  _put(out + 8 + pid_width, self->fraction, fraction_width);
  out[8 + pid_width + fraction_width] = 0;
}
