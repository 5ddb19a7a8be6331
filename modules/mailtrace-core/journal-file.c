/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define VERSION 2
#define MAGIC "mailtrace journal"
#define BYTE_ORDER_MARK 0x01020304u
#define SPARE_BLOCKS_MAX 2       /* kept mapped for the next use */
#define RETIRED_BLOCKS_MAX 64    /* wait for the disk no longer than this */

typedef struct _FileHead
{
  gchar magic[24];
  guint32 byte_order, version, block_bytes, unused;
  guint64 seed;
  guint64 checksum;
} FileHead;

/* the head page ends with two of them */
typedef struct _Mark
{
  guint64 number;     /* of a block */
  guint64 checksum;
} Mark;

#define FLOOR_AT (JOURNAL_HEAD_BYTES - (off_t) sizeof(Mark))   /* blocks of lower numbers are over, all at once */
/* While it is above the floor, a run has not yet added all that lived before it: its blocks, from this number on, do
 * not count, the past does. */
#define TRIAL_AT (FLOOR_AT - (off_t) sizeof(Mark))

struct _JournalFile
{
  gatomicrefcount references;
  gchar *path;
  gint fd;
  gboolean read_only;
  GMutex lock;               /* covers all that follows */
  guint64 seed, next_number;
  guint64 floor, first_own;  /* number of the first block that counts, of the first one of this run */
  gint32 n_places;           /* in the file */
  GArray *holes;             /* places without a block */
  GQueue spare;              /* Block: free, mapped */
  GQueue retired;            /* Block, oldest first: free after the next sync */
  GQueue past;               /* Block: what earlier runs left */
  guint64 syncs_begun;       /* 0: nobody syncs */
  guint64 torn_blocks;
  gint full_errno;
};

static off_t
_offset(gint32 index)
{
  return JOURNAL_HEAD_BYTES + (off_t) index * JOURNAL_BLOCK_BYTES;
}

static guint64
_head_checksum(const BlockHead *head)
{
  return XXH3_64bits_withSeed(head, offsetof(BlockHead, checksum), VERSION);
}

static void
_write_head(Block *block)
{
  BlockHead head = { block->number, block->owner, 0 };

  head.checksum = _head_checksum(&head);
  memset(block->base + sizeof(head), 0, JOURNAL_BLOCK_END_BYTES);
  memcpy(block->base, &head, sizeof(head));
  block->used = sizeof(head);
}

static Block *
_block_new(guint8 *base, guint64 number, gint32 index)
{
  Block *block = g_new0(Block, 1);

  *block = (Block) { .link = { .data = block }, .base = base, .number = number, .index = index };
  return block;
}

/* a mapping that is left would keep the file locked */
void
block_free(Block *block)
{
  if (block->in_heap)
    g_free(block->base);
  else
    munmap(block->base, JOURNAL_BLOCK_BYTES);
  g_free(block);
}

/* holes of the file are filled for real: a full disk is an error here, not a signal later */
static guint8 *
_map_place(JournalFile *self, gint32 index)
{
  gint error = posix_fallocate(self->fd, _offset(index), JOURNAL_BLOCK_BYTES);
  gpointer base = MAP_FAILED;

  if (!error)
    {
      base = mmap(NULL, JOURNAL_BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, self->fd,
                  _offset(index));
      error = base == MAP_FAILED ? errno : 0;
    }
  self->full_errno = error;
  return error ? NULL : base;
}

static gint32
_free_place(JournalFile *self)
{
  gint32 index;

  if (!self->holes->len)
    return self->n_places++;
  index = g_array_index(self->holes, gint32, self->holes->len - 1);
  g_array_set_size(self->holes, self->holes->len - 1);
  return index;
}

/* where holes cannot be made the bytes stay the file's until they are used again */
static void
_give_back_place(JournalFile *self, gint32 index)
{
  gint ignored = fallocate(self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, _offset(index), JOURNAL_BLOCK_BYTES);

  (void) ignored;
  g_array_append_val(self->holes, index);
}

