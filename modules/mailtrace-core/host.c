/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host.h"

#define OFFSET_STEP_SEC 900
#define OFFSET_TOLERANCE_SEC 420
#define OFFSET_MAX_SEC (15 * 3600)
#define OFFSET_CHANGE_SEC (2 * 3600)
#define CLOCK_STEP_SEC 86400
#define SUMMER_TIME_SEC 3600

void
host_shared_init(HostShared *self, guint64 seed)
{
  *self = (HostShared)
  {
    .messages = POOL_INIT(Message),
    .sessions = POOL_INIT(Session),
    .connections = POOL_INIT(Connection),
    .entries = { .size = ENTRY_BYTES },
  };
  hash_key_init(&self->hash_key, seed);
}

void
host_shared_release(HostShared *self)
{
  pool_release(&self->messages);
  pool_release(&self->sessions);
  pool_release(&self->connections);
  pool_release(&self->entries);
  blocks_release(&self->blocks);
}

static void
_free_connection(Host *self, Connection *connection)
{
  if (connection->raw)
    g_free(connection->raw);
  pool_give(&self->shared->connections, connection);
}

static gboolean
_is_pooled(gsize id_len)
{
  return offsetof(IdEntry, id) + id_len <= ENTRY_BYTES;
}

static void
_remember_id(const Host *self, IdEntry *entry)
{
  if (entry->len >= QUEUE_ID_OLD_LEN)
    *host_recent_place(self, entry->id, entry->len) = entry;
}

static void
_free_entry(Host *self, IdEntry *entry)
{
  IdEntry **recent = entry->len >= QUEUE_ID_OLD_LEN ? host_recent_place(self, entry->id, entry->len) : NULL;

  if (recent && *recent == entry)
    *recent = NULL;
  if (_is_pooled(entry->len))
    pool_give(&self->shared->entries, entry);
  else
    g_free(entry);
}

Host *
host_new(Slice name, guint64 seed, HostShared *shared)
{
  Host *self = g_new0(Host, 1);

  self->link.data = self;
  self->name = slice_dup(name);
  self->name_len = name.len;
  self->seed = seed;
  self->shared = shared;
  self->hash_key = &shared->hash_key;
  self->line_seed = slice_hash(name, seed);
  self->orphans = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->offset_sec = self->old_offset_sec = self->doubted_offset_sec = STAMP_OFFSET_UNKNOWN;
  return self;
}

static void
_free_messages(GQueue *queue)
{
  for (GList *link = queue->head, *next; link; link = next)
    {
      next = link->next;
      message_free(link->data);
    }
}

static void
_free_clients(Host *self)
{
  for (GList *link = self->live_sessions.head, *next; link; link = next)
    {
      next = link->next;
      session_free(link->data);
    }
  for (GList *link = self->live_connections.head, *next; link; link = next)
    {
      next = link->next;
      _free_connection(self, link->data);
    }
}

static void
_free_ids(Host *self)
{
  guint32 cursor = 0;
  IdEntry *entry;

  while ((entry = pointer_map_each(&self->ids, &cursor)))
    _free_entry(self, entry);
}

void
host_free(Host *self)
{
  pieces_free(self->pieces);
  _free_clients(self);
  pointer_map_release(&self->sessions);
  pointer_map_release(&self->clients);
  pointer_map_release(&self->connections);
  pointer_map_release(&self->workers);
  g_hash_table_destroy(self->orphans);
  _free_messages(&self->open);
  _free_messages(&self->closing);
  _free_messages(&self->ended);
  _free_messages(&self->pending);
  _free_ids(self);
  pointer_map_release(&self->ids);
  g_free(self->name);
  g_free(self);
}

guint64
host_id_key(const Host *self, Slice id)
{
  Slice kept = slice_head(id, QUEUE_ID_NEW_LEN);
  guint64 words[4];

  hash_pack(kept, words);
  words[3] = self->line_seed + kept.len;
  return hash_words(self->hash_key, words, 4);
}

guint64
host_entry_key(const Host *self, const IdEntry *entry)
{
  return host_id_key(self, slice_new(entry->id, entry->len));
}

