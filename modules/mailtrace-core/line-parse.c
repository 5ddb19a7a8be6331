/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* chooses the dialect by the program, takes the queue id off, and finds the row that matches */
#include "alnum.h"
#include "line-shape.h"
#include "mailtrace/queue_id.h"
#include "pieces.h"

#include "line-dispatch.inc"

const LineShape *
line_shape_at(guint i)
{
  return i < G_N_ELEMENTS(rows) ? rows[i].shape : NULL;
}

static guint
_part_of_smtpd(Slice name)
{
  if (slice_equals(name, SLICE("QMGR")))
    return BY_QMGR;
  if (slice_equals(name, SLICE("SCANNER")) || slice_equals(name, SLICE("SANDBOX")))
    return BY_SCANNER;
  return slice_equals(name, SLICE("MASTER")) ? BY_MASTER : BY_OTHER;
}

/* index of the first bracket, *end: of the first "]: "; FALSE: they do not stand in order */
static gboolean
_find_brackets(Slice text, gsize *bracket, gsize *end)
{
  gssize begins = slice_find_char(slice_head(text, 32), '[');
  gssize ends = begins > 0 ? slice_find(slice_head(text, 64), SLICE("]: ")) : -1;

  *bracket = (gsize) begins;
  *end = (gsize) ends;
  return begins > 0 && ends >= begins;
}

/* the same where all of it stands in the first bytes */
static inline gboolean
_find_near_brackets(Slice text, gsize *bracket, gsize *end)
{
#ifdef __SSE2__
  if (text.len < 18)
    return FALSE;
  __m128i bytes = _mm_loadu_si128((const __m128i *) text.str);
  guint begins = (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('[')));
  guint ends = (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(']')));
  if (!begins || !ends)
    return FALSE;
  *bracket = (gsize) __builtin_ctz(begins);
  *end = (gsize) __builtin_ctz(ends);
  return *bracket && *end > *bracket && slice_word2(text.str + *end + 1) == GUINT16_TO_LE(':' | ' ' << 8);
#else
  return FALSE;
#endif
}

/* component = 1*ALPHA "[" pid "]: " */
static __attribute__((noinline)) guint
_smtpd_part(Slice *text)
{
  gsize bracket, end;

  if (!_find_near_brackets(*text, &bracket, &end) && !_find_brackets(*text, &bracket, &end))
    return BY_OTHER;
  Slice part = slice_new(text->str, bracket);
  *text = slice_new(text->str + end + 3, text->len - end - 3);
  return _part_of_smtpd(part);
}

/* exim, exim4, exim-in, exim-out, exim-anything */
static inline gboolean
_is_exim(Slice program)
{
  return slice_starts_with(program, SLICE("exim"))
         && (program.len == 4 || program.str[4] == '-' || g_ascii_isdigit(program.str[4]));
}

static inline guint
_writer(const Frame *frame, Slice *text)
{
  *text = frame->text;
  if (!frame->program.len || _is_exim(frame->program))
    return BY_EXIM;
  return slice_equals(frame->program, SLICE("smtpd")) ? _smtpd_part(text) : 0;
}

guint
line_writer(const Frame *frame, Slice *text)
{
  return _writer(frame, text);
}

static inline gboolean
_scan(Scan *self, const LineStep *step)
{
  return step->scan == scan_literal ? scan_take_text(self, step->literal) : step->scan(self, step);
}

static gboolean
_run(const LineStep *step, Scan *scan)
{
  for (; step->scan; step++)
    if (!_scan(scan, step))
      return FALSE;
  return scan->rest.len == 0;
}

static void
_clear_values(Line *line)
{
  line->several_clients = line->local = FALSE;
  line->cause = SLICE_NONE;
  line->parent = SLICE_NONE;
  line->more_recipients = SLICE_NONE;
  line->made_len = 0;
  scan_clear_fields(line);
}

