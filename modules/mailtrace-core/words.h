/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words: texts that most messages repeat, by number.  The number of a text is found in a table without collisions,
 * which is made while mailtrace is built.  Knows no record; the numbers live in memory only.
 */
#ifndef MAILTRACE_WORDS_H_INCLUDED
#define MAILTRACE_WORDS_H_INCLUDED

#include "mailtrace/slice.h"

#define WORD_LEN_MIN 2
#define WORD_LEN_MAX 48
#define WORD_TABLE_BITS 10

/* the texts of all rows, of which so many bytes may be copied from wherever a text begins */
typedef struct _WordTexts
{
#define WORD(name, text) gchar name[sizeof(text)];
#include "words.def"
#undef WORD
  gchar end[WORD_LEN_MAX];
} WordTexts;

extern const WordTexts word_texts;
extern const Slice words[];

/* a word or a part of one: JSON takes it as it is */
static inline gboolean
word_has(const gchar *text)
{
  return (guintptr) text - (guintptr) &word_texts < G_STRUCT_OFFSET(WordTexts, end);
}

/* a row of words.def as a text, and in a table of texts */
#define WORD_TEXT(name) ((Slice) WORD_ROW(name))
#define WORD_ROW(name) { word_texts.name, sizeof(word_texts.name) - 1 }

/* by word_slot(): one more than the number of the only word that may be there, or 0 */
extern const guint8 word_table[1 << WORD_TABLE_BITS];
extern const guint64 word_multiplier;

static inline guint64
word_load(const gchar *from, gsize len)
{
  guint64 eight;
  guint16 two;

  if (len == sizeof(eight))
    memcpy(&eight, from, sizeof(eight));
  else
    {
      memcpy(&two, from, sizeof(two));
      eight = two;
    }
  return eight;
}

/* for a text of WORD_LEN_MIN to WORD_LEN_MAX bytes: length, begin and end, and what tells ciphers apart */
static inline guint
word_slot(Slice text, guint64 multiplier)
{
  gsize size = text.len >= 8 ? 8 : 2;
  guint64 head = word_load(text.str, size), tail = word_load(text.str + text.len - size, size);
  guint64 middle = word_load(text.str + (text.len - size) * 3 / 4, size);

  middle += text.len;
  return (guint) ((((head ^ (tail << 17 | tail >> 47)) + (middle << 34 | middle >> 30)) * multiplier)
                  >> (64 - WORD_TABLE_BITS));
}

/* number of the word, or -1 */
static inline gint
word_find(Slice text)
{
  if (text.len < WORD_LEN_MIN || text.len > WORD_LEN_MAX)
    return -1;
  guint found = word_table[word_slot(text, word_multiplier)];

  return found && slice_equals(words[found - 1], text) ? (gint) found - 1 : -1;
}

#endif
