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
  guint64 day;            /* of date, counted from 1970-01-01 on */
  gchar date[12];         /* "2019-06-10T, with the quote */
} JsonText;

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

/* what begins with a byte that is not plain */
gchar *json_write_rest(gchar *at, Slice text);
gchar *json_write_integer(gchar *at, gint64 number);
gchar *json_write_decimal(gchar *at, gint64 millionths);
gchar *json_write_time(JsonText *self, gchar *at, const Stamp *stamp);

/* quotes included; bytes that are not UTF-8 become U+FFFD */
static inline gchar *
json_write_string(gchar *at, Slice text)
{
  gsize plain = json_copy_plain(at + 1, text.str, text.len);

  *at = '"';
  at += plain + 1;
  if (G_UNLIKELY(plain < text.len))
    at = json_write_rest(at, slice_skip(text, plain));
  *at = '"';
  return at + 1;
}

static inline void
json_put_string(JsonText *self, Slice text)
{
  json_reserve(self, json_room_of(text));
  self->at = json_write_string(self->at, text);
}

#endif
