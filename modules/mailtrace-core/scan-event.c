/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events of the Sophos UTM: key="value" pairs whose values nothing escapes.
 *
 *   event = id *( severity / sys / sub / name / srcip ) from to [subject] [queueid] [size] [reason] [extra]
 *
 * from, to, subject and extra are strangers' and may hold keys as well.  Every reading of the line that keeps the order
 * is looked at; where several remain nothing is believed.
 */
#include "mailtrace/queue_id.h"
#include "scan.h"

#define READINGS_MAX 16

typedef struct _Event
{
  Slice id, name, srcip, from, to, subject, queue_id, size, reason, extra;
} Event;

/* pair = key "=" DQUOTE value DQUOTE, taken off the front with the blank behind it */
static inline __attribute__((always_inline)) gboolean
_pair(Slice *at, Slice name, Slice *value)
{
  Slice rest = *at;
  gssize end;

  if (!slice_starts_with(rest, name))
    return FALSE;
  rest = slice_new(rest.str + name.len, rest.len - name.len);
  if ((end = slice_find_char(rest, '"')) < 0)
    return FALSE;
  *value = slice_new(rest.str, (gsize) end);
  rest = slice_new(rest.str + end + 1, rest.len - (gsize) end - 1);
  gsize blank = scan_next(rest) == ' ';
  *at = slice_new(rest.str + blank, rest.len - blank);
  return TRUE;
}

static gboolean
_head_pair(Slice *at, Event *event)
{
  Slice ignored;

  switch (at->len < 2 ? 0 : at->str[1])
    {
    case 'a':
      return _pair(at, SLICE("name=\""), &event->name);
    case 'e':
      return _pair(at, SLICE("severity=\""), &ignored);
    case 'r':
      return _pair(at, SLICE("srcip=\""), &event->srcip);
    case 'u':
      return _pair(at, SLICE("sub=\""), &ignored);
    case 'y':
      return _pair(at, SLICE("sys=\""), &ignored);
    default:
      return FALSE;
    }
}

