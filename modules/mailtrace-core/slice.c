/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what does not fit into the header: searching, numbers, hashing of bytes; knows nothing of their meaning */
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

typedef struct _SipState
{
  guint64 v0, v1, v2, v3;
} SipState;

static inline guint64
_rotate(guint64 word, gint bits)
{
  return word << bits | word >> (64 - bits);
}

static inline void
_sip_round(SipState *self)
{
  self->v0 += self->v1;
  self->v2 += self->v3;
  self->v1 = _rotate(self->v1, 13) ^ self->v0;
  self->v3 = _rotate(self->v3, 16) ^ self->v2;
  self->v0 = _rotate(self->v0, 32);
  self->v2 += self->v1;
  self->v0 += self->v3;
  self->v1 = _rotate(self->v1, 17) ^ self->v2;
  self->v3 = _rotate(self->v3, 21) ^ self->v0;
  self->v2 = _rotate(self->v2, 32);
}

static inline void
_sip_word(SipState *self, guint64 word)
{
  self->v3 ^= word;
  _sip_round(self);
  self->v0 ^= word;
}

static inline guint64
_little_endian(const gchar *bytes, gsize len)
{
  guint64 word = 0;

  memcpy(&word, bytes, len);
  return GUINT64_FROM_LE(word);
}

/* no cheaper mix: strangers choose the bytes, and a collision would hide a line or a recipient */
guint64
slice_hash(Slice self, guint64 seed)
{
  SipState state = { seed ^ G_GUINT64_CONSTANT(0x736f6d6570736575), G_GUINT64_CONSTANT(0x646f72616e646f6d),
                     seed ^ G_GUINT64_CONSTANT(0x6c7967656e657261), G_GUINT64_CONSTANT(0x7465646279746573) };
  gsize i = 0;

  for (; i + 8 <= self.len; i += 8)
    _sip_word(&state, _little_endian(self.str + i, 8));
  _sip_word(&state, (guint64) self.len << 56 | (i < self.len ? _little_endian(self.str + i, self.len - i) : 0));
  state.v2 ^= 0xff;
  for (gint n = 0; n < 3; n++)
    _sip_round(&state);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
