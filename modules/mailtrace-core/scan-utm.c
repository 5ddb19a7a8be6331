/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DKIM lines, the RefID of ctasd, and the key="value" events of the Sophos UTM */
#include "scan.h"

gboolean
scan_queue_id(Scan *self, const LineStep *step)
{
  Slice word = scan_quoted_word(self->rest);

  if (word.len != 16 && word.len != 23)
    return FALSE;
  self->line->queue_id = word;
  self->rest = slice_skip(self->rest, word.len);
  return TRUE;
}

gboolean
scan_parent(Scan *self, const LineStep *step)
{
  Slice word = scan_quoted_word(self->rest);

  if (word.len != 16 && word.len != 23)
    return FALSE;
  self->line->parent = word;
  self->rest = slice_skip(self->rest, word.len);
  return TRUE;
}

static Slice
_dkim_result(Slice detail)
{
  if (slice_starts_with(detail, SLICE("verification succeeded")) || slice_starts_with(detail, SLICE("pass")))
    return SLICE("pass");
  if (slice_starts_with(detail, SLICE("verification failed")) || slice_starts_with(detail, SLICE("fail")))
    return SLICE("fail");
  if (slice_starts_with(detail, SLICE("invalid")))
    return SLICE("invalid");
  return SLICE("none");
}

static FieldId
_dkim_tag(gchar tag)
{
  switch (tag)
    {
    case 'd':
      return F_DKIM_DOMAIN;
    case 's':
      return F_DKIM_SELECTOR;
    case 'c':
      return F_DKIM_CANONICALIZATION;
    case 'a':
      return F_DKIM_ALGORITHM;
    case 'b':
      return F_DKIM_BITS;
    case 'i':
      return F_DKIM_IDENTITY;
    case 't':
      return F_DKIM_SIGNED;
    case 'x':
      return F_DKIM_EXPIRES;
    case 'l':
      return F_DKIM_LENGTH;
    default:
      return NO_FIELD;
    }
}

#define DKIM_TAGS_MAX 16

/* dkim = 1*( tag "=" value SP ) "[" verdict "]"; without c= it is a remark, not a verdict on a signature */
gboolean
scan_dkim(Scan *self, const LineStep *step)
{
  guint n = 0;

  while (n < DKIM_TAGS_MAX && self->rest.len > 2 && self->rest.str[1] == '=')
    {
      Slice value = scan_quoted_word(slice_skip(self->rest, 2));

      if (!slice_equals(value, SLICE("<UNSET>")))
        scan_add(self, _dkim_tag(self->rest.str[0]), value, FALSE);
      self->rest = slice_skip(self->rest, 3 + value.len);
      n++;
    }
  if (!line_get(self->line, F_DKIM_CANONICALIZATION).str || self->rest.len < 2 || self->rest.str[0] != '[' || !slice_ends_with(self->rest, SLICE("]")))
    return FALSE;
  /* the tags are the signer's text and may hold a verdict as well: the last one is Exim's */
  Slice detail = slice_new(self->rest.str + 1, self->rest.len - 2);
  detail = slice_skip(detail, (gsize) (slice_find_last_char(detail, '[') + 1));
  gssize reason = slice_find(detail, SLICE(" - "));
  scan_add(self, F_DKIM_SIGNATURE_RESULT, _dkim_result(detail), FALSE);
  scan_add(self, F_DKIM_DETAIL, detail, FALSE);
  if (reason > 0)
    scan_add(self, F_DKIM_REASON, slice_skip(detail, (gsize) reason + 3), FALSE);
  self->rest = SLICE("");
  return TRUE;
}

/* pair = key "=" DQUOTE value DQUOTE, taken off the front; only for values that no stranger writes */
static gboolean
_left(Slice *at, const gchar *key, Slice *value)
{
  Slice name = slice_from_string(key), rest = *at;
  gssize end;

  if (!slice_starts_with(rest, name))
    return FALSE;
  rest = slice_skip(rest, name.len);
  if ((end = slice_find_char(rest, '"')) < 0)
    return FALSE;
  *value = slice_head(rest, (gsize) end);
  rest = slice_skip(rest, (gsize) end + 1);
  if (rest.len && rest.str[0] == ' ')
    rest = slice_skip(rest, 1);
  *at = rest;
  return TRUE;
}

static gssize
_find_last(Slice text, Slice wanted)
{
  for (gsize i = text.len - MIN(text.len, wanted.len) + 1; i > 0; i--)
    if (slice_starts_with(slice_skip(text, i - 1), wanted))
      return (gssize) i - 1;
  return -1;
}

