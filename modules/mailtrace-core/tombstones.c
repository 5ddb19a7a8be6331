/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what is left of what ended: enough to know it when its lines are read again */
#include "tracker-internal.h"

/* pids follow each other, and so their hashes lie at equal distances: with some keys all in one row */
static inline guint64
_place(guint64 hash)
{
  return (hash ^ hash >> 29) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
}

#define TOMBSTONES_A_CHUNK 126

/* they are never given back, only used again: the oldest one for the next one */
typedef struct _TombstoneChunk
{
  struct _TombstoneChunk *next;
  Tombstone items[TOMBSTONES_A_CHUNK];
} TombstoneChunk;

static Tombstone *
_next_of_chunk(Tracker *self)
{
  if (!self->chunk_left)
    {
      TombstoneChunk *chunk = g_new(TombstoneChunk, 1);

      chunk->next = self->chunks;
      self->chunks = chunk;
      self->chunk_left = TOMBSTONES_A_CHUNK;
    }
  return &self->chunks->items[--self->chunk_left];
}

void
tracker_free_tombstones(Tracker *self)
{
  for (TombstoneChunk *chunk = self->chunks, *next; chunk; chunk = next)
    {
      next = chunk->next;
      g_free(chunk);
    }
  pointer_map_release(&self->tombstones);
}

/* what the next one is made of */
static Tombstone *
_spare(Tracker *self)
{
  if (!self->spare)
    self->spare = _next_of_chunk(self);
  return self->spare;
}

static void
_forget_oldest(Tracker *self)
{
  Tombstone *oldest = self->oldest_burial;

  pointer_map_remove(&self->tombstones, _place(oldest->hash), oldest);
  self->oldest_burial = oldest->next;
  self->spare = oldest;
  journal_drop_end(self->journal);
}

/* the spare one, which is in the map already */
static void
_begin_tombstone(Tracker *self, guint64 hash, gint64 usec, guint generation)
{
  Tombstone *tombstone = self->spare;

  *tombstone = (Tombstone) { hash, usec, generation, NULL };
  self->spare = NULL;
  if (self->oldest_burial)
    self->last_burial->next = tombstone;
  else
    self->oldest_burial = tombstone;
  self->last_burial = tombstone;
  if (self->tombstones.used > MAX(self->options.max_tombstones, 1))
    _forget_oldest(self);
}

const Tombstone *
tracker_bury_hash(Tracker *self, guint64 hash, gint64 usec, guint generation)
{
  Tombstone *spare = _spare(self), *tombstone = pointer_map_get_or_add(&self->tombstones, _place(hash), spare);

  if (tombstone == spare)
    _begin_tombstone(self, hash, usec, generation);
  else if (usec <= tombstone->closed_usec && generation <= tombstone->generation)
    return NULL;
  else
    {
      journal_drop_end(self->journal);
      tombstone->closed_usec = MAX(tombstone->closed_usec, usec);
      tombstone->generation = MAX(tombstone->generation, generation);
    }
  return journal_has_file(self->journal) ? tombstone : NULL;
}

void
tracker_journal_end(Tracker *self, const Tombstone *tombstone, JournalEntry *end, JournalGroup group)
{
  /* an end without the line that brought it about would take the line for a repeated one */
  if (self->feeding)
    tracker_journal_line(self->feeding);
  end->hash = tombstone->hash;
  end->usec = tombstone->closed_usec;
  end->seq = self->replayed ? self->replayed->seq : 0;
  journal_add(self->journal, group, end);
}

void
tracker_bury(Tracker *self, const JournalEntry *end, guint generation)
{
  const Tombstone *tombstone = tracker_bury_hash(self, end->hash, end->usec, generation);
  JournalEntry entry = *end;

  if (tombstone)
    tracker_journal_end(self, tombstone, &entry, 0);
}

void
tracker_bury_line(Feed *feed)
{
  const Tombstone *tombstone = tracker_bury_hash(feed->tracker, feed->hash, feed->usec, 1);

  if (!tombstone)
    return;
  JournalEntry end = { .kind = JK_LINE_END, .frame.host = host_name(feed->host) };
  tracker_journal_end(feed->tracker, tombstone, &end, 0);
}

const Tombstone *
tracker_tombstone(const Tracker *self, guint64 hash)
{
  return pointer_map_get(&self->tombstones, _place(hash));
}

gboolean
tombstone_covers(const Tombstone *self, const Feed *feed)
{
  return (self->generation == TOMBSTONE_LOCAL ? feed->stamp.local_usec : feed->usec) <= self->closed_usec;
}

guint64
tracker_session_hash(const Host *host, guint64 process_key)
{
  return hash_words(host->hash_key, (guint64[]) { process_key, TOMBSTONE_SESSION }, 2);
}

guint64
tracker_client_hash(const Host *host, guint64 client_key)
{
  return hash_words(host->hash_key, (guint64[]) { client_key, TOMBSTONE_CLIENT }, 2);
}
