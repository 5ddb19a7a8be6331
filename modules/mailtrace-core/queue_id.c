/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* base 62 there and back; knows no line and no time: whether a decoded second is plausible is the caller's question */
#include "mailtrace/queue_id.h"
#include "alnum.h"

static const gchar digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* value of each digit and one more; 0: no digit */
static const guint8 values[256] =
{
#define FIVE(c, value) \
  [c] = value + 1, [c + 1] = value + 2, [c + 2] = value + 3, [c + 3] = value + 4, [c + 4] = value + 5
#define SIX(c, value) FIVE(c, value), [c + 5] = value + 6
#define TEN(c, value) FIVE(c, value), FIVE(c + 5, value + 5)
  TEN('0', 0), TEN('A', 10), TEN('K', 20), SIX('U', 30), TEN('a', 36), TEN('k', 46), SIX('u', 56),
#undef FIVE
#undef SIX
#undef TEN
};

static inline gboolean
_is_digit(gchar c)
{
  return values[(guchar) c] != 0;
}

static gboolean
_has_form(Slice text, gsize second_dash, gsize len)
{
  if (text.len < len || text.str[6] != '-' || text.str[second_dash] != '-')
    return FALSE;
  if (text.len > len && (text.str[len] == '-' || _is_digit(text.str[len])))
    return FALSE;
  gsize last = len - 16;
  guint first_dashes = 1u << 6 | (second_dash < 16 ? 1u << second_dash : 0);
  guint last_dashes = 1u << (second_dash - last) | (last <= 6 ? 1u << (6 - last) : 0);
  return alnum_of_16(text.str) == (0xffffu & ~first_dashes)
         && (!last || alnum_of_16(text.str + last) == (0xffffu & ~last_dashes));
}

gsize
queue_id_length(Slice text)
{
  if (text.len < QUEUE_ID_OLD_LEN || text.str[6] != '-')
    return 0;
  if (_has_form(text, 13, QUEUE_ID_OLD_LEN))
    return QUEUE_ID_OLD_LEN;
  return _has_form(text, 18, QUEUE_ID_NEW_LEN) ? QUEUE_ID_NEW_LEN : 0;
}

static inline guint64
_number(const gchar *at, gsize n)
{
  guint64 number = 0;

  for (gsize i = 0; i < n; i++)
    number = number * 62 + values[(guchar) at[i]] - 1;
  return number;
}

gboolean
queue_id_decode(Slice id, QueueId *out)
{
  gsize len = queue_id_length(id);

  if (!len || len != id.len)
    return FALSE;
  out->sec = (gint64) _number(id.str, 6);
  out->pid = len == QUEUE_ID_OLD_LEN ? _number(id.str + 7, 6) : _number(id.str + 7, 11);
  out->fraction = (guint32) (len == QUEUE_ID_OLD_LEN ? _number(id.str + 14, 2) : _number(id.str + 19, 4));
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
