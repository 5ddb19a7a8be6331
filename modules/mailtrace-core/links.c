/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* which queue ids are one message, and which message caused another one */
#include "tracker-internal.h"

#define BOUNCES_MAX 1000

static void
_format_id(const Message *message, GString *out)
{
  const IdEntry *first = message->first_id;

  g_string_printf(out, "%s:%.*s", message->host->name, first->len, first->id);
}

static void
_revise(Tracker *self, Message *message, SummaryQueue *out)
{
  if (message->state != MS_ENDED)
    return;
  self->counters.revisions++;
  tracker_emit_message(self, message, FALSE, out);
}

gboolean
tracker_name_bounce(Message *cause, Slice id)
{
  if (cause->n_bounces >= BOUNCES_MAX || !record_set_text(cause->record, F_BOUNCES, id))
    return FALSE;
  cause->n_bounces++;
  return TRUE;
}

gboolean
tracker_name_cause(Message *bounce, Slice id)
{
  tracker_release_orphan(bounce);
  return record_replace_text(bounce->record, F_BOUNCE_OF, id);
}

/* TRUE: the bounce did not know its cause by that name */
static gboolean
_connect_bounce(Tracker *self, Message *bounce, Message *cause, SummaryQueue *out)
{
  GString *id = g_string_new(NULL);
  gboolean changed;

  _format_id(bounce, id);
  if (tracker_name_bounce(cause, slice_new(id->str, id->len)))
    {
      tracker_journal_link(self, cause, 0, slice_new(id->str, id->len));
      _revise(self, cause, out);
    }
  _format_id(cause, id);
  changed = tracker_name_cause(bounce, slice_new(id->str, id->len));
  if (changed)
    tracker_journal_link(self, bounce, JF_IS_CAUSE, slice_new(id->str, id->len));
  g_string_free(id, TRUE);
  return changed;
}

/* its cause is named by an id of which no line was seen yet */
static void
_await_cause(Feed *feed, Message *bounce)
{
  guint64 hash = host_id_key(feed->host, feed->line->cause);
  GString *id = g_string_new(NULL);

  g_string_printf(id, "%s:%.*s", feed->host->name, (int) MIN(feed->line->cause.len, QUEUE_ID_NEW_LEN),
                  feed->line->cause.str);
  record_replace_text(bounce->record, F_BOUNCE_OF, slice_new(id->str, id->len));
  g_string_free(id, TRUE);
  host_add_orphan(feed->host, hash, bounce);
}

void
tracker_link_bounce(Feed *feed, Message *bounce)
{
  IdEntry *cause = host_find_id(feed->host, feed->line->cause);

  if (cause)
    _connect_bounce(feed->tracker, bounce, cause->message, feed->out);
  else
    _await_cause(feed, bounce);
}

static void
_adopt_orphans(Feed *feed, const IdEntry *cause)
{
  GPtrArray *bounces;

  if (!cause || !g_hash_table_size(feed->host->orphans))
    return;
  bounces = host_take_orphans(feed->host, host_entry_key(feed->host, cause));
  for (guint i = 0; bounces && i < bounces->len; i++)
    {
      Message *bounce = g_ptr_array_index(bounces, i);

      bounce->is_orphan = FALSE;
      if (_connect_bounce(feed->tracker, bounce, cause->message, feed->out))
        _revise(feed->tracker, bounce, feed->out);
    }
  if (bounces)
    g_ptr_array_unref(bounces);
}

/* what it caused knows it by the name of the whole message from now on */
static void
_rename_cause(Tracker *self, Message *message, const Message *other, SummaryQueue *out)
{
  gsize prefix = message->host->name_len + 1;
  guint32 cursor = 0;
  RecordValue value;

  while (record_next(other->record, &cursor, &value))
    {
      Slice id = value.id == F_BOUNCES ? slice_skip(value.text, prefix) : SLICE_NONE;
      IdEntry *bounce = id.len ? host_find_id(message->host, id) : NULL;

      if (!bounce || bounce->message == message)
        continue;
      if (_connect_bounce(self, bounce->message, message, out))
        _revise(self, bounce->message, out);
    }
}

