/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON values at the end of a buffer.  Room is made before something is written, once for a key with its value; the
 * write functions take a place with enough room and return the one behind.  Knows JSON and UTF-8; must not know facts.
 */
#ifndef MAILTRACE_JSON_TEXT_H_INCLUDED
#define MAILTRACE_JSON_TEXT_H_INCLUDED

#include "json-copy.h"
#include "mailtrace/stamp.h"

typedef struct _JsonText
{
  GString *out;
  gchar *at, *end;        /* room */
  guint64 minute_usec;    /* when the minute of time began */
  gint32 offset_sec;      /* of time */
  gchar time[32];         /* "2019-06-10T11:04:40+00:00" with its quotes, without its second */
} JsonText;

#define JSON_TIME_SECOND 18   /* where it stands */
#define JSON_TIME_LEN 27

extern const gchar json_pairs[];   /* the numbers from 00 to 99 */

void json_begin(JsonText *self, GString *out);
void json_end(JsonText *self);
void json_grow(JsonText *self, gsize room);

static inline void
json_reserve(JsonText *self, gsize room)
{
  if (G_UNLIKELY((gsize) (self->end - self->at) < room))
    json_grow(self, room);
}

/* the same for text that was written up to there, and where that is now */
static inline gchar *
json_make_room(JsonText *self, gchar *at, gsize room)
{
  self->at = at;
  json_reserve(self, room);
  return self->at;
}

static inline void
json_put(JsonText *self, Slice text)
{
  json_reserve(self, text.len);
  if (text.len)
    memcpy(self->at, text.str, text.len);
  self->at += text.len;
}

/* for short texts of any bytes; longer ones are looked at */
#define JSON_SHORT_TEXT 1024
#define JSON_ESCAPE_MAX 6
#define JSON_ROOM 64   /* of any value but a text */

gsize json_room_of_long(Slice text);

/* of the string, quotes included */
static inline gsize
json_room_of(Slice text)
{
  return text.len <= JSON_SHORT_TEXT ? text.len * JSON_ESCAPE_MAX + JSON_BLOCK + 2 : json_room_of_long(text);
}

/* what is not all plain */
gchar *json_write_escaped(gchar *at, Slice text);
gchar *json_write_large(gchar *at, gint64 number);
gchar *json_write_fraction(gchar *at, gint64 millionths);

/* of another minute than the one before, or odd */
gchar *json_write_other_time(JsonText *self, gchar *at, const Stamp *stamp);

/* with the quote at its end; bytes that are not UTF-8 become U+FFFD */
static inline gchar *
json_write_text(gchar *at, Slice text)
{
  if (G_UNLIKELY(json_copy_all(at, text.str, text.len)))
    return json_write_escaped(at, text);
  at += text.len;
  *at = '"';
  return at + 1;
}

/* with both */
static inline gchar *
json_write_string(gchar *at, Slice text)
{
  *at = '"';
  return json_write_text(at + 1, text);
}

static inline gchar *
json_write_integer(gchar *at, gint64 number)
{
  if ((guint64) number >= 10)
    return json_write_large(at, number);
  *at = (gchar) ('0' + number);
  return at + 1;
}

static inline gchar *
json_write_decimal(gchar *at, gint64 millionths)
{
  if (millionths)
    return json_write_fraction(at, millionths);
  *at = '0';
  return at + 1;
}

static inline gchar *
json_write_time(JsonText *self, gchar *at, const Stamp *stamp)
{
  guint64 usec = (guint64) stamp->local_usec - self->minute_usec, second = usec / STAMP_USEC;

  if (G_UNLIKELY(second >= 60 || second * STAMP_USEC != usec || stamp->offset_sec != self->offset_sec))
    return json_write_other_time(self, at, stamp);
  memcpy(at, self->time, sizeof(self->time));
  memcpy(at + JSON_TIME_SECOND, json_pairs + 2 * second, 2);
  return at + JSON_TIME_LEN;
}

static inline void
json_put_string(JsonText *self, Slice text)
{
  json_reserve(self, json_room_of(text));
  self->at = json_write_string(self->at, text);
}

#endif
