/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pieces.h"

/* one record that is not whole yet */
typedef struct _Partial
{
  GList link;
  guint64 key;
  gint64 since_usec;
  Stamp stamp;
  guint32 pid;
  gchar *program, *node;
  guint count, have;
  guint first_line_end;   /* number of the piece that ends the first line, 0: not seen */
  gsize bytes;
  gboolean is_full;       /* more than a record may hold: nothing is kept any more */
  gchar **texts;          /* count of them, NULL: not seen; an empty one behind the first line */
  GString *raw;
  guint32 tag;
} Partial;

struct _Pieces
{
  guint64 seed;
  GHashTable *partials;   /* &key -> Partial */
  GQueue order;           /* oldest first */
  gsize bytes;            /* of all of them, about */
};

static gsize
_weight(const Partial *self)
{
  return sizeof(*self) + self->count * sizeof(gchar *) + self->bytes + self->raw->len;
}

static gboolean
_number(Slice *at, guint *out)
{
  gsize digits = 0;

  for (*out = 0; digits < at->len && digits < 4 && g_ascii_isdigit(at->str[digits]); digits++)
    *out = *out * 10 + (guint) (at->str[digits] - '0');
  *at = slice_skip(*at, digits);
  return digits > 0;
}

static gboolean
_char(Slice *at, gchar c)
{
  if (!at->len || at->str[0] != c)
    return FALSE;
  *at = slice_skip(*at, 1);
  return TRUE;
}

gboolean
piece_parse(Slice text, Piece *out)
{
  Slice at = text;

  if (!_char(&at, '[') || !_number(&at, &out->number))
    return FALSE;
  out->ends_line = at.len && at.str[0] == '\\';
  if ((!_char(&at, '\\') && !_char(&at, '/')) || !_number(&at, &out->count) || !_char(&at, ']')
      || (at.len && !_char(&at, ' ')))
    return FALSE;
  out->text = at;
  return out->number >= 1 && out->number <= out->count && out->count <= PIECES_COUNT_MAX;
}

static void
_free_partial(gpointer partial)
{
  Partial *self = partial;

  for (guint i = 0; i < self->count; i++)
    g_free(self->texts[i]);
  g_free(self->texts);
  g_free(self->program);
  g_free(self->node);
  g_string_free(self->raw, TRUE);
  g_free(self);
}

Pieces *
pieces_new(guint64 seed)
{
  Pieces *self = g_new0(Pieces, 1);

  self->seed = seed;
  self->partials = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, _free_partial);
  return self;
}

void
pieces_free(Pieces *self)
{
  if (!self)
    return;
  g_hash_table_destroy(self->partials);
  g_free(self);
}

static Partial *
_new_partial(Pieces *self, guint64 key, const Frame *frame, guint count, gint64 now_usec)
{
  Partial *partial = g_new0(Partial, 1);

  partial->link.data = partial;
  partial->key = key;
  partial->since_usec = now_usec;
  partial->stamp = frame->stamp;
  partial->pid = frame->pid;
  partial->program = slice_dup(frame->program);
  partial->node = frame->node.len ? slice_dup(frame->node) : NULL;
  partial->count = count;
  partial->texts = g_new0(gchar *, count);
  partial->raw = g_string_new(NULL);
  self->bytes += _weight(partial);
  g_hash_table_insert(self->partials, &partial->key, partial);
  g_queue_push_tail_link(&self->order, &partial->link);
  return partial;
}

static GString *
_first_line(const Partial *self, gboolean *is_cut)
{
  GString *text = g_string_new(NULL);
  guint end = self->first_line_end ? self->first_line_end : self->count, i = 0;

  for (; i < end && self->texts[i]; i++)
    g_string_append(text, self->texts[i]);
  *is_cut = i < end || self->is_full;
  return text;
}

static void
_take(Pieces *self, Partial *partial, JoinedRecord *out)
{
  gboolean is_cut;
  GString *text = _first_line(partial, &is_cut);

  *out = (JoinedRecord) { .n_pieces = partial->have, .is_cut = is_cut, .program = g_strdup(partial->program) };
  out->ends_at_feed = partial->first_line_end && partial->first_line_end < partial->count;
  out->frame.text = slice_new(text->str, text->len);
  out->text = g_string_free(text, FALSE);
  out->frame.raw = slice_new(partial->raw->str, partial->raw->len);
  out->raw = g_strndup(partial->raw->str, partial->raw->len);
  out->frame.raw.str = out->raw;
  out->frame.stamp = partial->stamp;
  out->frame.pid = partial->pid;
  out->frame.program = slice_from_string(out->program);
  out->node = g_steal_pointer(&partial->node);
  out->frame.node = slice_from_string(out->node);
  out->frame.has_header = TRUE;
  out->tag = partial->tag;
  frame_take_inner(&out->frame);
  self->bytes -= _weight(partial);
  g_queue_unlink(&self->order, &partial->link);
  g_hash_table_remove(self->partials, &partial->key);
}

