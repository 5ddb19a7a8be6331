/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where there is too much, the oldest goes, of the host that holds most: a flood at one gateway costs another one
 * nothing.  What had begun is emitted as evicted.
 */
#include "tracker-internal.h"

#define HOSTS_LOOKED_AT 16

static guint
_held(const Host *host, LimitKind kind)
{
  switch (kind)
    {
    case LK_SESSIONS:
      return host->live_sessions.length;
    case LK_PENDING:
      return host->pending.length;
    case LK_OPEN:
      return host->open.length + host->closing.length;
    case LK_ENDED:
      return host->ended.length;
    default:
      return host->live_connections.length;
    }
}

/* TRUE: there is too much */
static gboolean
_count(Tracker *self, Host *host)
{
  gboolean too_much = FALSE;

  host->is_uncounted = FALSE;
  for (guint kind = 0; kind < LIMIT_KIND_COUNT; kind++)
    {
      guint held = _held(host, (LimitKind) kind);
      const Host *fullest = self->fullest[kind];

      self->held[kind] += held - host->counted[kind];
      host->counted[kind] = held;
      if (fullest != host && (!fullest || held >= fullest->counted[kind]))
        self->fullest[kind] = host;
      too_much |= self->held[kind] > self->options.max_messages;
    }
  return too_much;
}

/* nothing was counted while there was less */
static void
_begin_to_count(Tracker *self, Host *host)
{
  for (GList *link = self->hosts_by_line.head; link; link = link->next)
    _count(self, link->data);
  host->is_uncounted = TRUE;
}

/* FALSE: there is far less than there may be */
static gboolean
_must_count(Tracker *self, Host *host)
{
  if (!self->counts_hosts)
    _begin_to_count(self, host);
  return self->counts_hosts = host_shared_held(&self->shared) > self->options.max_messages / 2;
}

static gboolean
_can_be_forgotten(const Tracker *self, const Message *message)
{
  return !self->replayed && !message->n_underway;
}

static void
_evict_message(Tracker *self, Host *host, SummaryQueue *out)
{
  Message *message = (host->open.head ? host->open.head : host->closing.head)->data;

  tracker_end_message(self, message, ER_EVICTED, FALSE, out);
  if (_can_be_forgotten(self, message))
    tracker_forget_message(self, message);
}

/* FALSE: documents of the oldest are still underway */
static gboolean
_forget_ended(Tracker *self, Host *host)
{
  Message *oldest = host->ended.head->data;

  if (!_can_be_forgotten(self, oldest))
    return FALSE;
  tracker_forget_message(self, oldest);
  return TRUE;
}

static gboolean
_evict_oldest(Tracker *self, Host *host, LimitKind kind, SummaryQueue *out)
{
  switch (kind)
    {
    case LK_SESSIONS:
      tracker_end_session(self, host->live_sessions.head->data, ER_EVICTED, out);
      return TRUE;
    case LK_PENDING:
      tracker_end_pending(self, host->pending.head->data, ER_EVICTED, out);
      return TRUE;
    case LK_OPEN:
      _evict_message(self, host, out);
      return TRUE;
    case LK_ENDED:
      return _forget_ended(self, host);
    default:
      tracker_remove_connection(self, host, host->live_connections.head->data);
      return TRUE;
    }
}

void
tracker_enforce_near_limits(Tracker *self, Host *host, SummaryQueue *out)
{
  gboolean gone = TRUE;

  if (!_must_count(self, host) || !host->is_uncounted || !_count(self, host))
    return;
  for (guint kind = 0; kind < LIMIT_KIND_COUNT; kind++, gone = TRUE)
    while (gone && self->held[kind] > self->options.max_messages)
      {
        Host *fullest = self->fullest[kind]->counted[kind] ? self->fullest[kind] : host;

        gone = fullest->counted[kind] && _evict_oldest(self, fullest, (LimitKind) kind, out);
        _count(self, fullest);
      }
}

static gboolean
_is_idle(const Host *host)
{
  for (guint kind = 0; kind < LIMIT_KIND_COUNT; kind++)
    if (_held(host, (LimitKind) kind))
      return FALSE;
  return TRUE;
}

/* of those that were quiet for longest one that holds nothing, else the very one; not while documents are underway */
static Host *
_host_to_go(Tracker *self, const Host *kept)
{
  Host *oldest = NULL;
  GList *link = self->hosts_by_line.head;

  for (guint i = 0; link && i < HOSTS_LOOKED_AT; link = link->next, i++)
    {
      Host *host = link->data;

      if (host == kept || host->n_underway)
        continue;
      if (_is_idle(host))
        return host;
      oldest = oldest ? oldest : host;
    }
  return oldest;
}

static void
_empty_host(Tracker *self, Host *host, SummaryQueue *out)
{
  tracker_finish_host(self, host, ER_EVICTED, out);
  while (host->ended.head && _forget_ended(self, host))
    ;
  while (host->live_connections.head)
    tracker_remove_connection(self, host, host->live_connections.head->data);
}

/* FALSE: its last documents are underway, it goes when they have arrived */
static gboolean
_evict_host(Tracker *self, Host *host, SummaryQueue *out)
{
  _empty_host(self, host, out);
  _count(self, host);
  if (host->ended.head || host->n_underway)
    return FALSE;
  for (guint kind = 0; kind < LIMIT_KIND_COUNT; kind++)
    if (self->fullest[kind] == host)
      self->fullest[kind] = NULL;
  tracker_remove_host(self, host);
  return TRUE;
}

void
tracker_evict_hosts(Tracker *self, const Host *kept, SummaryQueue *out)
{
  gboolean gone = TRUE;

  while (gone && self->hosts_by_line.length > MAX(self->options.max_hosts, 1))
    {
      Host *host = _host_to_go(self, kept);
      gone = host && _evict_host(self, host, out);
    }
}
