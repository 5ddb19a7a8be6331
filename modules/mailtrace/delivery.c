/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "delivery.h"

struct _Ride
{
  gatomicrefcount references;
  LogMessage *line;
  gint type;   /* atomic */
};

Ride *
ride_new(LogMessage *line, const LogPathOptions *path_options)
{
  if (!path_options->ack_needed)
    return NULL;
  Ride *self = g_new0(Ride, 1);
  g_atomic_ref_count_init(&self->references);
  log_msg_add_ack(line, path_options);
  self->line = log_msg_ref(line);
  self->type = AT_PROCESSED;
  return self;
}

Ride *
ride_ref(Ride *self)
{
  if (self)
    g_atomic_ref_count_inc(&self->references);
  return self;
}

void
ride_unref(Ride *self)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT;

  if (!self || !g_atomic_ref_count_dec(&self->references))
    return;
  AckType type = (AckType) g_atomic_int_get(&self->type);
  if (type != AT_UNDEFINED)
    log_msg_ack(self->line, &path_options, type);
  log_msg_unref(self->line);
  g_free(self);
}

void
ride_give_up(Ride *self, AckType type)
{
  if (self)
    g_atomic_int_set(&self->type, type);
  ride_unref(self);
}

Delivery *
delivery_new(Summary *summary)
{
  Delivery *self = g_new0(Delivery, 1);

  self->summary = summary;
  return self;
}

void
delivery_free(Delivery *self)
{
  summary_free(self->summary);
  g_free(self);
}

static void
_release_one(Delivery *self)
{
  if (g_atomic_int_dec_and_test(&self->outstanding))
    self->conclude(self);
}

/* in place of a source's record of the message: only its own ack_func looks into it */
static void
_acknowledged(LogMessage *document, AckType type)
{
  Delivery *self = (Delivery *) document->ack_record;

  if (type != AT_PROCESSED)
    g_atomic_int_inc(&self->refused);
  _release_one(self);
}

void
delivery_begin(Delivery *self)
{
  memset(self->documents, 0, sizeof(self->documents));
  g_atomic_int_set(&self->refused, 0);
  g_atomic_int_set(&self->outstanding, 1);
}

void
delivery_add(Delivery *self, RecordKind kind, LogMessage *document, const LogPathOptions *path_options)
{
  self->documents[kind]++;
  g_atomic_int_inc(&self->outstanding);
  document->ack_record = (AckRecord *) self;
  document->ack_func = _acknowledged;
  log_msg_add_ack(document, path_options);
}

void
delivery_end(Delivery *self)
{
  _release_one(self);
}

void
delivery_queue_push(DeliveryQueue *self, Delivery *delivery)
{
  delivery->next = NULL;
  if (self->tail)
    self->tail->next = delivery;
  else
    self->head = delivery;
  self->tail = delivery;
}

Delivery *
delivery_queue_pop(DeliveryQueue *self)
{
  Delivery *first = self->head;

  if (!first)
    return NULL;
  self->head = first->next;
  if (!self->head)
    self->tail = NULL;
  first->next = NULL;
  return first;
}