static Block *
_take_block(JournalFile *self)
{
  Block *block = g_queue_pop_head(&self->spare);

  if (block || self->full_errno)
    return block;
  gint32 index = _free_place(self);
  guint8 *base = _map_place(self, index);
  if (!base)
    {
      _give_back_place(self, index);
      return NULL;
    }
  return _block_new(base, 0, index);
}

Block *
journal_file_take_block(JournalFile *self, guint64 number, guint64 owner)
{
  Block *block;

  g_mutex_lock(&self->lock);
  block = _take_block(self);
  if (block)
    {
      block->number = number ? number : self->next_number++;
      block->owner = owner ? owner : block->number;
    }
  g_mutex_unlock(&self->lock);
  if (block)
    _write_head(block);
  return block;
}

Block *
block_new_in_memory(JournalFile *file, guint64 owner)
{
  Block *block = _block_new(g_malloc(JOURNAL_BLOCK_BYTES), 0, -1);

  block->in_heap = TRUE;
  g_mutex_lock(&file->lock);
  block->number = file->next_number++;
  g_mutex_unlock(&file->lock);
  block->owner = owner ? owner : block->number;
  _write_head(block);
  return block;
}

gboolean
journal_file_place_block(JournalFile *self, Block *block)
{
  Block *place = journal_file_take_block(self, block->number, block->owner);

  if (!place)
    return FALSE;
  memcpy(place->base + sizeof(BlockHead), block->base + sizeof(BlockHead),
         block->used + JOURNAL_BLOCK_END_BYTES - sizeof(BlockHead));
  g_free(block->base);
  block->base = place->base;
  block->index = place->index;
  block->in_heap = FALSE;
  g_free(place);
  return TRUE;
}

static void
_free_block(JournalFile *self, Block *block)
{
  memset(block->base, 0, sizeof(BlockHead));
  if (self->spare.length < SPARE_BLOCKS_MAX)
    {
      g_queue_push_tail(&self->spare, block);
      return;
    }
  gint32 index = block->index;
  block_free(block);
  _give_back_place(self, index);
}

static void
_free_retired(JournalFile *self, guint64 before)
{
  while (self->retired.length)
    {
      Block *block = g_queue_peek_head(&self->retired);

      if (block->retired_at >= before && self->retired.length <= RETIRED_BLOCKS_MAX)
        return;
      g_queue_pop_head(&self->retired);
      _free_block(self, block);
    }
}

void
journal_file_retire_block(JournalFile *self, Block *block)
{
  if (block->index < 0)
    {
      block_free(block);
      return;
    }
  g_mutex_lock(&self->lock);
  block->retired_at = self->syncs_begun;
  g_queue_push_tail(&self->retired, block);
  _free_retired(self, self->syncs_begun ? 0 : 1);
  g_mutex_unlock(&self->lock);
}

static gboolean
_forget_hole(JournalFile *self, gint32 index)
{
  for (guint i = 0; i < self->holes->len; i++)
    if (g_array_index(self->holes, gint32, i) == index)
      {
        g_array_remove_index_fast(self->holes, i);
        return TRUE;
      }
  return FALSE;
}

static void
_cut_holes_at_end(JournalFile *self)
{
  gint32 n_places = self->n_places;

  while (n_places > 0 && _forget_hole(self, n_places - 1))
    n_places--;
  if (n_places < self->n_places && ftruncate(self->fd, _offset(n_places)) == 0)
    self->n_places = n_places;
}

void
journal_file_tidy(JournalFile *self)
{
  g_mutex_lock(&self->lock);
  self->full_errno = 0;
  while (self->spare.length > 1)
    {
      Block *block = g_queue_pop_tail(&self->spare);
      gint32 index = block->index;
      block_free(block);
      _give_back_place(self, index);
    }
  _cut_holes_at_end(self);
  g_mutex_unlock(&self->lock);
}

static FileHead
_make_head(guint64 seed)
{
  FileHead head = { .magic = MAGIC, .byte_order = BYTE_ORDER_MARK, .version = VERSION,
                    .block_bytes = JOURNAL_BLOCK_BYTES, .seed = seed };

  head.checksum = XXH3_64bits(&head, offsetof(FileHead, checksum));
  return head;
}