IdEntry *
host_find_id_by_key(const Host *self, Slice id, guint64 key)
{
  IdEntry *entry;
  guint32 at;

  if (!self->ids.used)
    return NULL;
  at = pointer_map_start(&self->ids, key);
  do
    entry = pointer_map_next(&self->ids, key, &at);
  while (entry && !slice_equals(slice_new(entry->id, entry->len), slice_head(id, QUEUE_ID_NEW_LEN)));
  if (entry)
    _remember_id(self, entry);
  return entry;
}

IdEntry *
host_find_id(const Host *self, Slice id)
{
  IdEntry *recent = host_recent_id(self, id);

  return recent ? recent : host_find_id_by_key(self, id, host_id_key(self, id));
}

IdEntry *
host_add_id(Host *self, Slice id, guint64 key)
{
  Slice kept = slice_head(id, QUEUE_ID_NEW_LEN);
  IdEntry *entry = _is_pooled(kept.len) ? pool_take(&self->shared->entries)
                   : g_malloc0(offsetof(IdEntry, id) + kept.len);

  entry->len = (guint8) kept.len;
  if (kept.len)
    memcpy(entry->id, kept.str, kept.len);
  pointer_map_add(&self->ids, key, entry);
  _remember_id(self, entry);
  return entry;
}

void
host_remove_id(Host *self, IdEntry *entry, guint64 key)
{
  pointer_map_remove(&self->ids, key, entry);
  _free_entry(self, entry);
}

void
host_add_orphan(Host *self, guint64 cause_hash, Message *bounce)
{
  GPtrArray *bounces = g_hash_table_lookup(self->orphans, &cause_hash);

  if (!bounces)
    {
      bounces = g_ptr_array_new();
      g_hash_table_insert(self->orphans, g_memdup2(&cause_hash, sizeof(cause_hash)), bounces);
    }
  bounce->is_orphan = TRUE;
  g_ptr_array_add(bounces, bounce);
}

void
host_remove_orphan(Host *self, guint64 cause_hash, Message *bounce)
{
  GPtrArray *bounces = g_hash_table_lookup(self->orphans, &cause_hash);

  bounce->is_orphan = FALSE;
  if (!bounces)
    return;
  g_ptr_array_remove_fast(bounces, bounce);
  if (!bounces->len)
    g_hash_table_remove(self->orphans, &cause_hash);
}

GPtrArray *
host_take_orphans(Host *self, guint64 cause_hash)
{
  GPtrArray *bounces = g_hash_table_lookup(self->orphans, &cause_hash);

  if (bounces)
    {
      g_ptr_array_ref(bounces);
      g_hash_table_remove(self->orphans, &cause_hash);
    }
  return bounces;
}

void
host_move_message(Host *self, Message *message, MessageQueue which)
{
  guint8 before = message->queue;

  if (before == which)
    {
      queue_move_to_tail(&self->queues[which - 1], &message->link);
      return;
    }
  self->is_uncounted = TRUE;
  if (before)
    queue_unlink(&self->queues[before - 1], &message->link);
  message->queue = which;
  if (which)
    queue_push_tail(&self->queues[which - 1], &message->link);
}

static GQueue *
_interim_queue(Message *message)
{
  switch (message->interim_queue)
    {
    case IQ_INTERIM:
      return &message->host->interim;
    case IQ_CHANGED:
      return &message->host->changed;
    default:
      return &message->session->pending;
    }
}

void
host_queue_interim(Message *message, InterimQueue which)
{
  if (message->interim_queue)
    return;
  message->interim_queue = which;
  message->interim_usec = message->host->clock_usec;
  queue_push_tail(_interim_queue(message), &message->interim_link);
}

void
host_unqueue_interim(Message *message)
{
  if (message->interim_queue)
    queue_unlink(_interim_queue(message), &message->interim_link);
  message->interim_queue = IQ_NONE;
}

/* reception may take longer than the tolerance: a change by anything but summer time has to be told twice */
static gboolean
_accept_offset(Host *self, gint32 offset, gint64 usec)
{
  gint64 change = (gint64) offset - self->offset_sec;
  gboolean is_known = self->offset_sec != STAMP_OFFSET_UNKNOWN;

  if (is_known && self->offset_sure && change && ABS(change) != SUMMER_TIME_SEC && self->doubted_offset_sec != offset)
    {
      self->doubted_offset_sec = offset;
      return FALSE;
    }
  if (is_known && change)
    {
      self->old_offset_sec = self->offset_sec;
      self->offset_changed_usec = usec;
    }
  self->doubted_offset_sec = STAMP_OFFSET_UNKNOWN;
  self->offset_sec = offset;
  return TRUE;
}

