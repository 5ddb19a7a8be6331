/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slice: a piece of somebody else's bytes.  It owns nothing, is not terminated by a NUL, may hold any byte, and lives
 * as long as the buffer it points into.  Lengths always come from the slice, never from strlen().
 */
#ifndef MAILTRACE_SLICE_H_INCLUDED
#define MAILTRACE_SLICE_H_INCLUDED

#include <glib.h>
#include <string.h>

typedef struct _Slice
{
  const gchar *str;
  gsize len;
} Slice;

#define SLICE(literal) ((Slice) { (literal), sizeof(literal) - 1 })
#define SLICE_NONE ((Slice) { NULL, 0 })

static inline Slice
slice_new(const gchar *str, gsize len)
{
  return (Slice) { str, len };
}

static inline Slice
slice_from_string(const gchar *str)
{
  return (Slice) { str, str ? strlen(str) : 0 };
}

static inline gboolean
slice_equals(Slice self, Slice other)
{
  return self.len == other.len && (self.len == 0 || memcmp(self.str, other.str, self.len) == 0);
}

static inline gboolean
slice_starts_with(Slice self, Slice prefix)
{
  return self.len >= prefix.len && (prefix.len == 0 || memcmp(self.str, prefix.str, prefix.len) == 0);
}

static inline gboolean
slice_ends_with(Slice self, Slice suffix)
{
  return self.len >= suffix.len
         && (suffix.len == 0 || memcmp(self.str + self.len - suffix.len, suffix.str, suffix.len) == 0);
}

/* at or behind the end: an empty slice */
static inline Slice
slice_skip(Slice self, gsize count)
{
  count = MIN(count, self.len);
  return (Slice) { self.str ? self.str + count : NULL, self.len - count };
}

static inline Slice
slice_head(Slice self, gsize count)
{
  return (Slice) { self.str, MIN(count, self.len) };
}

/* index of the first such byte, or -1 */
static inline gssize
slice_find_char(Slice self, gchar c)
{
  const gchar *found = self.len ? memchr(self.str, c, self.len) : NULL;
  return found ? found - self.str : -1;
}

/* index of the last such byte, or -1 */
static inline gssize
slice_find_last_char(Slice self, gchar c)
{
  for (gsize i = self.len; i > 0; i--)
    if (self.str[i - 1] == c)
      return (gssize) i - 1;
  return -1;
}

/* the part in front of the next separator, which is taken off *rest as well; all of it when there is none */
static inline Slice
slice_take_part(Slice *rest, gchar separator)
{
  gssize end = slice_find_char(*rest, separator);
  Slice part = end < 0 ? *rest : slice_head(*rest, (gsize) end);

  *rest = slice_skip(*rest, part.len + 1);
  return part;
}

/* index of the first occurrence, or -1; linear in practice (memmem) */
gssize slice_find(Slice self, Slice needle);

/* decimal digits only, the whole slice, at most G_MAXINT64; otherwise FALSE and *value unchanged */
gboolean slice_to_int(Slice self, gint64 *value);

/* decimal = ["-"] 1*DIGIT ["." 1*DIGIT], or a duration in seconds = 1*( 1*DIGIT ["." 1*DIGIT] ( "w" / "d" / "h" / "m" /
 * "s" ) ), in millionths.  FALSE, and *millionths unchanged, for anything else, or when it is too large. */
gboolean slice_to_decimal(Slice self, gint64 *millionths);

#define DECIMAL_MAX 32

/* plain decimal digits without trailing zeros, not NUL-terminated; bytes written */
gsize decimal_format(gint64 millionths, gchar out[DECIMAL_MAX]);

/* SipHash-1-3 with the seed as key, the same on every machine: who does not know the seed cannot choose bytes that
 * collide.  Chain calls by handing the last result in as seed. */
guint64 slice_hash(Slice self, guint64 seed);

/* a NUL-terminated copy; the caller frees it */
static inline gchar *
slice_dup(Slice self)
{
  return g_strndup(self.str ? self.str : "", self.len);
}

#endif
