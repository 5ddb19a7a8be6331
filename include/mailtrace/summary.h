/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Summary: what a message or session has come to, complete and in the caller's hands: every value that its document
 * shows, derived ones included.  Made by the tracker, independent of it afterwards.
 */
#ifndef MAILTRACE_SUMMARY_H_INCLUDED
#define MAILTRACE_SUMMARY_H_INCLUDED

#include "mailtrace/facts.h"

typedef enum _EndReason
{
  ER_NONE,          /* interim document, or a later revision that changes no reason */
  ER_COMPLETE,
  ER_TIMEOUT,
  ER_EVICTED,
  ER_SHUTDOWN,
  END_REASON_COUNT
} EndReason;

/* "complete", ...; "interim" for ER_NONE; static */
const gchar *end_reason_name(EndReason reason);

/* what a tracker waits for until the documents of a summary have arrived: tracker_settle() */
typedef struct _Receipt
{
  gpointer message;     /* NULL: nothing but the group */
  guint32 group;
  guint32 revision;     /* of a document that time brought about, else 0 */
} Receipt;

typedef struct _Summary Summary;
struct _Summary
{
  Summary *next;
  Facts *facts;         /* of RK_MESSAGE or RK_SESSION, all fields set, nested ones sorted; the summary lies in them */
  EndReason end_reason;
  Receipt receipt;
};

/* first in, first out; lives on the caller's stack */
typedef struct _SummaryQueue
{
  Summary *head, *tail;
  FactsChunk *spare;    /* for the next summary; NULL: none */
} SummaryQueue;

#define SUMMARY_QUEUE_INIT { NULL, NULL, NULL }

void summary_queue_push(SummaryQueue *self, Summary *summary);   /* takes it over */
Summary *summary_queue_pop(SummaryQueue *self);                  /* NULL when empty; the caller frees it */
void summary_free(Summary *self);

/* the same, but the next summary of this queue is made in its memory; the last one's is released with the queue */
void summary_queue_recycle(SummaryQueue *self, Summary *summary);
void summary_queue_release(SummaryQueue *self);                  /* that has been emptied */

/* The facts of a nested record of a kind (RK_DELIVERY, RK_DKIM, RK_SCAN) on their own, with record, id, message,
 * revision, final, gateway and received set: the documents of the streams delivery, dkim and scan.
 * i counts from 0; NULL when there are no more; the caller frees them, before the summary. */
Facts *summary_flat_facts(const Summary *self, RecordKind kind, guint i);

#endif