/* the same, taken off the end: what a stranger wrote further left cannot reach it */
static gboolean
_right(Slice *at, const gchar *key, Slice *value)
{
  Slice name = slice_from_string(key), rest = *at;
  gssize begin;

  while (rest.len && rest.str[rest.len - 1] == ' ')
    rest.len--;
  if (!slice_ends_with(rest, SLICE("\"")))
    return FALSE;
  rest.len--;
  begin = _find_last(rest, name);
  if (begin < 0 || slice_find_char(slice_skip(rest, (gsize) begin + name.len), '"') >= 0)
    return FALSE;
  *value = slice_skip(rest, (gsize) begin + name.len);
  *at = slice_head(rest, (gsize) begin);
  return TRUE;
}

typedef struct _Event
{
  Slice id, name, srcip, from, to, subject, queue_id, size, reason, extra;
} Event;

/* from="..." to="..." [subject="..."]: each ends where the next key begins, the last one at the last quote */
static void
_middle(Slice text, Event *event)
{
  gssize to, subject;

  while (text.len && text.str[text.len - 1] == ' ')
    text.len--;
  if (text.len < strlen("from=\"\"") || !slice_starts_with(text, SLICE("from=\"")) || !slice_ends_with(text, SLICE("\"")))
    return;
  text = slice_new(text.str + 6, text.len - 7);
  if ((to = slice_find(text, SLICE("\" to=\""))) < 0)
    return;
  event->from = slice_head(text, (gsize) to);
  text = slice_skip(text, (gsize) to + 6);
  subject = slice_find(text, SLICE("\" subject=\""));
  event->to = subject < 0 ? text : slice_head(text, (gsize) subject);
  if (subject >= 0)
    event->subject = slice_skip(text, (gsize) subject + 11);
}

static gboolean
_event(Slice text, Event *event)
{
  Slice ignored;

  if (!_left(&text, "id=\"", &event->id) || !_left(&text, "severity=\"", &ignored) || !_left(&text, "sys=\"", &ignored)
      || !_left(&text, "sub=\"", &ignored) || !_left(&text, "name=\"", &event->name))
    return FALSE;
  _left(&text, "srcip=\"", &event->srcip);
  if (_right(&text, "extra=\"", &event->extra))
    _right(&text, "reason=\"", &event->reason);
  if (!_right(&text, "size=\"", &event->size))
    return FALSE;
  _right(&text, "queueid=\"", &event->queue_id);
  _middle(text, event);
  return TRUE;
}

static Slice
_disposition(Slice name)
{
  return slice_starts_with(name, SLICE("email ")) ? slice_skip(name, 6) : name;
}

static void
_add_present(Scan *self, FieldId id, Slice value)
{
  if (value.str)
    scan_add(self, id, value, FALSE);
}

/* name = "email " word; any of these words ends the message's way */
static gboolean
_closes(Slice disposition)
{
  static const gchar *const final[] = { "quarantined", "blackholed", "rejected", "blocked", "deleted", "dropped" };

  for (guint i = 0; i < G_N_ELEMENTS(final); i++)
    if (slice_equals(disposition, slice_from_string(final[i])))
      return TRUE;
  return FALSE;
}

/* the scanner's decision about a queue id */
gboolean
scan_event(Scan *self, const LineStep *step)
{
  Event event = { 0 };

  if (!_event(self->rest, &event) || (event.queue_id.len != 16 && event.queue_id.len != 23))
    return FALSE;
  Slice disposition = _disposition(event.name);
  self->line->queue_id = event.queue_id;
  self->line->closes = _closes(disposition);
  scan_add(self, F_SCAN_EVENT_ID, event.id, FALSE);
  scan_add(self, F_DISPOSITION, disposition, FALSE);
  _add_present(self, F_CLIENT_IP, event.srcip);
  _add_present(self, F_SENDER, event.from);
  _add_present(self, F_RECIPIENT, event.to);
  _add_present(self, F_SUBJECT, event.subject);
  _add_present(self, F_SCANNED_SIZE, event.size);
  _add_present(self, F_REASON, event.reason);
  if (event.extra.len)
    scan_add(self, F_REASON_DETAIL, event.extra, FALSE);
  self->rest = SLICE("");
  return TRUE;
}

/* the same event about mail that was refused while it was received: it names no queue id */
gboolean
scan_refused_event(Scan *self, const LineStep *step)
{
  Event event = { 0 };

  if (!_event(self->rest, &event) || event.queue_id.str)
    return FALSE;
  scan_add(self, F_REFUSAL_STAGE, SLICE("rcpt"), FALSE);
  scan_add(self, F_SCAN_EVENT_ID, event.id, FALSE);
  _add_present(self, F_CLIENT_IP, event.srcip);
  _add_present(self, F_REFUSAL_SENDER, event.from);
  _add_present(self, F_REFUSAL_RECIPIENT, event.to);
  _add_present(self, F_REFUSAL_FILTER_REASON, event.reason);
  if (event.extra.len)
    scan_add(self, F_REFUSAL_REASON_DETAIL, event.extra, FALSE);
  self->rest = SLICE("");
  return TRUE;
}