/* NULL: the head is that of a journal we can read; else what it is, to be freed */
static gchar *
_judge_head(const FileHead *head)
{
  if (memcmp(head->magic, MAGIC, sizeof(MAGIC)) != 0)
    return g_strdup("is no journal");
  if (head->byte_order != BYTE_ORDER_MARK)
    return g_strdup("was written by a machine of another byte order");
  if (head->version != VERSION)
    return g_strdup_printf("has version %u, this program knows version %d", head->version, VERSION);
  if (head->block_bytes != JOURNAL_BLOCK_BYTES || head->checksum != XXH3_64bits(head, offsetof(FileHead, checksum)))
    return g_strdup("is damaged at its head");
  return NULL;
}

static gboolean
_write_all(gint fd, gconstpointer bytes, gsize len)
{
  return pwrite(fd, bytes, len, 0) == (gssize) len;
}

static gboolean
_begin_file(JournalFile *self, guint64 seed)
{
  FileHead head = _make_head(seed);

  self->seed = seed;
  return ftruncate(self->fd, 0) == 0 && posix_fallocate(self->fd, 0, JOURNAL_HEAD_BYTES) == 0
         && _write_all(self->fd, &head, sizeof(head));
}

static JournalFile *
_file_new(const gchar *path, gboolean read_only)
{
  JournalFile *self = g_new0(JournalFile, 1);

  g_atomic_ref_count_init(&self->references);
  g_mutex_init(&self->lock);
  self->path = g_strdup(path);
  self->fd = -1;
  self->read_only = read_only;
  self->next_number = 1;
  self->holes = g_array_new(FALSE, FALSE, sizeof(gint32));
  return self;
}

static const gchar *
_open_fd(JournalFile *self)
{
  struct stat status;

  self->fd = self->read_only ? open(self->path, O_RDONLY | O_CLOEXEC)
             : open(self->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->fd < 0 || fstat(self->fd, &status) < 0)
    return g_strerror(errno);
  if (!S_ISREG(status.st_mode))
    return "is not a regular file";
  if (!self->read_only && flock(self->fd, LOCK_EX | LOCK_NB) < 0)
    return errno == EWOULDBLOCK ? "is in use by another parser or process" : g_strerror(errno);
  return NULL;
}

static guint64
_mark_checksum(guint64 number)
{
  return XXH3_64bits_withSeed(&number, sizeof(number), VERSION);
}

/* 0: there is none */
static guint64
_read_mark(const JournalFile *self, off_t at)
{
  Mark mark = { 0 };
  gboolean is_read = pread(self->fd, &mark, sizeof(mark), at) == (gssize) sizeof(mark);

  return is_read && mark.checksum == _mark_checksum(mark.number) ? mark.number : 0;
}

static gboolean
_write_mark(const JournalFile *self, off_t at, guint64 number)
{
  Mark mark = { number, _mark_checksum(number) };

  return pwrite(self->fd, &mark, sizeof(mark), at) == (gssize) sizeof(mark);
}

static gboolean
_has_block(JournalFile *self, gint32 index, BlockHead *head)
{
  return pread(self->fd, head, sizeof(*head), _offset(index)) == (gssize) sizeof(*head) && head->number
         && head->number >= self->floor && head->checksum == _head_checksum(head);
}

/* a file that is in use may be cut at any time: it is not mapped */
static guint8 *
_copy_place(JournalFile *self, gint32 index)
{
  guint8 *base = g_malloc0(JOURNAL_BLOCK_BYTES);
  gssize got = pread(self->fd, base, JOURNAL_BLOCK_BYTES, _offset(index));

  (void) got;
  return base;
}

static Block *
_past_block(JournalFile *self, gint32 index, gboolean whole)
{
  BlockHead head;
  Block *block;

  if (!_has_block(self, index, &head))
    return NULL;
  block = _block_new(NULL, head.number, index);
  block->owner = head.owner;
  block->is_cut = !whole;
  if (whole && !self->read_only)
    block->base = mmap(NULL, JOURNAL_BLOCK_BYTES, PROT_READ, MAP_SHARED, self->fd, _offset(index));
  block->in_heap = !block->base || block->base == MAP_FAILED;
  if (block->in_heap)
    block->base = _copy_place(self, index);
  return block;
}

