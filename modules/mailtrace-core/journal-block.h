/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks of a journal: how entries are stored, and where blocks come from.  Knows bytes and files; must not know what
 * an entry is about, nor which entries live.
 *
 *   file  = header page, then blocks at JOURNAL_HEAD_BYTES + n * JOURNAL_BLOCK_BYTES
 *   block = BlockHead, then entries, then JOURNAL_BLOCK_END_BYTES of zero
 *
 * The checksum of an entry starts from its block's number: what an earlier use of the block left is no entry.
 */
#ifndef MAILTRACE_JOURNAL_BLOCK_H_INCLUDED
#define MAILTRACE_JOURNAL_BLOCK_H_INCLUDED

#include "mailtrace/journal.h"

#define JOURNAL_HEAD_BYTES 4096
#define JOURNAL_BLOCK_END_BYTES 8   /* checksum and length of an entry that is none */

typedef struct _BlockHead
{
  guint64 number;     /* 1, 2, ...: order of the blocks; 0: free */
  guint64 owner;      /* number of the first block of its part: groups are numbered within a part */
  guint64 checksum;   /* of both */
} BlockHead;

typedef struct _StoredEntry
{
  guint32 checksum;   /* of all that follows */
  guint32 len;        /* bytes, padded to 8 */
  guint64 seq;
  guint64 group;      /* means nothing to another process */
  gint64 usec, clock_usec;
  guint64 hash;       /* JF_TEXT_IN_RAW: where the text begins in raw */
  gint32 offset_sec;
  guint32 number;
  guint32 pid;
  guint32 text_len, raw_len;
  guint16 host_len, node_len, program_len, queue_id_len;
  guint8 kind, flags, unused[2];
  /* host, node, program, queue id, raw, text if it is not in raw */
} StoredEntry;

typedef struct _Block
{
  GList link;         /* .data = self */
  guint8 *base;       /* JOURNAL_BLOCK_BYTES */
  guint64 number, owner;
  guint32 used;
  gint32 index;       /* place in the file, -1: in memory only */
  gboolean is_cut;    /* of earlier runs: the file ends in it */
  gboolean in_heap;   /* base is allocated, not mapped */
  guint64 retired_at;
} Block;

/* bytes that the entry will take */
gsize stored_entry_bytes(const JournalEntry *entry);
/* writes the entry, of that many bytes, to the end of the block, where it must fit; what is stored */
StoredEntry *block_add(Block *self, const JournalEntry *entry, gsize bytes, guint64 group);
/* the same for one that is stored in another block */
StoredEntry *block_copy(Block *self, const StoredEntry *stored);
gboolean block_has_room(const Block *self, gsize bytes);

/* the entry at *at, which moves behind it; NULL at the end of what is whole; *torn says whether more stood there */
/* the entry behind the last one, whether it is whole or not; NULL at the end, or where no entry can be */
const StoredEntry *block_step(const Block *self, guint32 *at);
gboolean block_entry_is_whole(const Block *self, const StoredEntry *stored);

const StoredEntry *block_next(const Block *self, guint32 *at, gboolean *torn);
void stored_entry_read(const StoredEntry *self, JournalEntry *out);

/* journal-entries.c: const StoredEntry * each, to be replayed in this order; torn_blocks: those that are damaged */
GArray *blocks_find_entries(const GQueue *blocks, guint64 *torn_blocks);

/* an empty block in memory; owner 0: it is the first of its part */
Block *block_new_in_memory(JournalFile *file, guint64 owner);
void block_free(Block *block);

/* an empty block of the file, NULL when it cannot have one; number 0: the next one */
Block *journal_file_take_block(JournalFile *self, guint64 number, guint64 owner);
/* moves what a block in memory holds into the file; FALSE when there is no room */
gboolean journal_file_place_block(JournalFile *self, Block *block);
/* blocks of earlier runs are still kept */
gboolean journal_file_keeps_past(JournalFile *self);
/* the block's entries live elsewhere now, or not at all; the block is gone */
void journal_file_retire_block(JournalFile *self, Block *block);

#endif
