/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/slice.h"

gssize
slice_find(Slice self, Slice needle)
{
  const gchar *found;

  if (!needle.len || needle.len > self.len)
    return needle.len ? -1 : 0;
  found = memmem(self.str, self.len, needle.str, needle.len);
  return found ? found - self.str : -1;
}

gboolean
slice_to_int(Slice self, gint64 *value)
{
  guint64 number = 0;

  if (!self.len || self.len > 19)
    return FALSE;
  for (gsize i = 0; i < self.len; i++)
    {
      if (!g_ascii_isdigit(self.str[i]))
        return FALSE;
      number = number * 10 + (guint64) (self.str[i] - '0');
    }
  if (number > G_MAXINT64)
    return FALSE;
  *value = (gint64) number;
  return TRUE;
}

static inline guint64
_mix(guint64 hash, guint64 word)
{
  hash = (hash ^ word) * G_GUINT64_CONSTANT(0x9ddfea08eb382d69);
  return hash ^ (hash >> 29);
}

guint64
slice_hash(Slice self, guint64 seed)
{
  guint64 hash = _mix(seed, self.len + G_GUINT64_CONSTANT(0x51ed270b7a14bd97)), word;
  gsize i = 0;

  for (; i + 8 <= self.len; i += 8)
    {
      memcpy(&word, self.str + i, 8);
      hash = _mix(hash, GUINT64_FROM_LE(word));
    }
  word = 0;
  if (i < self.len)
    {
      memcpy(&word, self.str + i, self.len - i);
      hash = _mix(hash, GUINT64_FROM_LE(word));
    }
  return _mix(hash, hash >> 32);
}
