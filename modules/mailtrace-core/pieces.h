/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pieces: records that Exim cut for syslog (spec, "Logging to syslog"): at line feeds, and at 870 bytes.  A piece is
 *
 *   "[" number ( "/" / "\" ) count "] " text        "\": a line feed stood behind it
 *
 * Pieces of one record come from one process, in any order, and those of other processes lie in between.  Without pids
 * nothing tells whose a piece is: then none are joined, and a first piece is a cut record of its own.  What a record
 * says stands in its first line; the lines behind it, the headers of a refused message for instance, are not kept.
 * Bounded in records, pieces and bytes.  Knows frames; must not know what a line says.
 */
#ifndef MAILTRACE_PIECES_H_INCLUDED
#define MAILTRACE_PIECES_H_INCLUDED

#include "mailtrace/frame.h"

#define PIECES_COUNT_MAX 512
#define PIECES_BYTES_MAX 65536
#define PIECES_RECORDS_MAX 1000
#define PIECES_TOTAL_MAX (4 * 1024 * 1024)   /* bytes of all records of a host */

typedef struct _Piece
{
  guint number, count;    /* 1 ... count */
  gboolean ends_line;
  Slice text;
} Piece;

/* FALSE: the text is no piece */
gboolean piece_parse(Slice text, Piece *out);

typedef struct _Pieces Pieces;

/* a record put together; owns what its frame points into */
typedef struct _JoinedRecord
{
  Frame frame;       /* host is empty */
  guint n_pieces;
  gboolean is_cut;         /* something of its first line is missing */
  gboolean ends_at_feed;   /* behind its first line there was more */
  gchar *program, *node, *text, *raw;
  guint32 tag;             /* of pieces_tag() */
} JoinedRecord;

Pieces *pieces_new(guint64 seed);
void pieces_free(Pieces *self);

/* Takes a piece in.  TRUE: a record has come out, to be released by joined_record_release(): it is whole, or it had to
 * make room for this one. */
gboolean pieces_add(Pieces *self, const Frame *frame, const Piece *piece, gint64 now_usec, JoinedRecord *out);

/* a record whose first piece came so long ago and that is still not whole; what there is of its first line, perhaps
 * nothing */
gboolean pieces_take_due(Pieces *self, gint64 before_usec, JoinedRecord *out);

/* the record of that process that is not whole: it says something else now, and no piece will follow */
gboolean pieces_take_of(Pieces *self, const Frame *frame, JoinedRecord *out);

/* a number for the caller's use that goes along with the record of that process; NULL: there is none */
guint32 *pieces_tag(Pieces *self, const Frame *frame);

/* the clock was wrong by so much */
void pieces_shift(Pieces *self, gint64 usec);
/* what came at one time or later came at another one */
void pieces_retouch(Pieces *self, gint64 from_usec, gint64 usec);

void joined_record_release(JoinedRecord *self);

#endif
