/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * History: made logs of a cluster of two UTM nodes ("utm-1", "utm-2"), of an Exim with pids and offsets in its stamps
 * ("mx"), and of one without either ("localhost"), with what is true of each message.  The same seed gives the same
 * history; another begin shifts its times and nothing else.
 */
#ifndef MAILTRACE_HISTORY_H_INCLUDED
#define MAILTRACE_HISTORY_H_INCLUDED

#include <glib.h>

typedef enum _HistoryKind
{
  HK_OTHER,
  HK_ARRIVAL,
  HK_LINK,       /* names a queue id and its parent */
  HK_CLOSE,      /* the last word about a queue id */
} HistoryKind;

typedef struct _HistoryLine
{
  gint64 sec;          /* UTC */
  guint index;         /* lines of one second keep the order in which they were made */
  guint process;       /* lines of one process keep their order */
  gint message;        /* number of the message whose id it names, -1: it names none */
  HistoryKind kind;
  gchar *text;
} HistoryLine;

typedef struct _HistoryMessage
{
  const gchar *host;
  GPtrArray *ids;      /* the first one is that of the arrival */
  gboolean arrives;
  const gchar *status; /* NULL: not said */
} HistoryMessage;

typedef struct _History
{
  GPtrArray *lines;    /* HistoryLine, by time */
  GPtrArray *messages; /* HistoryMessage */
} History;

/* UTC offset of the stamps that the UTM prints at that second */
typedef gint32 (*HistoryZone)(gint64 utc_sec);

History *history_new(guint32 seed, gint64 begin_sec, guint n_sessions, HistoryZone zone);
void history_free(History *self);

/* number of the message that has the id, -1: none */
gint history_find(const History *self, const gchar *host, const gchar *id);

/* its lines, those of each process later by a delay of its own; nothing before begin_sec is late.  The caller frees the
 * array, the lines stay the history's */
GPtrArray *history_interleave(const History *self, GRand *rand, gint64 begin_sec, gint max_msec);

/* a document of one history as if it were of the same one that began so many days earlier, and without the hash of a
 * line that ends the ids of some sessions; the caller frees it */
gchar *history_move_text(const History *from, const History *to, gint days, const gchar *text);

#endif