/* what no stranger writes: the keys in front, in any order */
static void
_take_head(Slice *at, Event *event)
{
  static const Slice usual = TEXT("severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" ");

  if (slice_starts_with(*at, usual))
    *at = slice_skip(*at, usual.len);
  while (_head_pair(at, event))
    ;
}

/* a minus sign may stand in front */
static gboolean
_is_number(Slice text)
{
  return scan_is_number(scan_next(text) == '-' ? slice_skip(text, 1) : text);
}

static gboolean
_is_id(Slice text)
{
  return text.len && queue_id_length(text) == text.len;
}

/* tail = [queueid] [size] [reason] [extra] *SP; extra runs to the last quote; one of the first two is there */
static gboolean
_tail(Slice at, Event *event)
{
  gssize end;
  gboolean has_id = _pair(&at, SLICE("queueid=\""), &event->queue_id);
  gboolean has_size = _pair(&at, SLICE("size=\""), &event->size);

  if ((has_id && !_is_id(event->queue_id)) || (has_size && !_is_number(event->size)) || (!has_id && !has_size))
    return FALSE;
  _pair(&at, SLICE("reason=\""), &event->reason);
  if (slice_starts_with(at, SLICE("extra=\"")) && (end = slice_find_last_char(at, '"')) >= 7)
    {
      event->extra = slice_skip(slice_head(at, (gsize) end), 7);
      at = slice_skip(at, (gsize) end + 1);
    }
  while (slice_starts_with(at, SLICE(" ")))
    at = slice_skip(at, 1);
  return !at.len;
}

static void
_copy_tail(Event *to, const Event *from)
{
  to->queue_id = from->queue_id;
  to->size = from->size;
  to->reason = from->reason;
  to->extra = from->extra;
}

static gboolean
_is_of_process(Slice queue_id, guint32 pid)
{
  QueueId id;

  return queue_id_decode(queue_id, &id) && id.pid == pid;
}

/* where the tail begins; of several readings the one whose queue id the writing process made.  -1: none, or several */
static gssize
_find_tail(Slice text, Slice mark, guint32 pid, Event *event)
{
  gssize found = -1, at;
  guint readings = 0, own = 0, n = 0;

  for (gsize from = 0; n < READINGS_MAX && (at = slice_find(slice_skip(text, from), mark)) >= 0; n++)
    {
      Event tail = { 0 };
      gsize begin = from + (gsize) at;

      from = begin + 1;
      if (!_tail(slice_skip(text, begin + 2), &tail))
        continue;
      gboolean is_own = tail.queue_id.str && _is_of_process(tail.queue_id, pid);
      readings++;
      own += is_own;
      if (own > 1 || (readings > 1 && !is_own))
        continue;
      found = (gssize) begin;
      _copy_tail(event, &tail);
    }
  return n < READINGS_MAX && (own == 1 || (own == 0 && readings == 1)) ? found : -1;
}

/* local part and domain; quotes and blanks only in a local part that is quoted as a whole */
static gboolean
_is_address(Slice text)
{
  if (slice_find_either(text, '"', ' ') < 0)
    return TRUE;

  gssize at = slice_find_last_char(text, '@');
  Slice local = at < 0 ? text : slice_head(text, (gsize) at), domain = at < 0 ? SLICE("") : slice_skip(text, (gsize) at + 1);
  gboolean quoted = local.len >= 2 && local.str[0] == '"' && local.str[local.len - 1] == '"';

  return slice_find_either(domain, '"', ' ') < 0 && (quoted || slice_find_either(local, '"', ' ') < 0);
}

static void
_try_addresses(Slice text, gsize to, gsize subject, Event *event, guint *readings)
{
  static const gsize to_len = 6, subject_len = 11;   /* of the marks */
  Slice from_value = slice_head(text, to);
  Slice to_value = slice_skip(slice_head(text, subject), to + to_len);

  if (!_is_address(from_value) || !_is_address(to_value) || (*readings)++)
    return;
  event->from = from_value;
  event->to = to_value;
  event->subject = subject < text.len ? slice_skip(text, subject + subject_len) : SLICE_NONE;
}

/* middle = from to [subject], without the quotes at both ends: every way to part it so that both are addresses */
static void
_middle(Slice text, Event *event)
{
  static const Slice to_mark = TEXT("\" to=\""), subject_mark = TEXT("\" subject=\"");
  guint readings = 0, n = 0;
  gssize to, subject;

  if (!slice_starts_with(text, SLICE("from=\"")))
    return;
  text = slice_skip(text, 6);
  for (gsize i = 0; n < READINGS_MAX && (to = slice_find(slice_skip(text, i), to_mark)) >= 0; i += (gsize) to + 1)
    {
      gsize begin = i + (gsize) to, j = begin + to_mark.len - 1;

      for (gboolean any = FALSE; n < READINGS_MAX; any = TRUE, n++)
        {
          subject = slice_find(slice_skip(text, j), subject_mark);
          if (subject < 0 && any)
            break;
          gsize end = subject < 0 ? text.len : j + (gsize) subject;
          _try_addresses(text, begin, end, event, &readings);
          if (subject < 0)
            break;
          j = end + 1;
        }
    }
  if (readings != 1 || n >= READINGS_MAX)
    event->from = event->to = event->subject = SLICE_NONE;
}

/* where the marks of the keys stand for the last time, and how often they do */
typedef struct _Marks
{
  gsize key, to, subject;
  guint n_keys, n_to, n_subjects;
} Marks;

static inline void
_count_mark(Marks *self, Slice text, gsize at, Slice key)
{
  Slice mark = slice_new(text.str + at, text.len - at);

  if (slice_starts_with(mark, key))
    {
      self->key = at;
      self->n_keys++;
    }
  else if (slice_starts_with(mark, SLICE("\" to=\"")))
    {
      self->to = at;
      self->n_to++;
    }
  else if (slice_starts_with(mark, SLICE("\" subject=\"")))
    {
      self->subject = at;
      self->n_subjects++;
    }
}

static inline void
_find_marks(Marks *self, Slice text, Slice key)
{
  gssize found;

  *self = (Marks) { 0 };
  for (gsize i = 0; (found = slice_find_pair(slice_skip(text, i), '"', ' ', ' ')) >= 0; i++)
    {
      i += (gsize) found;
      _count_mark(self, text, i, key);
    }
}

#define FROM_LEN 6   /* of from=" */

/* one reading at most: each mark stands once, in order, and not where another begins or ends */
static gboolean
_have_order(const Marks *self)
{
  return self->n_keys == 1 && self->n_to == 1 && self->to >= FROM_LEN && self->to + 6 <= self->key
         && (!self->n_subjects
             || (self->n_subjects == 1 && self->to + 6 <= self->subject && self->subject < self->key));
}

/* what the middle says where its marks stand in order */
static void
_ordered_middle(Slice text, const Marks *marks, Event *event)
{
  gsize subject = marks->n_subjects ? marks->subject : marks->key;
  guint readings = 0;

  if (slice_starts_with(text, SLICE("from=\"")))
    _try_addresses(slice_skip(slice_head(text, marks->key), FROM_LEN), marks->to - FROM_LEN, subject - FROM_LEN, event,
                   &readings);
}

static gboolean
_any_order(Slice text, Slice key, guint32 pid, Event *event)
{
  gssize tail = _find_tail(text, key, pid, event);

  if (tail < 0)
    return FALSE;
  _middle(slice_head(text, (gsize) tail), event);
  return TRUE;
}

/* behind: id=" */
static inline gboolean
_event(Scan *self, Slice key, Event *event)
{
  Slice text = self->rest;
  Marks marks;

  if (!_pair(&text, SLICE(""), &event->id))
    return FALSE;
  _take_head(&text, event);
  _find_marks(&marks, text, key);
  if (!_have_order(&marks))
    return _any_order(text, key, self->line->pid, event);
  if (!_tail(slice_skip(text, marks.key + 2), event))
    return FALSE;
  _ordered_middle(text, &marks, event);
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
    scan_put(self->line, id, value, FALSE);
}

/* name = "email " word; any of these words ends the message's way */
static gboolean
_closes(Slice disposition)
{
  static const Slice final[] = { TEXT("quarantined"), TEXT("blackholed"), TEXT("rejected"), TEXT("blocked"), TEXT("deleted"),
    TEXT("dropped") };

  for (guint i = 0; i < G_N_ELEMENTS(final); i++)
    if (slice_equals(disposition, final[i]))
      return TRUE;
  return FALSE;
}

/* the scanner's decision about a queue id */
gboolean
scan_event(Scan *self, const LineStep *step)
{
  Event event = { 0 };

  if (!_event(self, SLICE("\" queueid=\""), &event))
    return FALSE;
  Slice disposition = _disposition(event.name);
  self->line->queue_id = event.queue_id;
  self->line->closes = _closes(disposition);
  scan_add(self, F_SCAN_EVENT_ID, event.id, FALSE);
  _add_present(self, F_DISPOSITION, disposition);
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

  if (!_event(self, SLICE("\" size=\""), &event) || event.queue_id.str)
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
