/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GLib's locks are futexes of its own, which the thread sanitizer does not see: these tell it */
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#include <dlfcn.h>

static __typeof__(&g_mutex_lock) real_lock;
static __typeof__(&g_mutex_unlock) real_unlock;
static __typeof__(&g_cond_wait) real_wait;
static __typeof__(&g_cond_wait_until) real_wait_until;

/* before there is a second thread; GLib itself may lock even earlier */
__attribute__((constructor)) static void
_find_real_ones(void)
{
  real_lock = (__typeof__(real_lock)) dlsym(RTLD_NEXT, "g_mutex_lock");
  real_unlock = (__typeof__(real_unlock)) dlsym(RTLD_NEXT, "g_mutex_unlock");
  real_wait = (__typeof__(real_wait)) dlsym(RTLD_NEXT, "g_cond_wait");
  real_wait_until = (__typeof__(real_wait_until)) dlsym(RTLD_NEXT, "g_cond_wait_until");
}

void
g_mutex_lock(GMutex *mutex)
{
  if (!real_lock)
    _find_real_ones();
  real_lock(mutex);
  __tsan_acquire(mutex);
}

void
g_mutex_unlock(GMutex *mutex)
{
  __tsan_release(mutex);
  real_unlock(mutex);
}

void
g_cond_wait(GCond *cond, GMutex *mutex)
{
  __tsan_release(mutex);
  real_wait(cond, mutex);
  __tsan_acquire(mutex);
}

gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
  __tsan_release(mutex);
  gboolean signalled = real_wait_until(cond, mutex, end_time);
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
