/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-block.h"

#define BLOCKS_IN_MEMORY_MAX 64   /* more than there were at the first tidy: until then all that lives is added */
#define BLOCKS_UNCLEANED 2        /* not worth cleaning up, whatever lives in them */
#define VICTIMS_A_BLOCK 2         /* blocks given up at most when one is begun */
#define VICTIMS_A_TIDY 8          /* the same each second */

/* a group; its entries name slot and generation */
typedef struct _Slot
{
  guint32 generation, references;
  JournalGroup held, also_held;   /* free: held is the next free slot */
  guint32 bytes;                  /* of its entries; NO_ENTRIES: it began in another file, whose entries are lost */
} Slot;

#define NO_ENTRIES G_MAXUINT32

struct _Journal
{
  JournalKeep keep;
  gpointer keep_data;
  JournalFile *file;
  GQueue blocks;           /* Block, oldest first; entries are added to the last one */
  guint n_in_memory, in_memory_max;
  guint64 seq;
  GArray *slots;           /* Slot; number 0 is not used */
  JournalGroup free_slot;
  guint64 owner;           /* of its blocks; 0: it has none yet */
  GArray *dead;            /* guint64: groups that died since the last mark of them */
  guint64 living_bytes;    /* of groups */
  guint64 n_ends, ends_bytes;
  gboolean cleaning;
  JournalStatus status;
};

static const gchar *const kind_names[JOURNAL_KIND_COUNT] =
{
  "none", "line", "record", "message-end", "session-end", "line-end", "revision", "host", "dead", "link"
};

const gchar *
journal_kind_name(JournalKind kind)
{
  return kind_names[kind < JOURNAL_KIND_COUNT ? kind : JK_NONE];
}

Journal *
journal_new(JournalKeep keep, gpointer data)
{
  Journal *self = g_new0(Journal, 1);

  self->keep = keep;
  self->keep_data = data;
  self->in_memory_max = G_MAXUINT;
  self->slots = g_array_new(FALSE, TRUE, sizeof(Slot));
  self->dead = g_array_new(FALSE, FALSE, sizeof(guint64));
  g_array_set_size(self->slots, 1);
  return self;
}

static Slot *
_slot(const Journal *self, JournalGroup group)
{
  return &g_array_index(self->slots, Slot, group);
}

static JournalGroup
_take_slot(Journal *self)
{
  JournalGroup group = self->free_slot;

  if (group)
    self->free_slot = _slot(self, group)->held;
  else
    {
      group = self->slots->len;
      g_array_set_size(self->slots, group + 1);
    }
  return group;
}

JournalGroup
journal_group_new(Journal *self)
{
  if (!self->file)
    return 0;

  JournalGroup group = _take_slot(self);
  Slot *slot = _slot(self, group);
  *slot = (Slot) { .generation = slot->generation, .references = 1 };
  return group;
}

JournalGroup
journal_group_ref(Journal *self, JournalGroup group)
{
  if (group)
    _slot(self, group)->references++;
  return group;
}

static guint64
_stored_group(const Journal *self, JournalGroup group)
{
  return group | (guint64) _slot(self, group)->generation << 32;
}

/* puts a group that has lost its last reference in front of the list of the dead, which is linked by their bytes */
static JournalGroup
_drop_reference(Journal *self, JournalGroup group, JournalGroup dead)
{
  Slot *slot = _slot(self, group);

  if (!group || --slot->references)
    return dead;
  if (slot->bytes != NO_ENTRIES)
    self->living_bytes -= slot->bytes;
  slot->bytes = dead;
  return group;
}

/* what a group held may die with it, and so on, without recursion: chains may be long */
void
journal_group_unref(Journal *self, JournalGroup group)
{
  JournalGroup dead = _drop_reference(self, group, 0);

  while (dead)
    {
      JournalGroup slot_number = dead;
      Slot slot = *_slot(self, slot_number);
      guint64 stored = _stored_group(self, slot_number);

      if (self->file)
        g_array_append_val(self->dead, stored);
      *_slot(self, slot_number) = (Slot) { .generation = slot.generation + 1, .held = self->free_slot };
      self->free_slot = slot_number;
      dead = _drop_reference(self, slot.held, slot.bytes);
      dead = _drop_reference(self, slot.also_held, dead);
    }
}

