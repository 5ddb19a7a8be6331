/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GLib's locks are futexes of its own, which the thread sanitizer does not see: these tell it */
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#include <dlfcn.h>

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

void
g_mutex_lock(GMutex *mutex)
{
  static __typeof__(&g_mutex_lock) real;

  if (!real)
    real = REAL(g_mutex_lock);
  real(mutex);
  __tsan_acquire(mutex);
}

void
g_mutex_unlock(GMutex *mutex)
{
  static __typeof__(&g_mutex_unlock) real;

  if (!real)
    real = REAL(g_mutex_unlock);
  __tsan_release(mutex);
  real(mutex);
}

void
g_cond_wait(GCond *cond, GMutex *mutex)
{
  static __typeof__(&g_cond_wait) real;

  if (!real)
    real = REAL(g_cond_wait);
  __tsan_release(mutex);
  real(cond, mutex);
  __tsan_acquire(mutex);
}

gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
  static __typeof__(&g_cond_wait_until) real;

  if (!real)
    real = REAL(g_cond_wait_until);
  __tsan_release(mutex);
  gboolean signalled = real(cond, mutex, end_time);
  __tsan_acquire(mutex);
  return signalled;
}

void
(g_atomic_ref_count_init)(gatomicrefcount *count)
{
  __atomic_store_n(count, 1, __ATOMIC_SEQ_CST);
}

void
(g_atomic_ref_count_inc)(gatomicrefcount *count)
{
  __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
}

gboolean
(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
  return __atomic_sub_fetch(count, 1, __ATOMIC_SEQ_CST) == 0;
}