static gint
_compare_blocks(gconstpointer a, gconstpointer b, gpointer unused)
{
  const Block *x = a, *y = b;

  return x->number < y->number ? -1 : x->number > y->number;
}

static void
_add_past(JournalFile *self, gint32 index, gboolean whole, guint64 trial)
{
  Block *block = _past_block(self, index, whole);

  if (!block)
    {
      g_array_append_val(self->holes, index);
      return;
    }
  self->next_number = MAX(self->next_number, block->number + 1);
  if (block->number < trial)
    {
      g_queue_push_tail_link(&self->past, &block->link);
      return;
    }
  block_free(block);
  if (!self->read_only)
    _give_back_place(self, index);
}

static void
_find_past(JournalFile *self)
{
  struct stat status;

  if (fstat(self->fd, &status) < 0 || status.st_size <= JOURNAL_HEAD_BYTES)
    return;
  self->floor = _read_mark(self, FLOOR_AT);
  guint64 trial = _read_mark(self, TRIAL_AT);
  gboolean tried = trial > self->floor;
  self->next_number = MAX(self->next_number, self->floor);
  self->n_places = (gint32) ((status.st_size - JOURNAL_HEAD_BYTES + JOURNAL_BLOCK_BYTES - 1) / JOURNAL_BLOCK_BYTES);
  for (gint32 index = 0; index < self->n_places; index++)
    _add_past(self, index, _offset(index + 1) <= status.st_size, tried ? trial : G_MAXUINT64);
  g_queue_sort(&self->past, _compare_blocks, NULL);
  self->first_own = self->next_number;
  if (self->past.length && !tried && !self->read_only)
    _write_mark(self, TRIAL_AT, self->first_own);
}

void
journal_file_replay(JournalFile *self, JournalVisitor visit, gpointer data)
{
  GArray *entries = blocks_find_entries(&self->past, &self->torn_blocks);
  gboolean goes_on = TRUE;

  for (guint i = 0; i < entries->len && goes_on; i++)
    {
      JournalEntry entry;

      stored_entry_read(g_array_index(entries, const StoredEntry *, i), &entry);
      goes_on = visit(&entry, data);
    }
  g_array_free(entries, TRUE);
}

static void
_free_past(JournalFile *self)
{
  const BlockHead none = { 0 };
  GList *link;

  while ((link = g_queue_pop_head_link(&self->past)))
    {
      Block *block = link->data;

      if (pwrite(self->fd, &none, sizeof(none), _offset(block->index)) == (gssize) sizeof(none))
        _give_back_place(self, block->index);
      block_free(block);
    }
  _cut_holes_at_end(self);
}

gboolean
journal_file_forget_past(JournalFile *self, gboolean sync)
{
  if (sync && fdatasync(self->fd) < 0)
    return FALSE;
  if (!_write_mark(self, FLOOR_AT, self->first_own) || (sync && fdatasync(self->fd) < 0))
    return FALSE;
  g_mutex_lock(&self->lock);
  _free_past(self);
  g_mutex_unlock(&self->lock);
  return TRUE;
}

gboolean
journal_file_keeps_past(JournalFile *self)
{
  g_mutex_lock(&self->lock);
  gboolean keeps_past = self->past.length > 0;
  g_mutex_unlock(&self->lock);
  return keeps_past;
}

void
journal_file_sync(JournalFile *self)
{
  g_mutex_lock(&self->lock);
  guint64 begun = ++self->syncs_begun;
  g_mutex_unlock(&self->lock);
  if (fdatasync(self->fd) < 0)
    return;
  g_mutex_lock(&self->lock);
  _free_retired(self, begun);
  g_mutex_unlock(&self->lock);
}

