/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes the table that tells, by who wrote a line, whether it has a queue id, and its first byte, which rows of the
 * dialects can match it.  Runs while mailtrace is built; knows the steps a row may begin with, and no more.
 */
#include "line-shape.h"

#include <stdio.h>

#define WRITERS 5
#define KINDS (WRITERS * 2)

static const LineShape *const tables[] =
{
  exim_arrival_shapes, exim_session_shapes, exim_message_shapes, sophos_utm_shapes
};

static gboolean
_one_begins(const Slice *texts, guchar first)
{
  for (; texts->str; texts++)
    if (!texts->len || (guchar) texts->str[0] == first)
      return TRUE;
  return FALSE;
}

/* FALSE: no text that begins with this byte passes the row's first step */
static gboolean
_may_begin(const LineShape *shape, guchar first)
{
  const LineStep *step = &shape->steps[0];

  if (step->scan == scan_literal || step->scan == scan_tail || step->scan == scan_phrase)
    return !step->literal.len || (guchar) step->literal.str[0] == first;
  if (step->scan == scan_one_of || step->scan == scan_tail_of)
    return _one_begins(step->texts, first);
  if (step->scan == scan_address)
    return first == '[';
  return TRUE;
}

static gboolean
_is_of_kind(const LineShape *shape, guint kind)
{
  return (shape->by & (1u << kind / 2)) && (shape->id & (kind % 2 ? WITH_ID : WITHOUT_ID));
}

static guint
_write_list(guint kind, guchar first)
{
  guint n = 0;

  for (guint t = 0; t < G_N_ELEMENTS(tables); t++)
    for (guint i = 0; tables[t][i].name; i++)
      if (_is_of_kind(&tables[t][i], kind) && _may_begin(&tables[t][i], first))
        {
          printf("{%u,%u},", t, i);
          n++;
        }
  return n;
}

int
main(void)
{
  guint begins[KINDS][257] = { 0 }, n = 0;

  printf("static const LineCandidate candidates[] = {\n");
  for (guint kind = 0; kind < KINDS; kind++)
    for (guint first = 0; first < 256; first++)
      {
        begins[kind][first] = n;
        n += _write_list(kind, (guchar) first);
        begins[kind][first + 1] = n;
      }
  printf("{0,0}};\nstatic const guint16 candidate_begins[%u][257] = {\n", KINDS);
  for (guint kind = 0; kind < KINDS; kind++)
    {
      printf("{");
      for (guint first = 0; first <= 256; first++)
        printf("%u,", begins[kind][first]);
      printf("},\n");
    }
  printf("};\n");
  return n > G_MAXUINT16;
}
