/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes the table that tells, by who wrote a line, whether it has a queue id, and its first byte, which rows of the
 * dialects can match it.  Runs while mailtrace is built; knows the steps a row may begin with, and no more.
 */
#include "line-shape.h"

#include <stdio.h>
#include <stdlib.h>

#define WRITERS 5
#define KINDS (WRITERS * 2)

static const LineShape *const tables[] =
{
  sophos_utm_shapes, exim_arrival_shapes, exim_session_shapes, exim_message_shapes
};
static const gchar *const table_names[] =
{
  "sophos_utm_shapes", "exim_arrival_shapes", "exim_session_shapes", "exim_message_shapes"
};

/* steps that begin with one of these bytes, or do not match */
static const struct { ScanFunction scan; const gchar *bytes; } beginnings[] =
{
  { scan_address, "[" }, { scan_dkim_error, "DP" }, { scan_queue_run, "anSEA" }, { scan_local_session, "nuS" },
  { scan_marked_address, "a" }, { scan_added_recipient, "r" },
};

static gboolean
_one_begins(const Slice *texts, guchar first)
{
  for (; texts->str; texts++)
    if (!texts->len || (guchar) texts->str[0] == first)
      return TRUE;
  return FALSE;
}

/* takes nothing off the text, or may take nothing */
static gboolean
_may_be_empty(const LineStep *step)
{
  return step->scan == scan_optional || step->scan == scan_dnssec || step->scan == scan_local
         || step->scan == scan_constant;
}

/* the bytes it begins with are known; *fits: this is one of them */
static gboolean
_is_known(const LineStep *step, guchar first, gboolean *fits)
{
  for (guint i = 0; i < G_N_ELEMENTS(beginnings); i++)
    if (step->scan == beginnings[i].scan)
      {
        *fits = first && strchr(beginnings[i].bytes, first);
        return TRUE;
      }
  *fits = step->texts ? _one_begins(step->texts, first) : step->literal.len && (guchar) step->literal.str[0] == first;
  return step->scan == scan_literal || step->scan == scan_tail || step->scan == scan_phrase
         || step->scan == scan_one_of || step->scan == scan_tail_of;
}

typedef enum _Begin
{
  BEGINS_OTHERWISE,   /* no text that begins with this byte matches the row */
  BEGINS_SO,          /* with one text, whose first byte is this */
  BEGINS_AMONG,       /* in several ways, one of them with this byte */
  BEGINS_SOMEHOW,
} Begin;

static Begin
_begin(const LineShape *shape, guchar first)
{
  const LineStep *step = shape->steps;
  gboolean fits;

  for (; _may_be_empty(step); step++)
    if (step->scan == scan_dnssec ? first == 'D'
        : step->scan == scan_optional && first == (guchar) step->literal.str[0])
      return BEGINS_AMONG;
  if (!_is_known(step, first, &fits))
    return BEGINS_SOMEHOW;
  if (!fits)
    return BEGINS_OTHERWISE;
  return step->literal.len || step->scan == scan_address ? BEGINS_SO : BEGINS_AMONG;
}

static gboolean
_is_of_kind(const LineShape *shape, guint kind)
{
  return (shape->by & (1u << kind / 2)) && (shape->id & (kind % 2 ? WITH_ID : WITHOUT_ID));
}

/* the byte that a text must end with to match, 0: any */
static guint
_last_byte(const LineShape *shape)
{
  const LineStep *step = shape->steps;

  while (step[1].scan)
    step++;
  while (step->scan == scan_constant && step > shape->steps)
    step--;
  if (step->scan != scan_literal && step->scan != scan_until)
    return 0;
  return (guchar) step->literal.str[step->literal.len - 1];
}

static gboolean
_is_common(const LineShape *shape)
{
  return shape->evidence == 'R';
}

/* numbers of rows, those of common lines in front */
static guint
_write_numbers(guint kind, guchar first, Begin begin)
{
  guint n = 0;

  for (gint common = TRUE; common >= FALSE; common--)
    for (guint t = 0, number = 0; t < G_N_ELEMENTS(tables); t++)
      for (const LineShape *shape = tables[t]; shape->name; shape++, number++)
        if (_is_common(shape) == common && _is_of_kind(shape, kind) && _begin(shape, first) == begin)
          {
            printf("%u,", number);
            n++;
          }
  return n;
}

/* those that are told apart at once are tried first */
static guint
_write_list(guint kind, guchar first)
{
  guint n = 0;

  for (Begin begin = BEGINS_SO; begin <= BEGINS_SOMEHOW; begin++)
    n += _write_numbers(kind, first, begin);
  printf("%u,", NO_ROW);
  return n + 1;
}

/* who tries a row goes on until there is no step any more */
static void
_require_an_end(const LineShape *shape)
{
  if (!shape->steps[LINE_STEPS_MAX - 1].scan)
    return;
  fprintf(stderr, "make-dispatch: the row %s has more than %d steps\n", shape->name, LINE_STEPS_MAX - 1);
  exit(1);
}

/* what a text of the row begins with, as far as it is a literal of the first step */
static void
_write_row(const gchar *table, guint i, const LineShape *shape)
{
  Slice literal = shape->steps[0].scan == scan_literal ? shape->steps[0].literal : SLICE("");
  guint known_len = literal.len < LINE_BEGIN_BYTES ? (guint) literal.len : 0;

  _require_an_end(shape);
  printf("{&%s[%u],&%s[%u].steps[%d],{", table, i, table, i, known_len > 0);
  for (gsize n = 0; n < LINE_BEGIN_BYTES; n++)
    printf("%d,", n < literal.len ? literal.str[n] : 0);
  printf("},{");
  for (gsize n = 0; n < LINE_BEGIN_BYTES; n++)
    printf("%d,", n < literal.len ? -1 : 0);
  printf("},%u,%u},\n", known_len, _last_byte(shape));
}

static guint
_write_rows(void)
{
  guint n = 0;

  printf("static const LineRow rows[] = {\n");
  for (guint t = 0; t < G_N_ELEMENTS(tables); t++)
    for (guint i = 0; tables[t][i].name; i++, n++)
      _write_row(table_names[t], i, &tables[t][i]);
  printf("};\n");
  return n;
}

int
main(void)
{
  guint begins[KINDS][256], n = 0, n_rows = _write_rows();

  printf("static const guint8 candidates[] = {\n");
  for (guint kind = 0; kind < KINDS; kind++)
    for (guint first = 0; first < 256; first++)
      {
        begins[kind][first] = n;
        n += _write_list(kind, (guchar) first);
      }
  printf("};\nstatic const guint16 candidate_begins[%u][256] = {\n", KINDS);
  for (guint kind = 0; kind < KINDS; kind++)
    {
      printf("{");
      for (guint first = 0; first < 256; first++)
        printf("%u,", begins[kind][first]);
      printf("},\n");
    }
  printf("};\n");
  return n > G_MAXUINT16 || n_rows > NO_ROW;
}