static void
_discard(JournalFile *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link(&self->past)))
    block_free(link->data);
  while ((link = g_queue_pop_head_link(&self->retired)))
    block_free(link->data);
  while ((link = g_queue_pop_head_link(&self->spare)))
    block_free(link->data);
  if (self->fd >= 0)
    close(self->fd);
  g_array_free(self->holes, TRUE);
  g_mutex_clear(&self->lock);
  g_free(self->path);
  g_free(self);
}

JournalFile *
journal_file_ref(JournalFile *self)
{
  g_atomic_ref_count_inc(&self->references);
  return self;
}

void
journal_file_unref(JournalFile *self)
{
  if (self && g_atomic_ref_count_dec(&self->references))
    _discard(self);
}

void
journal_file_remove(JournalFile *self)
{
  unlink(self->path);
}

const gchar *
journal_file_path(const JournalFile *self)
{
  return self->path;
}

guint64
journal_file_seed(const JournalFile *self)
{
  return self->seed;
}

void
journal_file_get_status(JournalFile *self, JournalFileStatus *out)
{
  g_mutex_lock(&self->lock);
  *out = (JournalFileStatus)
  {
    .bytes = JOURNAL_HEAD_BYTES + (guint64) (self->n_places - (gint32) self->holes->len) * JOURNAL_BLOCK_BYTES,
    .torn_blocks = self->torn_blocks, .full_errno = self->full_errno, .keeps_past = self->past.length > 0,
  };
  g_mutex_unlock(&self->lock);
}

/* NULL: it has a head that can be read; else what is wrong with it, to be freed */
static gchar *
_read_file_head(JournalFile *self)
{
  FileHead head = { 0 };
  struct stat status = { 0 };
  gboolean is_read = pread(self->fd, &head, sizeof(head), 0) >= 0 && fstat(self->fd, &status) == 0;
  gchar *problem = is_read ? _judge_head(&head) : g_strdup(g_strerror(errno));

  if (!problem && status.st_size < JOURNAL_HEAD_BYTES)
    problem = g_strdup("ends in its head");
  self->seed = head.seed;
  return problem;
}

static gboolean
_is_empty(JournalFile *self)
{
  struct stat status;

  return fstat(self->fd, &status) == 0 && status.st_size == 0;
}

static JournalFile *
_fail(JournalFile *self, const gchar *why, gchar **problem)
{
  *problem = g_strdup(why);
  _discard(self);
  return NULL;
}

JournalFile *
journal_file_open_read_only(const gchar *path, gchar **problem)
{
  JournalFile *self = _file_new(path, TRUE);
  const gchar *why = _open_fd(self);

  if (why)
    return _fail(self, why, problem);
  *problem = _is_empty(self) ? g_strdup("is empty") : _read_file_head(self);
  if (*problem)
    {
      _discard(self);
      return NULL;
    }
  _find_past(self);
  return self;
}

static gchar *
_move_aside(const gchar *path, const gchar *what)
{
  gchar *aside = g_strdup_printf("%s.unreadable", path), *notice;

  if (rename(path, aside) == 0)
    notice = g_strdup_printf("the journal %s %s: moved to %s, a new one was begun", path, what, aside);
  else
    notice = g_strdup_printf("the journal %s %s and cannot be moved to %s (%s)", path, what, aside, g_strerror(errno));
  g_free(aside);
  return notice;
}

JournalFile *
journal_file_open(const gchar *path, guint64 seed, gchar **problem, gchar **notice)
{
  JournalFile *self = _file_new(path, FALSE);
  const gchar *why = _open_fd(self);
  gchar *unreadable;

  *problem = *notice = NULL;
  if (why)
    return _fail(self, why, problem);
  if (_is_empty(self))
    return _begin_file(self, seed) ? self : _fail(self, g_strerror(errno), problem);
  unreadable = _read_file_head(self);
  if (!unreadable)
    {
      _find_past(self);
      return self;
    }
  _discard(self);
  *notice = _move_aside(path, unreadable);
  g_free(unreadable);
  self = _file_new(path, FALSE);
  why = _open_fd(self);
  if (!why && _is_empty(self) && _begin_file(self, seed))
    return self;
  why = why ? why : "cannot be begun anew";
  return _fail(self, why, problem);
}