gboolean
line_shape_match(const LineShape *self, Slice text, Line *line)
{
  _clear_values(line);
  return _run(self->steps, &(Scan) { text, line });
}

static void
_clear(Line *line, LineRole role)
{
  line->role = role;
  line->shape = NULL;
  line->queue_id = SLICE_NONE;
  line->is_cut = line->cut_through = line->later_recipient = line->closes = FALSE;
  _clear_values(line);
}

/* eight bytes of its begin, zeroes behind its end */
static inline guint64
_begin_of(Slice text)
{
  guint64 word = 0;

  if (text.len >= LINE_BEGIN_BYTES)
    return slice_word8(text.str);
  if (text.len)
    memcpy(&word, text.str, text.len);
  return word;
}

/* a row can match if it begins and ends as the text does */
static inline gboolean
_may_match(const LineRow *row, guint64 begin, guchar last)
{
  return ((begin ^ slice_word8(row->begin)) & slice_word8(row->mask)) == 0 && (!row->last || row->last == last);
}

static gboolean
_match(guint by, gboolean has_id, Slice text, Line *line)
{
  const guint16 *begins = candidate_begins[__builtin_ctz(by) * 2 + has_id];
  guchar first = text.len ? (guchar) text.str[0] : 0, last = text.len ? (guchar) text.str[text.len - 1] : 0;
  guint64 begin = _begin_of(text);
  PeerMemo memo;
  Scan scan = { text, line, &memo };

  memo.at = NULL;
  for (const guint8 *i = candidates + begins[first]; *i != NO_ROW; i++)
    {
      const LineRow *row = &rows[*i];

      if (!_may_match(row, begin, last) || text.len < row->known_len)
        continue;
      scan.rest = slice_skip(text, row->known_len);
      memo.in_row = FALSE;
      if (_run(row->steps, &scan))
        {
          line->role = row->shape->role;
          line->shape = row->shape->name;
          return TRUE;
        }
      if (line->n_fields && !memo.in_row)
        memo.at = NULL;   /* the row has put its own fields there */
      _clear_values(line);
    }
  return FALSE;
}

static void
_interpret_text(Line *line, FieldId field)
{
  Slice text = line_get(line, field);

  if (text.len)
    scan_spam_text(&(Scan) { SLICE_NONE, line }, text);
}

static __attribute__((noinline)) void
_interpret_refusal(Line *line)
{
  scan_reason(&(Scan) { SLICE_NONE, line });
  _interpret_text(line, F_REFUSAL_TEXT);
}

/* what the text and the fields of a matching row mean together */
static inline void
_interpret(Slice text, Line *line)
{
  if (line->role == LR_DELIVERY)
    {
      line->cut_through = text.str[0] == '>';
      line->later_recipient = text.str[0] == '-';
    }
  else if (line->role == LR_REFUSAL)
    _interpret_refusal(line);
  else if (line->role == LR_NOTE && line_may_have(line, F_WARNINGS))
    _interpret_text(line, F_WARNINGS);
}

/* a row that begins with the literal in front of the text */
static gboolean
_begins_like(const LineShape *shape, Slice text)
{
  Slice literal = shape->steps[0].literal;

  return literal.len > 1 && slice_starts_with(text, literal);
}

/* whether the row wants a queue id or not */
static gboolean
_begins_as_a_row(guint by, Slice text)
{
  guchar first = (guchar) text.str[0];

  for (guint has_id = 0; has_id < 2; has_id++)
    {
      const guint16 *begins = candidate_begins[__builtin_ctz(by) * 2 + has_id];

      for (guint i = begins[first]; candidates[i] != NO_ROW; i++)
        if (_begins_like(rows[candidates[i]].shape, text))
          return TRUE;
    }
  return FALSE;
}

