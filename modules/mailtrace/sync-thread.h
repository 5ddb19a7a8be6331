/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SyncThread: writes a journal to the disk every few seconds, so that it survives the machine; forwards nothing */
#ifndef MAILTRACE_SYNC_THREAD_H_INCLUDED
#define MAILTRACE_SYNC_THREAD_H_INCLUDED

#include "mailtrace/journal.h"

typedef struct _SyncThread SyncThread;

/* takes a reference of the file */
SyncThread *sync_thread_start(JournalFile *file, guint seconds);
/* writes a last time and waits for that; NULL is fine */
void sync_thread_stop(SyncThread *self);

#endif