void
journal_group_hold(Journal *self, JournalGroup group, JournalGroup other)
{
  if (!group || !other || group == other)
    return;
  journal_group_ref(self, other);
  Slot *slot = _slot(self, group);
  if (!slot->held)
    slot->held = other;
  else if (!slot->also_held)
    slot->also_held = other;
  else
    {
      JournalGroup both = _take_slot(self);

      slot = _slot(self, group);
      *_slot(self, both) = (Slot) { .generation = _slot(self, both)->generation, .references = 1,
                                    .held = slot->also_held, .also_held = other };
      slot->also_held = both;
    }
}

static gboolean
_group_lives(const Journal *self, guint64 stored)
{
  JournalGroup group = (JournalGroup) stored;

  return group && group < self->slots->len && _slot(self, group)->generation == stored >> 32;
}

static gboolean
_is_end(guint kind)
{
  return kind == JK_MESSAGE_END || kind == JK_SESSION_END || kind == JK_LINE_END;
}

/* most are dead, and nothing else of them is asked for */
static gboolean
_lives(const Journal *self, const Block *block, const StoredEntry *stored)
{
  gboolean group_lives = _group_lives(self, stored->group);
  JournalEntry entry;

  if (!group_lives && !_is_end(stored->kind) && stored->kind != JK_HOST)
    return FALSE;
  if (!block_entry_is_whole(block, stored))
    return FALSE;
  if (group_lives)
    return TRUE;
  stored_entry_read(stored, &entry);
  return self->keep(&entry, self->keep_data);
}

static Block *
_last_block(const Journal *self)
{
  return self->blocks.tail ? self->blocks.tail->data : NULL;
}

/* what lives in the file is never moved into memory: the process may end.  While the past is kept none of it counts. */
static gboolean
_may_be_in_memory(const Journal *self)
{
  return !self->cleaning || journal_file_keeps_past(self->file);
}

static Block *
_new_block(Journal *self)
{
  Block *block = journal_file_take_block(self->file, 0, self->owner);

  if (!block && self->n_in_memory < self->in_memory_max && _may_be_in_memory(self))
    {
      block = block_new_in_memory(self->file, self->owner);
      self->n_in_memory++;
    }
  if (!block)
    return NULL;
  self->owner = block->owner;
  g_queue_push_tail_link(&self->blocks, &block->link);
  return block;
}

static Block *
_block_with_room(Journal *self, gsize bytes)
{
  Block *last = _last_block(self);

  if (self->n_in_memory && !_may_be_in_memory(self))
    return NULL;
  return last && block_has_room(last, bytes) ? last : _new_block(self);
}

static void
_retire(Journal *self, JournalFile *file, Block *block)
{
  g_queue_unlink(&self->blocks, &block->link);
  self->n_in_memory -= block->index < 0;
  journal_file_retire_block(file, block);
}

/* FALSE: there is no room for all */
static gboolean
_copy_living(Journal *self, const Block *from)
{
  const StoredEntry *stored;
  guint32 at = 0;

  while ((stored = block_step(from, &at)))
    if (_lives(self, from, stored))
      {
        Block *to = _block_with_room(self, stored->len);
        if (!to)
          return FALSE;
        block_copy(to, stored);
      }
  return TRUE;
}

static gboolean
_is_mostly_dead(const Journal *self)
{
  guint64 living = (self->living_bytes + self->ends_bytes) / JOURNAL_BLOCK_BYTES;

  return self->blocks.length > BLOCKS_UNCLEANED + 2 * living;
}

#define DEAD_A_MARK 8192

/* Before a block is given up, the file knows which groups are dead: of what is left of them, a part may be gone.
 * The mark is behind all their entries, so it stays as long as they do.  FALSE: there is no room. */
static gboolean
_mark_dead(Journal *self)
{
  while (self->dead->len)
    {
      guint n = MIN(self->dead->len, DEAD_A_MARK);
      JournalEntry mark = { .kind = JK_DEAD, .seq = self->seq };
      mark.frame.text = slice_new(self->dead->data, n * sizeof(guint64));
      gsize bytes = stored_entry_bytes(&mark);
      Block *block = _block_with_room(self, bytes);
      if (!block)
        return FALSE;
      block_add(block, &mark, bytes, 0);
      g_array_remove_range(self->dead, 0, n);
    }
  return TRUE;
}