static gboolean
_is_whole(const Partial *self)
{
  return self->have == self->count;
}

/* NUL would end the text, and no line of Exim holds one */
static void
_put_in(Partial *self, const Frame *frame, const Piece *piece)
{
  gsize kept;
  gchar **where = &self->texts[piece->number - 1];

  if (*where)
    return;
  self->is_full |= self->bytes + piece->text.len > PIECES_BYTES_MAX;
  kept = self->is_full ? 0 : piece->text.len;
  *where = slice_dup(slice_head(piece->text, kept));
  self->bytes += kept;
  self->have++;
  if (piece->ends_line && (!self->first_line_end || piece->number < self->first_line_end))
    self->first_line_end = piece->number;
  if (self->raw->len + frame->raw.len < PIECES_BYTES_MAX)
    {
      if (self->raw->len)
        g_string_append_c(self->raw, '\n');
      g_string_append_len(self->raw, frame->raw.str, (gssize) frame->raw.len);
    }
}

static void
_put(Pieces *self, Partial *partial, const Frame *frame, const Piece *piece)
{
  self->bytes -= _weight(partial);
  _put_in(partial, frame, piece);
  self->bytes += _weight(partial);
}

static gboolean
_is_of_another(const Partial *self, const Piece *piece)
{
  const gchar *known = piece->count == self->count ? self->texts[piece->number - 1] : NULL;

  return piece->count != self->count || (known && !slice_equals(slice_from_string(known), piece->text));
}

static guint64
_key(const Pieces *self, const Frame *frame)
{
  return slice_hash(frame->node, slice_hash(frame->program, self->seed + frame->pid));
}

/* a piece of a process that is not known: the first one tells what it can, at once */
static gboolean
_add_alone(Pieces *self, const Frame *frame, const Piece *piece, JoinedRecord *out)
{
  Partial *partial = _new_partial(self, _key(self, frame), frame, piece->count, 0);

  _put(self, partial, frame, piece);
  _take(self, partial, out);
  return TRUE;
}

/* the record that must make room for a piece of that one, or NULL */
static Partial *
_too_much(const Pieces *self, const Partial *partial)
{
  gboolean too_many = !partial && self->order.length >= PIECES_RECORDS_MAX;

  return self->order.head && (too_many || self->bytes > PIECES_TOTAL_MAX) ? self->order.head->data : NULL;
}

gboolean
pieces_add(Pieces *self, const Frame *frame, const Piece *piece, gint64 now_usec, JoinedRecord *out)
{
  guint64 key = _key(self, frame);
  if (!frame->pid)
    return _add_alone(self, frame, piece, out);
  Partial *partial = g_hash_table_lookup(self->partials, &key);
  Partial *given_up = partial && _is_of_another(partial, piece) ? partial : _too_much(self, partial);

  if (given_up)
    _take(self, given_up, out);
  if (!partial || given_up == partial)
    partial = _new_partial(self, key, frame, piece->count, now_usec);
  _put(self, partial, frame, piece);
  if (given_up || !_is_whole(partial))
    return given_up != NULL;
  _take(self, partial, out);
  return TRUE;
}

gboolean
pieces_take_due(Pieces *self, gint64 before_usec, JoinedRecord *out)
{
  Partial *oldest = self->order.head ? self->order.head->data : NULL;

  if (!oldest || (oldest->since_usec > before_usec && !_is_whole(oldest)))
    return FALSE;
  _take(self, oldest, out);
  return TRUE;
}

gboolean
pieces_take_of(Pieces *self, const Frame *frame, JoinedRecord *out)
{
  guint64 key = _key(self, frame);
  Partial *partial = frame->pid ? g_hash_table_lookup(self->partials, &key) : NULL;

  if (partial)
    _take(self, partial, out);
  return partial != NULL;
}

guint32 *
pieces_tag(Pieces *self, const Frame *frame)
{
  guint64 key = _key(self, frame);
  Partial *partial = frame->pid ? g_hash_table_lookup(self->partials, &key) : NULL;

  return partial ? &partial->tag : NULL;
}

void
pieces_shift(Pieces *self, gint64 usec)
{
  for (GList *link = self->order.head; link; link = link->next)
    ((Partial *) link->data)->since_usec += usec;
}

void
pieces_retouch(Pieces *self, gint64 from_usec, gint64 usec)
{
  for (GList *link = self->order.tail; link && ((Partial *) link->data)->since_usec >= from_usec; link = link->prev)
    ((Partial *) link->data)->since_usec = usec;
}

void
joined_record_release(JoinedRecord *self)
{
  g_free(self->program);
  g_free(self->node);
  g_free(self->text);
  g_free(self->raw);
}