gboolean
host_learn_offset(Host *self, const QueueId *id, const Stamp *stamp)
{
  gint64 difference = stamp->local_usec / STAMP_USEC - id->sec;
  gint64 steps = (difference + (difference >= 0 ? OFFSET_STEP_SEC / 2 : -OFFSET_STEP_SEC / 2)) / OFFSET_STEP_SEC;
  gint64 offset = steps * OFFSET_STEP_SEC;

  if (ABS(difference - offset) > OFFSET_TOLERANCE_SEC || ABS(offset) > OFFSET_MAX_SEC)
    return FALSE;
  return _accept_offset(self, (gint32) offset, stamp->local_usec - offset * STAMP_USEC);
}

static void
_shift_messages(GQueue *queue, gint64 usec)
{
  for (GList *link = queue->head; link; link = link->next)
    ((Message *) link->data)->touched_usec += usec;
}

static void
_shift_interim(GQueue *queue, gint64 usec)
{
  for (GList *link = queue->head; link; link = link->next)
    ((Message *) link->data)->interim_usec += usec;
}

void
host_shift_clock(Host *self, gint64 usec)
{
  if (!self->clock_usec)
    return;
  self->clock_usec += usec;
  self->waits_from_usec += usec;
  self->sure_usec += usec;
  self->due_usec = 0;
  if (self->pieces)
    pieces_shift(self->pieces, usec);
  _shift_messages(&self->open, usec);
  _shift_messages(&self->closing, usec);
  _shift_messages(&self->ended, usec);
  _shift_messages(&self->pending, usec);
  _shift_interim(&self->interim, usec);
  _shift_interim(&self->changed, usec);
  for (GList *link = self->live_sessions.head; link; link = link->next)
    ((Session *) link->data)->touched_usec += usec;
  for (GList *link = self->live_connections.head; link; link = link->next)
    ((Connection *) link->data)->due_from_usec += usec;
}

/* all that was touched at one time or later was touched at another one; it stands at the ends of the queues */
static void
_retouch_messages(GQueue *queue, gint64 from_usec, gint64 usec)
{
  for (GList *link = queue->tail; link && ((Message *) link->data)->touched_usec >= from_usec; link = link->prev)
    ((Message *) link->data)->touched_usec = usec;
}

static void
_retouch_interim(GQueue *queue, gint64 from_usec, gint64 usec)
{
  for (GList *link = queue->tail; link && ((Message *) link->data)->interim_usec >= from_usec; link = link->prev)
    ((Message *) link->data)->interim_usec = usec;
}

static void
_retouch(Host *self, gint64 from_usec, gint64 usec)
{
  self->due_usec = 0;
  if (self->pieces)
    pieces_retouch(self->pieces, from_usec, usec);
  _retouch_messages(&self->open, from_usec, usec);
  _retouch_messages(&self->closing, from_usec, usec);
  _retouch_messages(&self->ended, from_usec, usec);
  _retouch_messages(&self->pending, from_usec, usec);
  _retouch_interim(&self->interim, from_usec, usec);
  _retouch_interim(&self->changed, from_usec, usec);
  for (GList *l = self->live_sessions.tail; l && ((Session *) l->data)->touched_usec >= from_usec; l = l->prev)
    ((Session *) l->data)->touched_usec = usec;
  for (GList *l = self->live_connections.tail; l && ((Connection *) l->data)->due_from_usec >= from_usec; l = l->prev)
    ((Connection *) l->data)->due_from_usec = usec;
}

static gboolean
_is_near(gint64 a, gint64 b)
{
  return ABS(a - b) <= CLOCK_TOLERANCE_SEC * STAMP_USEC;
}

void
host_resolve_stamp(const Host *self, Stamp *stamp)
{
  stamp->offset_sec = self->offset_sec;
  if (self->old_offset_sec == STAMP_OFFSET_UNKNOWN
      || self->clock_usec - self->offset_changed_usec > OFFSET_CHANGE_SEC * STAMP_USEC
      || _is_near(stamp_to_utc_usec(stamp), self->clock_usec))
    return;
  stamp->offset_sec = self->old_offset_sec;
  if (stamp_to_utc_usec(stamp) > self->offset_changed_usec || !_is_near(stamp_to_utc_usec(stamp), self->clock_usec))
    stamp->offset_sec = self->offset_sec;
}

