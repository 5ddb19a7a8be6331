/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GuardPage: text that ends where the memory ends; one byte read behind it is a crash */
#ifndef MAILTRACE_GUARD_PAGE_H_INCLUDED
#define MAILTRACE_GUARD_PAGE_H_INCLUDED

#include "mailtrace/slice.h"
#include <sys/mman.h>
#include <unistd.h>

typedef struct _GuardPage
{
  gchar *memory;
  gsize page, size;   /* size: of the readable part */
} GuardPage;

static inline void
guard_page_init(GuardPage *self, gsize max)
{
  self->page = (gsize) sysconf(_SC_PAGESIZE);
  self->size = (max + self->page) / self->page * self->page;
  self->memory = mmap(NULL, self->size + self->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert(self->memory != MAP_FAILED);
  g_assert(mprotect(self->memory + self->size, self->page, PROT_NONE) == 0);
}

static inline Slice
guard_page_put(GuardPage *self, Slice text)
{
  gchar *at = self->memory + self->size - text.len;

  memcpy(at, text.str, text.len);
  return slice_new(at, text.len);
}

static inline void
guard_page_release(GuardPage *self)
{
  munmap(self->memory, self->size + self->page);
}

#define HARD_TEXT_MAX 50

/* checks texts of any length: each byte there is at any place, and texts with nothing readable behind them */
static inline void
hard_texts_check(void (*check)(Slice))
{
  gchar text[HARD_TEXT_MAX];
  GuardPage page;

  guard_page_init(&page, sizeof(text));
  for (gsize len = 0; len <= sizeof(text); len++)
    {
      memset(text, 'X', sizeof(text));
      check(guard_page_put(&page, slice_new(text, len)));
      for (gsize at = 0; at < len; at++)
        for (guint byte = 0; byte < 256; byte++)
          {
            memset(text, 'x', sizeof(text));
            text[at] = (gchar) byte;
            check(slice_new(text, len));
          }
    }
  guard_page_release(&page);
}

#endif
