/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "message-glue.h"
#include "list-text.h"
#include "scratch-buffers.h"
#include "logmsg/tags.h"

#define PRI_MAIL_INFO 22

static void
_register(MessageGlue *self, const MailtraceOptions *options, RecordKind kind)
{
  gchar name[256];

  memset(self->handles[kind], 0, sizeof(self->handles[kind]));
  for (guint id = 0; id < FIELD_COUNT; id++)
    if (field_get((FieldId) id)->records & (1u << kind) && mailtrace_options_has_field(options, (FieldId) id, kind))
      {
        g_snprintf(name, sizeof(name), "%s%s", options->prefix, field_name_in((FieldId) id, kind));
        self->handles[kind][id] = log_msg_get_value_handle(name);
      }
}

void
message_glue_init(MessageGlue *self, const MailtraceOptions *options)
{
  /* the values of a message are set in the order of its handles, which is the cheapest */
  for (guint kind = RK_MESSAGE; kind < RK_REFUSAL; kind++)
    _register(self, options, (RecordKind) kind);
  _register(self, options, RK_LINE);
  self->options = options;
  self->writer = document_writer_new(options->format);
  self->tag = log_tags_get_by_name("mailtrace");
}

void
message_glue_release(MessageGlue *self)
{
  if (self->writer)
    document_writer_free(self->writer);
  self->writer = NULL;
}

static Slice
_get(LogMessage *msg, NVHandle handle)
{
  gssize len = 0;
  const gchar *value = log_msg_get_value(msg, handle, &len);

  return slice_new(value, (gsize) len);
}

/* template() leaves the message's table unreferenced: setting the first value may move it */
static Slice
_get_copy(LogMessage *msg, NVHandle handle, FrameCopy *copy)
{
  Slice value = _get(msg, handle);
  gchar *to = copy->text + copy->len;

  if (value.len > sizeof(copy->text) - copy->len)
    {
      GString *large = scratch_buffers_alloc();
      g_string_append_len(large, value.str, (gssize) value.len);
      return slice_new(large->str, large->len);
    }
  memcpy(to, value.str, value.len);
  copy->len += value.len;
  return slice_new(to, value.len);
}

static Stamp
_stamp(const LogMessage *msg)
{
  const UnixTime *stamp = &msg->timestamps[LM_TS_STAMP];

  return (Stamp) { (stamp->ut_sec + stamp->ut_gmtoff) * STAMP_USEC + stamp->ut_usec, stamp->ut_gmtoff };
}

void
message_glue_get_frame(LogMessage *msg, Slice input, const MailtraceOptions *options, FrameCopy *copy, Frame *out)
{
  Slice program = _get_copy(msg, LM_V_PROGRAM, copy);

  if (program.len || !frame_split(input, msg->timestamps[LM_TS_RECVD].ut_sec, out))
    frame_from_syslog(_get_copy(msg, LM_V_HOST, copy), program, _get_copy(msg, LM_V_PID, copy), _stamp(msg), input,
                      out);
  if (!out->host.len)
    out->host = _get_copy(msg, LM_V_HOST, copy);
  if (!out->host.len)
    out->host = SLICE("localhost");
  Slice gateway = mailtrace_options_gateway(options, out->host);
  if (gateway.str != out->host.str)
    out->node = out->host;
  out->host = gateway;
}

/* handle 0: not among fields() */
static inline void
_set(LogMessage *msg, NVHandle handle, Slice value, LogMessageValueType type)
{
  if (handle)
    compat_set_value(msg, handle, value.len ? value.str : "", value.len, type);
}

static void
_set_number(LogMessage *msg, NVHandle handle, gint64 number)
{
  gchar digits[INTEGER_MAX];

  _set(msg, handle, slice_new(digits, integer_format(number, digits)), LM_VT_INTEGER);
}

static void
_set_decimal(LogMessage *msg, NVHandle handle, gint64 millionths)
{
  gchar digits[DECIMAL_MAX];

  _set(msg, handle, slice_new(digits, decimal_format(millionths, digits)), LM_VT_DOUBLE);
}

static LogMessageValueType
_type(FieldType type)
{
  switch (type)
    {
    case FT_INTEGER:
      return LM_VT_INTEGER;
    case FT_BOOLEAN:
      return LM_VT_BOOLEAN;
    case FT_LIST:
      return LM_VT_LIST;
    default:
      return LM_VT_STRING;
    }
}

static Slice
_decoded(const LineField *field)
{
  GString *buffer;

  if (!field->escaped)
    return field->value;
  buffer = scratch_buffers_alloc();
  g_string_set_size(buffer, line_field_decoded_max(field));
  return line_field_decode(field, buffer->str);
}