gboolean
host_doubts_stamp(const Host *self, const Stamp *stamp, gboolean has_id)
{
  Stamp before = { stamp->local_usec, self->old_offset_sec };

  return stamp->offset_sec == self->offset_sec && self->old_offset_sec > self->offset_sec
         && stamp_to_utc_usec(&before) <= self->offset_changed_usec
         && (has_id || !_is_near(stamp_to_utc_usec(stamp), self->clock_usec));
}

static gboolean
_is_by_wall(const Host *self, const ClockLine *line)
{
  return self->wall_usec && _is_near(line->usec, self->wall_usec);
}

static gboolean
_is_by_id(const ClockLine *line)
{
  QueueId id;

  return queue_id_decode(line->queue_id, &id) && _is_near(line->usec, id.sec * STAMP_USEC);
}

static gboolean
_is_told(const Host *self, const ClockLine *line)
{
  return _is_by_wall(self, line) || _is_by_id(line);
}

static void
_wait_from(Host *self, gint64 usec, const ClockLine *line)
{
  self->waits = TRUE;
  self->waits_from_usec = usec;
  self->waits_offset_sec = line->offset_sec;
}

/* a microsecond tells what is touched from now on from what was before */
static void
_wait(Host *self, const ClockLine *line)
{
  if (!self->waits)
    _wait_from(self, ++self->clock_usec, line);
}

/* what was touched while the clock waited belongs to the time it did not follow yet */
static void
_follow(Host *self, gint64 usec, gboolean sure)
{
  if (self->waits)
    _retouch(self, self->waits_from_usec, MAX(self->clock_usec, usec));
  self->waits = FALSE;
  self->clock_sure = sure;
  self->clock_usec = MAX(self->clock_usec, usec);
  self->ahead_usec = 0;
}

void
host_set_clock(Host *self, gint64 usec, const ClockLine *line)
{
  if (usec < self->clock_usec)
    _retouch(self, usec + 1, usec);
  else if (self->waits && !_is_near(usec, self->waits_from_usec))
    _follow(self, usec, self->clock_sure);
  self->clock_usec = usec;
  self->clock_sure = TRUE;
  self->waits_from_usec = MIN(self->waits_from_usec, usec);
  if (!self->waits && line->usec > usec && !_is_near(line->usec, usec))
    _wait_from(self, usec, line);
}

/* while the clock waits a line near it is a late one, unless another offset explains those ahead */
static void
_follow_near(Host *self, const ClockLine *line)
{
  gboolean waits = self->waits && self->waits_offset_sec == line->offset_sec;

  if (waits)
    self->waits = FALSE;
  _follow(self, line->usec, TRUE);
  self->waits = waits && _is_near(line->usec, self->waits_from_usec);
}

static gboolean
_is_agreed(const Host *self, const ClockLine *line)
{
  return self->ahead_usec && self->ahead_hash != line->hash && _is_near(line->usec, self->ahead_usec);
}

static void
_wait_for_another(Host *self, const ClockLine *line)
{
  if (line->usec > self->clock_usec)
    _wait(self, line);
  else
    self->waits = FALSE;
  self->ahead_usec = line->usec;
  self->ahead_hash = line->hash;
}

/* what was touched from then on belongs to the time of this line */
static void
_correct(Host *self, gint64 from_usec, gint64 usec)
{
  _retouch(self, from_usec, usec);
  self->clock_usec = usec;
  _follow(self, usec, TRUE);
}

/* one line had moved the clock, and this one knows nothing of it: a late one, or the second that tells it was wrong */
static void
_doubt(Host *self, const ClockLine *line)
{
  if (_is_agreed(self, line))
    _correct(self, self->sure_usec + 1, MAX(self->sure_usec, line->usec));
  else
    _wait_for_another(self, line);
}

/* lines behind a pause had been read with the offset that this one shows to be over; only the first of many changes is
 * worth going through all that was touched */
