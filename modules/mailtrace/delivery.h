/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Delivery: the documents of one summary, from the moment they are handed over until every destination has taken
 * or refused them.  Acknowledgements come from any thread, also while a document is being handed over.
 * Ride: the acknowledgement of a line, held back for what rides on it.  Knows no tracker and no mail.
 */
#ifndef MAILTRACE_DELIVERY_H_INCLUDED
#define MAILTRACE_DELIVERY_H_INCLUDED

#include "compat.h"
#include "mailtrace/summary.h"

typedef struct _Ride Ride;

/* NULL when the line wants no acknowledgement; it is acknowledged when the last reference goes */
Ride *ride_new(LogMessage *line, const LogPathOptions *path_options);
Ride *ride_ref(Ride *self);
void ride_unref(Ride *self);
/* gives a reference up, and the line with it: AT_ABORTED, or AT_UNDEFINED for no acknowledgement at all */
void ride_give_up(Ride *self, AckType type);

typedef struct _Delivery Delivery;
struct _Delivery
{
  Delivery *next;
  Summary *summary;
  Ride *ride;             /* or NULL */
  gpointer owner;         /* a reference, the owner's business */
  void (*conclude)(Delivery *self);   /* called once each time all documents were taken or refused */
  guint shard, generation;
  guint documents[RECORD_KIND_COUNT]; /* handed over at this attempt */
  gint outstanding;       /* atomic; one more while they are being handed over */
  gint refused;           /* atomic */
  gboolean resent;
};

Delivery *delivery_new(Summary *summary);   /* takes it over */
void delivery_free(Delivery *self);         /* leaves the ride to the caller */

/* delivery_begin(); for each document: delivery_add(), then it is forwarded; delivery_end(): self may be gone */
void delivery_begin(Delivery *self);
void delivery_add(Delivery *self, RecordKind kind, LogMessage *document, const LogPathOptions *path_options);
void delivery_end(Delivery *self);

/* first in, first out */
typedef struct _DeliveryQueue
{
  Delivery *head, *tail;
} DeliveryQueue;

#define DELIVERY_QUEUE_INIT { NULL, NULL }

void delivery_queue_push(DeliveryQueue *self, Delivery *delivery);
Delivery *delivery_queue_pop(DeliveryQueue *self);   /* NULL when empty */

#endif
