/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Journal: the lines that open messages and sessions are made of, kept in a file so that they survive the process.
 *
 * A file is a header page and blocks of JOURNAL_BLOCK_BYTES, allocated for real and mapped into memory: adding an
 * entry is a copy and a checksum, no system call, and what was added survives the process, whatever ends it.  Entries
 * are only ever added.  Each belongs to a group (a message, a session, a connection) and lives as long as its group;
 * the oldest block of a part is given up when enough of what is stored has died, after its living entries were added
 * again.
 *
 * One JournalFile serves several Journals, one for each tracker.  A Journal is not thread-safe (its tracker's lock
 * covers it), a JournalFile is.  Numbers are stored in the byte order of the machine; a file of another order is not
 * read.
 */
#ifndef MAILTRACE_JOURNAL_H_INCLUDED
#define MAILTRACE_JOURNAL_H_INCLUDED

#include "mailtrace/frame.h"

#define JOURNAL_BLOCK_BYTES (1024 * 1024)
#define JOURNAL_TEXT_MAX (256 * 1024)   /* bytes of a line that are kept */

typedef struct _JournalFile JournalFile;
typedef struct _Journal Journal;
typedef guint32 JournalGroup;           /* 0: none */

typedef enum _JournalKind
{
  JK_NONE,
  JK_LINE,            /* a line as it was fed */
  JK_RECORD,          /* a record put together from pieces, which are over with it */
  JK_MESSAGE_END,     /* a queue id is done for good: its documents arrived */
  JK_SESSION_END,     /* a session ended, by its close line or not */
  JK_LINE_END,        /* a line whose document stands for itself */
  JK_REVISION,        /* a document that time brought about was made, or arrived */
  JK_HOST,            /* what was learned about a host */
  JK_DEAD,            /* groups that died: the file's own */
  JK_LINK,            /* one message caused another one, of which nothing else may be left */
  JOURNAL_KIND_COUNT
} JournalKind;

/* "line", "record", ...; static */
const gchar *journal_kind_name(JournalKind kind);

enum
{
  JF_RECORD_CUT = 1 << 0,        /* JK_RECORD: pieces are missing */
  JF_RECORD_AT_FEED = 1 << 1,    /* JK_RECORD: more lines of it stood behind */
  JF_HAS_HEADER = 1 << 2,        /* JK_LINE, JK_RECORD: Frame.has_header */
  JF_ARRIVED = 1 << 3,           /* JK_REVISION: the document was acknowledged */
  JF_IS_CAUSE = 1 << 3,          /* JK_LINK: the text names the cause; else the bounce */
  JF_LOGS_DKIM = 1 << 4,         /* JK_HOST, JK_LINE, JK_RECORD: the host's lines up to there did */
  JF_LOGS_SPAM = 1 << 5,
  JF_TEXT_IN_RAW = 1 << 6,       /* set by journal_add() */
  JF_OFFSET_SURE = 1 << 7,       /* JK_HOST */
  JF_TELLS_OFFSET = 1 << 7,      /* JK_LINE, JK_RECORD: the host took its offset from it */
};

/* one entry; slices point into what was given, or into the file until journal_file_forget_past() */
typedef struct _JournalEntry
{
  JournalKind kind;
  guint flags;
  guint64 seq;        /* order within a host; given by the journal */
  gint64 usec;        /* JK_*_END: when it ended, UTC; JK_HOST: when its offset changed, UTC */
  gint64 clock_usec;  /* JK_LINE, JK_RECORD, JK_HOST: the host's clock; JK_SESSION_END: its first stamp, local */
  guint64 hash;       /* JK_*_END: of the tombstone; with the file's seed */
  guint32 number;     /* JK_MESSAGE_END: generation; JK_SESSION_END: end reason; JK_REVISION: revision;
                       * JK_HOST: offset before the change */
  Frame frame;        /* JK_LINE, JK_RECORD; JK_LINK: host and text, the id of the other document; else only host and
                       * pid (and node), where they are known */
  Slice queue_id;     /* JK_MESSAGE_END, JK_REVISION, JK_LINK; JK_LINE: source of its offset */
} JournalEntry;

/*
 * The file
 */