static void
_set_line_list(const MessageGlue *self, LogMessage *msg, const Line *line, FieldId id)
{
  GString *list = scratch_buffers_alloc();

  for (guint i = 0; i < line->n_fields; i++)
    if (line->fields[i].id == id)
      list_text_append(list, _decoded(&line->fields[i]));
  _set(msg, self->handles[RK_LINE][id], slice_new(list->str, list->len), LM_VT_LIST);
}

static void
_set_line_field(const MessageGlue *self, LogMessage *msg, const Line *line, guint i)
{
  const LineField *field = &line->fields[i];
  FieldType type = field_get(field->id)->type;
  Slice first = line_get(line, field->id);
  gint64 decimal;

  if (first.str != field->value.str || !self->handles[RK_LINE][field->id])
    return;
  if (type == FT_LIST)
    _set_line_list(self, msg, line, field->id);
  else if (type == FT_DECIMAL && slice_to_decimal(field->value, &decimal))
    _set_decimal(msg, self->handles[RK_LINE][field->id], decimal);
  else
    _set(msg, self->handles[RK_LINE][field->id], _decoded(field), _type(type));
}

static void
_set_stamp(LogMessage *msg, const Stamp *stamp)
{
  gint64 utc = stamp_to_utc_usec(stamp);
  gint64 usec = (utc % STAMP_USEC + STAMP_USEC) % STAMP_USEC;

  msg->timestamps[LM_TS_STAMP].ut_sec = (utc - usec) / STAMP_USEC;
  msg->timestamps[LM_TS_STAMP].ut_usec = (guint32) usec;
  msg->timestamps[LM_TS_STAMP].ut_gmtoff = stamp->offset_sec;
}

/* a raw line, or the UTM's header that syslog-ng took for its own: origin and stamp are the frame's */
static void
_set_origin(const MessageGlue *self, LogMessage *msg, const Frame *frame)
{
  Stamp stamp = frame->stamp;

  if (_get(msg, LM_V_PROGRAM).len && !g_ascii_isdigit(_get(msg, LM_V_PROGRAM).str[0]))
    return;
  if (!stamp_has_offset(&stamp))
    stamp.offset_sec = mailtrace_options_offset_at(self->options, stamp.local_usec / STAMP_USEC);
  if (stamp.local_usec)
    _set_stamp(msg, &stamp);
  if (frame->program.len)
    _set(msg, LM_V_PROGRAM, frame->program, LM_VT_STRING);
  if (frame->host.len)
    _set(msg, LM_V_HOST, frame->host, LM_VT_STRING);
  if (frame->pid)
    _set_number(msg, LM_V_PID, frame->pid);
}

static void
_set_if_any(LogMessage *msg, NVHandle handle, Slice value)
{
  if (value.len)
    _set(msg, handle, value, LM_VT_STRING);
}

static void
_set_verdict(const MessageGlue *self, LogMessage *msg, FieldId id, TlsVerdict verdict)
{
  _set(msg, self->handles[RK_LINE][id], slice_from_string(tls_verdict_name(verdict)), LM_VT_STRING);
}

static TlsVerdict
_judge_client(const MessageGlue *self, const Line *line)
{
  Slice version = line_get(line, F_TLS_VERSION);
  gboolean with_tls = FALSE;

  tls_is_network_protocol(line_get(line, F_PROTOCOL), &with_tls);
  return !version.len && with_tls ? TV_UNKNOWN
         : tls_policy_judge(self->options->tls_policy, version, line_get(line, F_TLS_CIPHER_IANA));
}

/* of the connection that the line is about */
static void
_set_line_verdict(const MessageGlue *self, LogMessage *msg, const Line *line)
{
  Slice version_out = line_get(line, F_DELIVERY_TLS_VERSION);
  gboolean arrived = line->role == LR_ARRIVAL && line_get(line, F_CLIENT_IP).len;
  gboolean delivered = line->role == LR_DELIVERY && line_get(line, F_DELIVERY_IP).len;

  if (arrived || line_get(line, F_TLS_VERSION).len)
    _set_verdict(self, msg, F_TLS_VERDICT, _judge_client(self, line));
  if (delivered || version_out.len)
    _set_verdict(self, msg, F_DELIVERY_TLS_VERDICT, tls_policy_judge(self->options->tls_policy, version_out,
                 line_get(line, F_DELIVERY_TLS_CIPHER_IANA)));
}

