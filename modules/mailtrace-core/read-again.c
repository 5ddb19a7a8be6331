/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A source may read its lines again after a crash: what tells that they were read before. */
#include "tracker-internal.h"

gboolean
tracker_has_read_connection(const Feed *feed, guint64 client_key)
{
  const Connection *known = host_find_connection(feed->host, client_key);
  const Tombstone *ended = tracker_tombstone(feed->tracker, tracker_client_hash(feed->host, client_key));
  const Session *session = pointer_map_get(&feed->host->clients, client_key);

  return (known && known->line_hash == feed->hash) || (ended && tombstone_covers(ended, feed) && !session)
         || (session && session->connect_hash == feed->hash);
}

static gboolean
_has_left(const Feed *feed, Slice ip, Slice port)
{
  guint64 key = host_client_hash(feed->host, ip, port);

  return tracker_tombstone(feed->tracker, tracker_client_hash(feed->host, key)) != NULL;
}

/* a port that no ended session had, however the line is read: the pid was given away again within a second */
static gboolean
_is_new_client(const Feed *feed)
{
  const Line *line = feed->line;
  Slice port = line_get(line, F_CLIENT_PORT);

  return port.len && !_has_left(feed, line_get(line, F_CLIENT_IP), port)
         && !(line->several_clients && _has_left(feed, line->other_ip, line->other_port));
}

const Tombstone *
tracker_ended_session(const Feed *feed, const Session *live)
{
  if (live && feed->stamp.local_usec >= live->first.local_usec)
    return NULL;
  return tracker_tombstone(feed->tracker, tracker_session_hash(feed->host, feed->process_key));
}

gboolean
tracker_is_of_ended_session(const Feed *feed, const Tombstone *ended)
{
  if (feed->line->role == LR_DISCONNECT && tracker_tombstone(feed->tracker, feed->hash))
    return TRUE;
  return ended && tombstone_covers(ended, feed) && !_is_new_client(feed);
}

gboolean
tracker_is_afterword(const Feed *feed, const Session *live, const Tombstone *ended)
{
  return ended && !live && feed->line->role == LR_NOTE && line_get(feed->line, F_CLIENT_PORT).len
         && !_is_new_client(feed);
}

static gboolean
_has_read_of_message(Feed *feed)
{
  const IdEntry *entry = feed_find_id(feed);
  const Tombstone *tombstone = tracker_tombstone(feed->tracker, feed_id_key(feed));

  return entry ? u64_set_has(&entry->message->known, feed->hash) : tombstone && feed->usec <= tombstone->closed_usec;
}

gboolean
tracker_has_read(Feed *feed)
{
  const Session *live = host_find_session(feed->host, feed->process_key);

  if (feed->line->queue_id.len)
    return _has_read_of_message(feed);
  if (feed->line->role == LR_CONNECT)
    return tracker_has_read_connection(feed, host_connection_hash(feed->host, feed->line));
  if (!feed->frame->pid)
    return tracker_tombstone(feed->tracker, feed->hash) != NULL;
  return tracker_is_of_ended_session(feed, tracker_ended_session(feed, live))
         || (live && u64_set_has(&live->known, feed->hash));
}