/* the other one was never a document: it is no message any more */
static void
_absorb(Tracker *self, Message *message, Message *other, SummaryQueue *out)
{
  tracker_leave_session(other);
  if (other->state == MS_OPEN)
    {
      self->open_messages--;
      self->counters.messages_opened--;
    }
  journal_group_hold(self->journal, message->group, other->group);
  message_absorb(message, other, &self->options);
  _rename_cause(self, message, other, out);
  if (other->interim_passed || other->interim_queue)
    host_queue_interim(message, IQ_CHANGED);
  tracker_drop_message(self, other);
}

/* the process that took the first id over made the second one just before it said so; others it made long before */
static gboolean
_can_be_its_child(const Message *message, const QueueId *child)
{
  gint64 over_sec = message->scan_end;

  return message->awaits_child && child->sec <= over_sec && child->sec + 1 >= over_sec;
}

/* without the line that links both ids; the process itself names its child before it hands the first id over */
static Message *
_worker_message(Feed *feed)
{
  Message *message;

  if (feed->line->role == LR_ARRIVAL || !feed->host->workers.used || !feed_decode_id(feed))
    return NULL;
  guint64 key = host_process_key(feed->host, feed->frame->node, feed->id.pid);
  message = pointer_map_get(&feed->host->workers, key);
  return key != feed->process_key && message && _can_be_its_child(message, &feed->id) ? message : NULL;
}

static Message *
_parent_of_new(Feed *feed, IdEntry *parent, Message *child)
{
  if (parent->message)
    return parent->message;
  if (!child)
    return tracker_new_message(feed, parent);
  message_add_id(child, parent);
  tracker_set_root(feed, child, parent);
  _rename_cause(feed->tracker, child, child, feed->out);
  return child;
}

static gboolean
_has_room_for(const Message *message, const IdEntry *entry)
{
  return message->n_ids + (entry && entry->message ? entry->message->n_ids : 1) <= IDS_MAX;
}

/* both ids in one message would be too many */
static gboolean
_is_too_long(const IdEntry *parent, const IdEntry *entry)
{
  if (parent && parent->message)
    return parent->message != entry->message && !_has_room_for(parent->message, entry);
  return entry->message && !_has_room_for(entry->message, parent);
}

static void
_attach(Feed *feed, IdEntry *entry, Slice parent_id)
{
  IdEntry *parent = host_find_id(feed->host, parent_id);
  Message *child = entry->message, *message;

  if (parent == entry || (child && child->revision) || _is_too_long(parent, entry))
    return;
  if (!parent)
    parent = host_add_id(feed->host, parent_id, host_id_key(feed->host, parent_id));
  message = _parent_of_new(feed, parent, child);
  entry->scanned = TRUE;
  if (!child)
    message_add_id(message, entry);
  else if (child != message)
    _absorb(feed->tracker, message, child, feed->out);
  message_sort_id(message, entry);
  message_supersede_id(message, entry->superseded ? entry : parent);
  message_supersede_id(message, parent);
  message->awaits_child = FALSE;
}

static IdEntry *
_new_entry(Feed *feed)
{
  IdEntry *entry = host_add_id(feed->host, feed->line->queue_id, feed_id_key(feed));
  Message *worked = _worker_message(feed);

  if (worked && _has_room_for(worked, entry))
    {
      entry->scanned = TRUE;
      message_add_id(worked, entry);
      worked->awaits_child = FALSE;
    }
  else
    tracker_new_message(feed, entry);
  return entry;
}

IdEntry *
tracker_enter_id(Feed *feed, IdEntry *entry)
{
  const Line *line = feed->line;

  if (entry && !line->parent.len)
    return entry;
  if (!line->parent.len)
    entry = _new_entry(feed);
  else
    {
      entry = entry ? entry : host_add_id(feed->host, line->queue_id, feed_id_key(feed));
      _attach(feed, entry, line->parent);
    }
  if (!entry->message)
    tracker_new_message(feed, entry);
  _adopt_orphans(feed, entry);
  if (line->parent.len)
    _adopt_orphans(feed, host_find_id(feed->host, line->parent));
  return entry;
}

void
tracker_lose_id(Feed *feed, Session *session)
{
  Slice id = feed->line->queue_id;

  if (id.len && !feed_find_id(feed) && !tracker_tombstone(feed->tracker, feed_id_key(feed)))
    session_add_lost_id(session, id, &feed->stamp);
}
