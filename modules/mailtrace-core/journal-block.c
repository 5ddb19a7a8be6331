/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define PADDED(bytes) (((bytes) + 7) & ~(gsize) 7)
#define NAME_MAX_LEN 255

/* what is kept of an entry's texts */
typedef struct _Texts
{
  Slice raw, text;
  gboolean text_in_raw;
} Texts;

static Texts
_texts(const Frame *frame)
{
  Slice raw = slice_head(frame->raw, JOURNAL_TEXT_MAX), text = slice_head(frame->text, JOURNAL_TEXT_MAX);
  gboolean inside = raw.len && text.str >= raw.str && text.str + text.len <= raw.str + raw.len;

  return (Texts) { raw, text, inside };
}

static Slice
_name(Slice text)
{
  return slice_head(text, NAME_MAX_LEN);
}

gsize
stored_entry_bytes(const JournalEntry *entry)
{
  Texts texts = _texts(&entry->frame);
  gsize names = _name(entry->frame.host).len + _name(entry->frame.node).len + _name(entry->frame.program).len
                + _name(entry->queue_id).len;

  return PADDED(sizeof(StoredEntry) + names + texts.raw.len + (texts.text_in_raw ? 0 : texts.text.len));
}

gboolean
block_has_room(const Block *self, gsize bytes)
{
  return self->used + bytes + JOURNAL_BLOCK_END_BYTES <= JOURNAL_BLOCK_BYTES;
}

static guint32
_checksum(guint64 block_number, const StoredEntry *stored)
{
  const guint8 *begin = (const guint8 *) stored + sizeof(stored->checksum);

  return (guint32) XXH3_64bits_withSeed(begin, stored->len - sizeof(stored->checksum), block_number);
}

/* the end behind an entry stands there first: a process that ends while it adds one leaves nothing else behind */
static StoredEntry *
_begin(Block *self, gsize bytes)
{
  memset(self->base + self->used + bytes, 0, JOURNAL_BLOCK_END_BYTES);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  return (StoredEntry *) (self->base + self->used);
}

static void
_seal(Block *self, StoredEntry *stored)
{
  self->used += stored->len;
  stored->checksum = _checksum(self->number, stored);
}

static guint16
_put_name(guint8 **to, Slice text)
{
  text = _name(text);
  if (text.len)
    memcpy(*to, text.str, text.len);
  *to += text.len;
  return (guint16) text.len;
}

static guint32
_put_text(guint8 **to, Slice text)
{
  if (text.len)
    memcpy(*to, text.str, text.len);
  *to += text.len;
  return (guint32) text.len;
}

static void
_put_texts(StoredEntry *stored, guint8 **to, const Frame *frame)
{
  Texts texts = _texts(frame);

  stored->raw_len = _put_text(to, texts.raw);
  if (texts.text_in_raw)
    {
      stored->flags |= JF_TEXT_IN_RAW;
      stored->hash = (guint64) (texts.text.str - texts.raw.str);
      stored->text_len = (guint32) texts.text.len;
    }
  else
    stored->text_len = _put_text(to, texts.text);
}

StoredEntry *
block_add(Block *self, const JournalEntry *entry, gsize bytes, guint64 group)
{
  StoredEntry *stored = _begin(self, bytes);
  guint8 *to = (guint8 *) (stored + 1);
  const Frame *frame = &entry->frame;

  *stored = (StoredEntry) { .len = (guint32) bytes, .seq = entry->seq, .group = group, .hash = entry->hash,
                            .clock_usec = entry->clock_usec,
                            .number = entry->number, .pid = frame->pid, .offset_sec = frame->stamp.offset_sec,
                            .kind = (guint8) entry->kind, .flags = (guint8) entry->flags };
  stored->usec = entry->usec ? entry->usec : frame->stamp.local_usec;
  stored->host_len = _put_name(&to, frame->host);
  stored->node_len = _put_name(&to, frame->node);
  stored->program_len = _put_name(&to, frame->program);
  stored->queue_id_len = _put_name(&to, entry->queue_id);
  _put_texts(stored, &to, frame);
  memset(to, 0, (gsize) ((guint8 *) stored + bytes - to));
  _seal(self, stored);
  return stored;
}