/* the oldest blocks have had the longest time to die */
static void
_clean(Journal *self, guint victims)
{
  if (self->cleaning)
    return;
  self->cleaning = TRUE;
  while (victims-- && _is_mostly_dead(self) && self->blocks.head != self->blocks.tail)
    {
      Block *oldest = self->blocks.head->data;

      if (!_mark_dead(self) || !_copy_living(self, oldest))
        break;
      _retire(self, self->file, oldest);
    }
  self->cleaning = FALSE;
}

void
journal_set_file(Journal *self, JournalFile *file)
{
  JournalFile *old = self->file;
  GQueue blocks = self->blocks;

  if (file == old)
    return;
  self->file = file ? journal_file_ref(file) : NULL;
  self->blocks = (GQueue) G_QUEUE_INIT;
  self->n_in_memory = 0;
  self->owner = 0;
  g_array_set_size(self->dead, 0);
  for (GList *link = blocks.head, *next; link; link = next)
    {
      next = link->next;
      link->prev = link->next = NULL;
      if (file)
        _copy_living(self, link->data);
      journal_file_retire_block(old, link->data);
    }
  for (guint i = 1; !file && i < self->slots->len; i++)
    if (_slot(self, i)->references)
      _slot(self, i)->bytes = NO_ENTRIES;
  if (!file)
    self->living_bytes = self->ends_bytes = self->n_ends = 0;
  journal_file_unref(old);
}

gboolean
journal_has_file(const Journal *self)
{
  return self->file != NULL;
}

void
journal_free(Journal *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link(&self->blocks)))
    block_free(link->data);
  journal_file_unref(self->file);
  g_array_free(self->slots, TRUE);
  g_array_free(self->dead, TRUE);
  g_free(self);
}

guint64
journal_next_seq(Journal *self)
{
  return self->file ? ++self->seq : 0;
}

void
journal_skip_seq(Journal *self, guint64 seq)
{
  self->seq = MAX(self->seq, seq);
}

static void
_account(Journal *self, JournalGroup group, const JournalEntry *entry, gsize bytes)
{
  self->status.entries++;
  self->status.bytes += bytes;
  if (_is_end(entry->kind))
    {
      self->n_ends++;
      self->ends_bytes += bytes;
    }
  else if (group)
    {
      _slot(self, group)->bytes += (guint32) bytes;
      self->living_bytes += bytes;
    }
}

void
journal_add(Journal *self, JournalGroup group, const JournalEntry *entry)
{
  if (!self->file || (group && _slot(self, group)->bytes == NO_ENTRIES)
      || (!group && !_is_end(entry->kind) && entry->kind != JK_HOST))
    return;
  gsize bytes = stored_entry_bytes(entry);
  JournalEntry numbered = *entry;
  if (!numbered.seq)
    numbered.seq = self->seq + 1;
  journal_skip_seq(self, numbered.seq);
  if (!_last_block(self) || !block_has_room(_last_block(self), bytes))
    _clean(self, VICTIMS_A_BLOCK);
  Block *block = _block_with_room(self, bytes);
  if (!block)
    {
      self->status.lost_entries++;
      return;
    }
  block_add(block, &numbered, bytes, group ? _stored_group(self, group) : 0);
  _account(self, group, entry, bytes);
}

void
journal_drop_end(Journal *self)
{
  if (!self->n_ends)
    return;
  self->ends_bytes -= self->ends_bytes / self->n_ends;
  self->n_ends--;
}

gboolean
journal_is_durable(const Journal *self)
{
  return self->n_in_memory == 0;
}

static void
_place_blocks(Journal *self)
{
  for (GList *link = self->blocks.head; link && self->n_in_memory; link = link->next)
    {
      Block *block = link->data;

      if (block->index >= 0)
        continue;
      if (!journal_file_place_block(self->file, block))
        return;
      self->n_in_memory--;
    }
}

static void
_mark_dead_now(Journal *self)
{
  self->cleaning = TRUE;
  _mark_dead(self);
  self->cleaning = FALSE;
}

void
journal_tidy(Journal *self)
{
  if (!self->file)
    return;
  _place_blocks(self);
  _mark_dead_now(self);
  _clean(self, VICTIMS_A_TIDY);
  if (self->in_memory_max == G_MAXUINT)
    self->in_memory_max = self->n_in_memory + BLOCKS_IN_MEMORY_MAX;
}

void
journal_get_status(const Journal *self, JournalStatus *out)
{
  *out = self->status;
  out->living_bytes = self->living_bytes + self->ends_bytes;
  out->blocks = self->blocks.length;
  out->blocks_in_memory = self->n_in_memory;
}