static gboolean
_followed_old_offset(const Host *self, const ClockLine *line)
{
  gint64 change = (gint64) self->offset_sec - self->old_offset_sec;
  gboolean is_first = ABS(self->clock_usec - self->corrected_usec) > OFFSET_CHANGE_SEC * STAMP_USEC;

  return is_first && !line->offset_is_learned && self->old_offset_sec != STAMP_OFFSET_UNKNOWN
         && _is_near(self->offset_changed_usec, line->usec)
         && _is_near(self->clock_usec, line->usec + change * STAMP_USEC);
}

/* late, or the end of summer time: an arrival will tell */
static void
_wait_for_change(Host *self, const ClockLine *line)
{
  if (line->offset_is_learned && self->clock_usec - line->usec <= (SUMMER_TIME_SEC + CLOCK_TOLERANCE_SEC) * STAMP_USEC)
    _wait(self, line);
}

static void
_follow_alone(Host *self, const ClockLine *line)
{
  if (self->clock_sure)
    self->sure_usec = self->clock_usec;
  _follow(self, line->usec, FALSE);
}

/* a gateway whose clock is wrong makes queue ids that are wrong, too */
static void
_follow_told(Host *self, const ClockLine *line)
{
  if (line->usec - self->clock_usec > CLOCK_STEP_SEC * STAMP_USEC && !_is_by_wall(self, line))
    _follow_alone(self, line);
  else
    _follow(self, line->usec, TRUE);
}

void
host_follow_line(Host *self, const ClockLine *line)
{
  gint64 step = line->usec - self->clock_usec;

  if (!self->clock_usec)
    _follow(self, line->usec, _is_told(self, line));
  else if (_is_near(step, 0))
    _follow_near(self, line);
  else if (_followed_old_offset(self, line))
    {
      _correct(self, MIN(line->usec, self->clock_usec - CLOCK_TOLERANCE_SEC * STAMP_USEC), line->usec);
      self->corrected_usec = line->usec;
    }
  else if (step < -CLOCK_STEP_SEC * STAMP_USEC && _is_by_wall(self, line))
    _correct(self, line->usec + 1, line->usec);
  else if (step < 0 && !self->clock_sure)
    _doubt(self, line);
  else if (step < 0)
    _wait_for_change(self, line);
  else if (_is_told(self, line))
    _follow_told(self, line);
  else if (line->offset_is_learned && clock_is_dst_step(step))
    _wait(self, line);
  else if (_is_agreed(self, line))
    _follow(self, line->usec, TRUE);
  else if (step <= CLOCK_STEP_SEC * STAMP_USEC)
    _follow_alone(self, line);
  else
    _wait_for_another(self, line);
}

Session *
host_find_session(const Host *self, guint64 process_key)
{
  return process_key ? pointer_map_get(&self->sessions, process_key) : NULL;
}

/* different for different ports: most are short */
static inline guint64
_port_word(const Host *self, Slice port)
{
  guint64 words[2];

  if (port.len > 7)
    return hash_text(self->hash_key, port, 0);
  hash_pack_short(port, words);
  return GUINT64_TO_LE(words[0]) | (guint64) port.len << 56;
}

guint64
host_client_hash(const Host *self, Slice ip, Slice port)
{
  return hash_text(self->hash_key, ip, self->line_seed + _port_word(self, port));
}

guint64
host_connection_hash(const Host *self, const Line *line)
{
  return host_client_hash(self, line_get(line, F_CLIENT_IP), line_get(line, F_CLIENT_PORT));
}

gboolean
host_knows_connection(const Host *self, Slice ip, Slice port)
{
  return host_find_connection(self, host_client_hash(self, ip, port)) != NULL;
}

Connection *
host_add_connection(Host *self, guint64 hash)
{
  Connection *connection = pool_take(&self->shared->connections);

  connection->link.data = connection;
  connection->hash = hash;
  pointer_map_add(&self->connections, hash, connection);
  queue_push_tail(&self->live_connections, &connection->link);
  self->is_uncounted = TRUE;
  return connection;
}

Connection *
host_find_connection(const Host *self, guint64 hash)
{
  return pointer_map_get(&self->connections, hash);
}

void
host_remove_connection(Host *self, Connection *connection)
{
  queue_unlink(&self->live_connections, &connection->link);
  pointer_map_remove(&self->connections, connection->hash, connection);
  self->is_uncounted = TRUE;
  _free_connection(self, connection);
}
