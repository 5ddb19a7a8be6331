/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sync-thread.h"

#include <signal.h>

struct _SyncThread
{
  GThread *thread;
  GMutex lock;
  GCond stop;
  gboolean stopping;
  JournalFile *file;
  guint seconds;
};

static gpointer
_run(gpointer s)
{
  SyncThread *self = s;
  gboolean stopping;

  do
    {
      gint64 until = g_get_monotonic_time() + (gint64) self->seconds * G_TIME_SPAN_SECOND;
      g_mutex_lock(&self->lock);
      while (!self->stopping && g_cond_wait_until(&self->stop, &self->lock, until))
        ;
      stopping = self->stopping;
      g_mutex_unlock(&self->lock);
      journal_file_sync(self->file);
    }
  while (!stopping);
  return NULL;
}

/* signals are for the threads of syslog-ng */
static GThread *
_start_without_signals(SyncThread *self)
{
  sigset_t all, before;

  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  GThread *thread = g_thread_new("mailtrace-sync", _run, self);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return thread;
}

SyncThread *
sync_thread_start(JournalFile *file, guint seconds)
{
  SyncThread *self = g_new0(SyncThread, 1);

  g_mutex_init(&self->lock);
  g_cond_init(&self->stop);
  self->file = journal_file_ref(file);
  self->seconds = seconds;
  self->thread = _start_without_signals(self);
  return self;
}

void
sync_thread_stop(SyncThread *self)
{
  if (!self)
    return;
  g_mutex_lock(&self->lock);
  self->stopping = TRUE;
  g_cond_signal(&self->stop);
  g_mutex_unlock(&self->lock);
  g_thread_join(self->thread);
  journal_file_unref(self->file);
  g_cond_clear(&self->stop);
  g_mutex_clear(&self->lock);
  g_free(self);
}