StoredEntry *
block_copy(Block *self, const StoredEntry *from)
{
  StoredEntry *stored = _begin(self, from->len);

  memcpy(stored, from, from->len);
  _seal(self, stored);
  return stored;
}

static gboolean
_lengths_fit(const StoredEntry *stored)
{
  gsize names = (gsize) stored->host_len + stored->node_len + stored->program_len + stored->queue_id_len;
  gsize texts = stored->raw_len;

  if (stored->flags & JF_TEXT_IN_RAW)
    {
      if (stored->hash > stored->raw_len || stored->text_len > stored->raw_len - stored->hash)
        return FALSE;
    }
  else
    texts += stored->text_len;
  return stored->kind < JOURNAL_KIND_COUNT && sizeof(StoredEntry) + names + texts <= stored->len;
}

static gboolean
_has_place(const StoredEntry *stored, gsize room)
{
  return room >= sizeof(StoredEntry) && stored->len >= sizeof(StoredEntry) && stored->len <= room
         && stored->len % 8 == 0;
}

gboolean
block_entry_is_whole(const Block *self, const StoredEntry *stored)
{
  return stored->checksum == _checksum(self->number, stored) && _lengths_fit(stored);
}

const StoredEntry *
block_step(const Block *self, guint32 *at)
{
  *at = MAX(*at, (guint32) sizeof(BlockHead));

  const StoredEntry *stored = (const StoredEntry *) (self->base + *at);
  if (!_has_place(stored, JOURNAL_BLOCK_BYTES - *at))
    return NULL;
  *at += stored->len;
  return stored;
}

/* the process ended while it added the last one */
static gboolean
_is_unfinished(const StoredEntry *stored, gsize room)
{
  static const guint8 end[JOURNAL_BLOCK_END_BYTES];

  return stored->len <= room && room - stored->len >= sizeof(end)
         && memcmp((const guint8 *) stored + stored->len, end, sizeof(end)) == 0;
}

const StoredEntry *
block_next(const Block *self, guint32 *at, gboolean *torn)
{
  gsize room;

  if (*at < sizeof(BlockHead))
    *at = sizeof(BlockHead);
  room = JOURNAL_BLOCK_BYTES - *at;
  const StoredEntry *stored = (const StoredEntry *) (self->base + *at);
  *torn = FALSE;
  if (room < offsetof(StoredEntry, seq) || stored->len == 0)
    return NULL;
  if (!_has_place(stored, room) || !block_entry_is_whole(self, stored))
    {
      *torn = !_is_unfinished(stored, room);
      return NULL;
    }
  *at += stored->len;
  return stored;
}

static Slice
_take(const gchar **at, gsize len)
{
  Slice text = slice_new(*at, len);

  *at += len;
  return text;
}

void
stored_entry_read(const StoredEntry *self, JournalEntry *out)
{
  const gchar *at = (const gchar *) (self + 1);

  *out = (JournalEntry) { .kind = (JournalKind) self->kind, .flags = self->flags, .seq = self->seq, .usec = self->usec,
                          .clock_usec = self->clock_usec,
                          .hash = self->hash, .number = self->number };
  out->frame.stamp = (Stamp) { self->usec, self->offset_sec };
  out->frame.pid = self->pid;
  out->frame.has_header = (self->flags & JF_HAS_HEADER) != 0;
  out->frame.host = _take(&at, self->host_len);
  out->frame.node = _take(&at, self->node_len);
  out->frame.program = _take(&at, self->program_len);
  out->queue_id = _take(&at, self->queue_id_len);
  out->frame.raw = _take(&at, self->raw_len);
  if (self->flags & JF_TEXT_IN_RAW)
    out->frame.text = slice_new(out->frame.raw.str + self->hash, self->text_len);
  else
    out->frame.text = _take(&at, self->text_len);
}