void
message_glue_set_line(const MessageGlue *self, LogMessage *msg, const Frame *frame, const Line *line)
{
  const NVHandle *handles = self->handles[RK_LINE];

  _set(msg, handles[F_RECORD], SLICE("line"), LM_VT_STRING);
  _set(msg, handles[F_ROLE], slice_from_string(line_role_name(line->role)), LM_VT_STRING);
  _set_if_any(msg, handles[F_SHAPE], slice_from_string(line->shape));
  _set_if_any(msg, handles[F_GATEWAY], frame->host);
  _set_if_any(msg, handles[F_QUEUE_ID], line->queue_id);
  _set_if_any(msg, handles[F_PARENT], line->parent);
  _set_if_any(msg, handles[F_CAUSE], line->cause);
  for (guint i = 0; i < line->n_fields; i++)
    _set_line_field(self, msg, line, i);
  _set_line_verdict(self, msg, line);
  _set_origin(self, msg, frame);
}

static void
_set_time(LogMessage *msg, NVHandle handle, const Stamp *stamp)
{
  gchar iso[STAMP_ISO_MAX];
  gsize len = stamp_format_iso(stamp, iso);

  log_msg_set_value_with_type(msg, handle, iso, (gssize) len, LM_VT_STRING);
}

static void
_set_document_list(LogMessage *msg, NVHandle handle, const FactItem *item)
{
  if (!item->next && list_text_is_plain(item->text))
    {
      _set(msg, handle, item->text, LM_VT_LIST);
      return;
    }
  GString *list = scratch_buffers_alloc();

  for (; item; item = item->next)
    list_text_append(list, item->text);
  _set(msg, handle, slice_new(list->str, list->len), LM_VT_LIST);
}

/* the document itself, its nested records included, stands in json */
typedef struct _Written
{
  GString *json;
  DocumentPlaces places;
} Written;

static void
_set_nested(LogMessage *msg, NVHandle handle, const Written *written, RecordKind kind)
{
  _set(msg, handle, slice_new(written->json->str + written->places.nested[kind].at, written->places.nested[kind].len),
       LM_VT_JSON);
}

static void
_set_document_value(const MessageGlue *self, LogMessage *msg, const Facts *facts, FieldId id, const Written *written)
{
  NVHandle handle = self->handles[facts->kind][id];
  const Fact *fact = facts_at(facts, id);

  switch (field_get(id)->type)
    {
    case FT_INTEGER:
      _set_number(msg, handle, fact->number);
      break;
    case FT_DECIMAL:
      _set_decimal(msg, handle, fact->number);
      break;
    case FT_BOOLEAN:
      _set(msg, handle, fact->number ? SLICE("true") : SLICE("false"), LM_VT_BOOLEAN);
      break;
    case FT_TIME:
      _set_time(msg, handle, &fact->stamp);
      break;
    case FT_LIST:
      _set_document_list(msg, handle, fact->list.first);
      break;
    case FT_RECORDS:
      _set_nested(msg, handle, written, field_nested_kind(id));
      break;
    default:
      _set(msg, handle, fact->text, LM_VT_STRING);
    }
}

static void
_set_header(const MessageGlue *self, LogMessage *msg, const Facts *facts)
{
  msg->pri = PRI_MAIL_INFO;
  msg->flags |= LF_LOCAL;
  if (facts_has(facts, F_RECEIVED))
    {
      Stamp received = facts_at(facts, F_RECEIVED)->stamp;

      if (!stamp_has_offset(&received))
        received.offset_sec = 0;
      _set_stamp(msg, &received);
    }
  _set(msg, LM_V_HOST, facts_get_text(facts, F_GATEWAY), LM_VT_STRING);
  _set(msg, LM_V_PROGRAM, SLICE("mailtrace"), LM_VT_STRING);
  log_msg_set_tag_by_id(msg, self->tag);
}

/* an entry of the table: value, terminator, head, name, place in the index */
#define ROOM_OF_VALUE 80
#define ROOM_OF_MESSAGE 1024

static gsize
_room(const Facts *facts, const Written *written)
{
  guint n = 0;

  for (guint word = 0; word < FACTS_WORDS; word++)
    n += (guint) __builtin_popcountll(facts->has[word]);
  return 2 * written->json->len + n * ROOM_OF_VALUE + ROOM_OF_MESSAGE;
}

LogMessage *
message_glue_new_document(const MessageGlue *self, const Facts *facts)
{
  Written written = { .json = scratch_buffers_alloc() };

  document_write_with_places(self->writer, facts, written.json, &written.places);
  LogMessage *msg = log_msg_sized_new(_room(facts, &written));
  _set_header(self, msg, facts);
  for (FieldId id = facts_next(facts, 0); id < FIELD_COUNT; id = facts_next(facts, id + 1u))
    if (self->handles[facts->kind][id])
      _set_document_value(self, msg, facts, id, &written);
  _set(msg, LM_V_MESSAGE, slice_new(written.json->str, written.json->len), LM_VT_STRING);
  return msg;
}
