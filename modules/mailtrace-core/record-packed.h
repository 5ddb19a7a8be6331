/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A value is packed as: field id (1 byte), size (7 bits a byte, the lowest first, the highest bit says that more
 * follow), data.  Size is twice the length of the data; or twice the number of a word, plus one, and no data follow.
 * Numbers have their sign in the lowest bit and no more bytes than they need.
 * For the sources of records only.
 */
#ifndef MAILTRACE_RECORD_PACKED_H_INCLUDED
#define MAILTRACE_RECORD_PACKED_H_INCLUDED

#include "mailtrace/record.h"
#include "words.h"

#define HEAD_BYTES_MAX 6
#define NUMBER_BYTES_MAX 8

static inline gboolean
packed_is_text(FieldId id)
{
  return field_get(id)->flags & FIELD_TEXT;
}

static inline guint64
packed_bit(FieldId id)
{
  return G_GUINT64_CONSTANT(1) << id % 64;
}

/* there is such a value now */
static inline void
packed_note(Record *self, FieldId id)
{
  self->has[id / 64] |= packed_bit(id);
}

static inline guint8 *
packed_put_head(guint8 *at, FieldId id, gsize size)
{
  *at++ = (guint8) id;
  for (; size > 127; size >>= 7)
    *at++ = (guint8) (size | 128);
  *at++ = (guint8) size;
  return at;
}

/* *head: bytes in front of the data */
static inline guint32
packed_size(const Record *self, guint32 at, guint32 *head)
{
  const guint8 *byte = self->values + at + 1;
  guint32 size = *byte & 127;

  for (guint shift = 7; *byte & 128; shift += 7)
    size |= (guint32) (*++byte & 127) << shift;
  *head = (guint32) (byte + 1 - (self->values + at));
  return size;
}

/* the data of the value that begins at that byte */
static inline Slice
packed_data(const Record *self, guint32 at)
{
  guint32 head, size = packed_size(self, at, &head);

  return size & 1 ? words[size / 2] : slice_new((const gchar *) self->values + at + head, size / 2);
}

static inline guint32
packed_next(const Record *self, guint32 at)
{
  guint32 head, size = self->values[at + 1];

  if (G_LIKELY(size < 128))
    return at + 2 + (size & 1 ? 0 : size / 2);
  size = packed_size(self, at, &head);
  return at + head + (size & 1 ? 0 : size / 2);
}

static inline gsize
packed_put_number(guint8 out[NUMBER_BYTES_MAX], gint64 number)
{
  guint64 rest = ((guint64) number << 1) ^ (number < 0 ? G_MAXUINT64 : 0);
  guint64 bytes = GUINT64_TO_LE(rest);

  memcpy(out, &bytes, sizeof(bytes));
  return rest ? (gsize) (71 - __builtin_clzll(rest)) / 8 : 0;
}

static inline void
packed_copy(guint8 *to, const guint8 *from, gsize n)
{
  if (n > 128)
    memcpy(to, from, n);
  else if (n >= 16)
    {
      for (gsize i = 0; i + 16 < n; i += 16)
        memcpy(to + i, from + i, 16);
      memcpy(to + n - 16, from + n - 16, 16);
    }
  else if (n >= 8)
    memcpy(to, from, 8), memcpy(to + n - 8, from + n - 8, 8);
  else if (n >= 4)
    memcpy(to, from, 4), memcpy(to + n - 4, from + n - 4, 4);
  else if (n)
    to[0] = from[0], to[n / 2] = from[n / 2], to[n - 1] = from[n - 1];
}

/* behind all other values, where there is room for the head, the data, and NUMBER_BYTES_MAX more */
static inline void
packed_append(Record *self, FieldId id, gsize size, gconstpointer data, gsize len)
{
  guint8 *at = packed_put_head(self->values + self->len, id, size);

  packed_copy(at, data, len);
  packed_note(self, id);
  self->len = (guint32) (at + len - self->values);
}

static inline void
packed_append_word(Record *self, FieldId id, guint word)
{
  self->len = (guint32) (packed_put_head(self->values + self->len, id, word * 2 + 1) - self->values);
  packed_note(self, id);
}

static inline void
packed_append_number(Record *self, FieldId id, gint64 number)
{
  guint8 *at = self->values + self->len;
  gsize len = packed_put_number(at + 2, number);

  at[0] = (guint8) id;
  at[1] = (guint8) (len * 2);
  packed_note(self, id);
  self->len += (guint32) (2 + len);
}

static inline gboolean
packed_has_room(const Record *self, gsize len)
{
  return self->len + HEAD_BYTES_MAX + NUMBER_BYTES_MAX + len <= self->size;
}

/* behind the first byte of a size that says that more follow; returns where the data are */
static inline const guint8 *
packed_take_size(const guint8 *at, guint32 *size)
{
  *size &= 127;
  for (guint shift = 7; at[-1] & 128; shift += 7)
    *size |= (guint32) (*at++ & 127) << shift;
  return at;
}

/* reads so many bytes, however short the data */
#define PACKED_READ_MAX 8

static inline gint64
packed_number(Slice data)
{
  static const guint64 masks[NUMBER_BYTES_MAX] = { 0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff,
    0xffffffffffffff };
  guint64 bits = 0;

  memcpy(&bits, data.str, sizeof(bits));
  bits = GUINT64_FROM_LE(bits);
  if (data.len < NUMBER_BYTES_MAX)
    bits &= masks[data.len];
  return (gint64) (bits >> 1) ^ -(gint64) (bits & 1);
}

#endif
