/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LineShape: one kind of line as a row of a dialect's table.  The steps are tried from left to right; a row matches
 * when all of them do and nothing is left.  The order of rows has no meaning: no line may match two.
 */
#ifndef MAILTRACE_LINE_SHAPE_H_INCLUDED
#define MAILTRACE_LINE_SHAPE_H_INCLUDED

#include "scan.h"

#define LINE_STEPS_MAX 12   /* the last one stays empty */

/* who writes the line */
enum
{
  BY_EXIM = 1 << 0,      /* exim, exim4, exim-in, exim-out, a bare main log */
  BY_QMGR = 1 << 1,
  BY_SCANNER = 1 << 2,   /* SCANNER and SANDBOX */
  BY_MASTER = 1 << 3,
  BY_OTHER = 1 << 4,     /* a part of smtpd that no public line names */
};

enum
{
  WITHOUT_ID = 1 << 0,
  WITH_ID = 1 << 1,
  ANY_ID = WITHOUT_ID | WITH_ID,
};

typedef struct _LineShape
{
  const gchar *name;
  LineRole role;
  guint by, id;
  /* R real line, T template of a third party, S prose, E Exim's source or documentation, L line of a real Exim */
  gchar evidence;
  const gchar *sample;   /* raw text behind the frame, with its queue id */
  LineStep steps[LINE_STEPS_MAX];
} LineShape;

/* ends with a row without a name */
extern const LineShape exim_arrival_shapes[];
extern const LineShape exim_session_shapes[];
extern const LineShape exim_message_shapes[];
extern const LineShape sophos_utm_shapes[];

#define LINE_BEGIN_BYTES 8

/* a row and what tells at once that a text is none of it */
typedef struct _LineRow
{
  const LineShape *shape;
  const LineStep *steps;  /* of the shape, without a first literal that is all in begin */
  gchar begin[LINE_BEGIN_BYTES], mask[LINE_BEGIN_BYTES];   /* the first literal, and which of these bytes are its own */
  guint8 known_len;       /* of that literal, or 0 */
  guint8 last;            /* the byte that the text ends with, 0: any */
} LineRow;

#define NO_ROW 255   /* ends a list of numbers of rows */

/* number i over all dialects, NULL behind the last */
const LineShape *line_shape_at(guint i);

/* TRUE when text (behind the queue id, if there is one) matches the row; then line is filled in */
gboolean line_shape_match(const LineShape *self, Slice text, Line *line);

/* who wrote it, and its text without the smtpd part's name; 0: not ours */
guint line_writer(const Frame *frame, Slice *text);

#endif