/* The logwrite modifier of an access control list writes any text.  One that begins as a row does is unknown. */
static gboolean
_is_remark(const Frame *frame, guint by, Slice text)
{
  gboolean part_is_named = by != BY_OTHER || text.str != frame->text.str;

  return frame->has_header && part_is_named && text.len && g_ascii_isgraph(text.str[0]) && !_begins_as_a_row(by, text);
}

/* no row matches */
static __attribute__((noinline)) void
_parse_unknown(const Frame *frame, guint by, Slice id, Slice text, Line *line)
{
  _clear(line, LR_UNKNOWN);
  line->queue_id = id;
  if (!_is_remark(frame, by, text))
    return;
  line->role = LR_REMARK;
  line->shape = "remark";
  scan_add(&(Scan) { SLICE_NONE, line }, F_WARNINGS, text, TRUE);
}

/* length of the queue id and the blank behind it, 0: they do not stand in front */
static inline gsize
_id_length(Slice text)
{
  const guint dashes = 1u << 6 | 1u << 13;

  if (text.len <= QUEUE_ID_OLD_LEN || text.str[6] != '-')
    return 0;
  if (text.str[13] == '-' && text.str[QUEUE_ID_OLD_LEN] == ' ')
    return alnum_of_16(text.str) == (0xffff & ~dashes) ? QUEUE_ID_OLD_LEN + 1 : 0;
  gsize len = queue_id_length(text);
  return len && len < text.len && text.str[len] == ' ' ? len + 1 : 0;
}

/* takes the queue id off, if it stands in front */
static inline Slice
_take_id(Slice *text)
{
  gsize len = _id_length(*text);
  const gchar *id = text->str;

  if (!len)
    return SLICE_NONE;
  *text = slice_new(id + len, text->len - len);
  return slice_new(id, len - 1);
}

void
line_parse(const Frame *frame, Line *out)
{
  line_parse_of(frame, SLICE_NONE, out);
}

void
line_parse_of(const Frame *frame, Slice client_ip, Line *out)
{
  Slice text;
  guint by = _writer(frame, &text);
  Piece piece;

  _clear(out, by ? LR_UNKNOWN : LR_NOT_OURS);
  out->known_client = client_ip;
  out->pid = frame->pid;
  if (!by)
    return;
  if (by == BY_EXIM && scan_next(text) == '[' && piece_parse(text, &piece))
    {
      out->role = LR_CONTINUATION;
      out->shape = "piece";
      return;
    }
  Slice id = _take_id(&text);
  if (scan_next(text) == ' ' && frame->has_header && slice_starts_with(text, SLICE(" DSH=")))
    text = slice_skip(text, 1);
  out->queue_id = id;
  if (!_match(by, id.len > 0, text, out))
    _parse_unknown(frame, by, id, text, out);
  else
    _interpret(text, out);
}

/* tries the steps of a row; takes it as the nearest one if it came further than those before */
static void
_try(const LineShape *shape, Slice text, LineNearest *nearest)
{
  Line line = { 0 };
  Scan scan = { text, &line };
  const LineStep *step = shape->steps;
  Slice reached = text;

  while (step->scan && step->scan(&scan, step))
    {
      reached = scan.rest;
      scan_clear_fields(&line);
      step++;
    }
  if (reached.len >= nearest->rest.len && (nearest->shape || reached.len == text.len))
    return;
  nearest->shape = shape->name;
  nearest->rest = reached;
  nearest->expected = !step->scan ? "" : step->scan == scan_literal || step->scan == scan_until ? step->literal.str : NULL;
}

void
line_find_nearest(const Frame *frame, LineNearest *out)
{
  Slice text;
  guint by = line_writer(frame, &text);
  const LineShape *shape;
  Slice id = _take_id(&text);

  *out = (LineNearest) { NULL, text, NULL };
  for (guint i = 0; (shape = line_shape_at(i)); i++)
    if ((shape->by & by) && (shape->id & (id.len ? WITH_ID : WITHOUT_ID)))
      _try(shape, text, out);
}
