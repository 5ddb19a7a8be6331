/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exim's queue ids as data.  Up to 4.96 tttttt-pppppp-ff, from 4.97 tttttt-ppppppppppp-ffff; base 62, digits
 * 0-9 A-Z a-z: second UTC in which reception began, pid of the process that made the id, fraction of the second.
 * Source: Exim specification, "Message identification"; both forms may stand in one log after an upgrade.
 */
#ifndef MAILTRACE_QUEUE_ID_H_INCLUDED
#define MAILTRACE_QUEUE_ID_H_INCLUDED

#include "mailtrace/slice.h"

#define QUEUE_ID_OLD_LEN 16
#define QUEUE_ID_NEW_LEN 23

typedef struct _QueueId
{
  gint64 sec;     /* seconds since 1970 UTC */
  guint64 pid;
  guint32 fraction;
} QueueId;

/* length of the queue id at the begin of text (16 or 23), followed by a byte that cannot belong to an id or by the end;
 * 0 when there is none.  Checks form only. */
gsize queue_id_length(Slice text);

/* the whole slice must be an id; FALSE otherwise */
gboolean queue_id_decode(Slice id, QueueId *out);

/* writes QUEUE_ID_OLD_LEN or QUEUE_ID_NEW_LEN bytes and a NUL; for tests and generators */
void queue_id_encode(const QueueId *self, gboolean new_form, gchar out[QUEUE_ID_NEW_LEN + 1]);

#endif