/* Opens or makes it (mode 0600).  seed is kept in a new file; a known file has its own.  NULL, and *problem (to be
 * freed): not readable or writable, or in use by another parser or process.  A file that is no journal, is damaged at
 * its head, or is of another version is moved aside, to PATH.unreadable, and *notice (to be freed) says so. */
JournalFile *journal_file_open(const gchar *path, guint64 seed, gchar **problem, gchar **notice);
/* to look into it while it may be in use */
JournalFile *journal_file_open_read_only(const gchar *path, gchar **problem);
JournalFile *journal_file_ref(JournalFile *self);
void journal_file_unref(JournalFile *self);

const gchar *journal_file_path(const JournalFile *self);
guint64 journal_file_seed(const JournalFile *self);

/* What earlier runs left, in order, each entry once.  Ends early when visit returns FALSE. */
typedef gboolean (*JournalVisitor)(const JournalEntry *entry, gpointer data);
void journal_file_replay(JournalFile *self, JournalVisitor visit, gpointer data);
/* All that lives was added again, durably (journal_is_durable()): that counts from now on, and no longer the past,
 * whose blocks may be used again.  Until then a run that ends leaves the past as it was, and nothing else: lines fed
 * before should not be acknowledged to their source.  sync: on the disk too, so that a machine that stops loses none
 * of it; this waits for the disk.  FALSE: it cannot be written, the past is kept. */
gboolean journal_file_forget_past(JournalFile *self, gboolean sync);

/* writes what was added to the disk; blocks, for a thread that may wait */
void journal_file_sync(JournalFile *self);
/* about once a second: tries again after a full disk, gives unused blocks back to the file system */
void journal_file_tidy(JournalFile *self);
/* ends the use of the file and removes it */
void journal_file_remove(JournalFile *self);

typedef struct _JournalFileStatus
{
  guint64 bytes;          /* of the disk, in use */
  guint64 torn_blocks;    /* of those replayed: damaged, more stood there than could be read */
  gint full_errno;        /* why no block could be had at the last attempt, 0: none was refused */
  gboolean keeps_past;    /* blocks of earlier runs are still kept */
} JournalFileStatus;

void journal_file_get_status(JournalFile *self, JournalFileStatus *out);

/*
 * A tracker's part of it
 */

/* TRUE: the entry is still wanted although its group has died; for JK_*_END and JK_HOST */
typedef gboolean (*JournalKeep)(const JournalEntry *entry, gpointer data);

Journal *journal_new(JournalKeep keep, gpointer data);
void journal_free(Journal *self);

/* From now on in that file (a reference is taken), or in none; all that lives moves along. */
void journal_set_file(Journal *self, JournalFile *file);
gboolean journal_has_file(const Journal *self);

/* entries are numbered as lines come, also those that are added later on; 0 without a file */
guint64 journal_next_seq(Journal *self);
/* replay: the next entries were numbered up to seq */
void journal_skip_seq(Journal *self, guint64 seq);

/* a group has one reference at first; when the last goes, its entries are dead */
JournalGroup journal_group_new(Journal *self);
JournalGroup journal_group_ref(Journal *self, JournalGroup group);
void journal_group_unref(Journal *self, JournalGroup group);
/* the other group lives at least as long as group does */
void journal_group_hold(Journal *self, JournalGroup group, JournalGroup other);

/* copies the entry; entry->seq 0: the next one.  Nothing without a file. */
void journal_add(Journal *self, JournalGroup group, const JournalEntry *entry);

/* a tombstone was given up: its entry need not be kept any longer */
void journal_drop_end(Journal *self);

/* FALSE: the file could not take everything (the disk is full), what it lacks is held in memory.  Lines fed since then
 * should not be acknowledged to their source. */
gboolean journal_is_durable(const Journal *self);
/* about once a second: gives blocks up that are mostly dead, moves what is held in memory into the file */
void journal_tidy(Journal *self);

typedef struct _JournalStatus
{
  guint64 entries, bytes;       /* added in this run */
  guint64 living_bytes;
  guint64 lost_entries;         /* no room in memory either */
  guint blocks, blocks_in_memory;
} JournalStatus;

void journal_get_status(const Journal *self, JournalStatus *out);

#endif
