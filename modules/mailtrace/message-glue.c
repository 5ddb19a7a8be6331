/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "message-glue.h"
#include "list-text.h"
#include "scratch-buffers.h"
#include "logmsg/tags.h"

#define PRI_MAIL_INFO 22

/* a thread reads one source after the other, and most lines of a source begin alike */
static __thread FrameMemory last_begin;

static void
_register(MessageGlue *self, const MailtraceOptions *options, RecordKind kind)
{
  gchar name[256];

  memset(self->names[kind], 0, sizeof(self->names[kind]));
  memset(self->wanted[kind], 0, sizeof(self->wanted[kind]));
  for (guint id = 0; id < FIELD_COUNT; id++)
    if (field_get((FieldId) id)->records & (1u << kind) && mailtrace_options_has_field(options, (FieldId) id, kind))
      {
        g_snprintf(name, sizeof(name), "%s%s", options->prefix, field_name_in((FieldId) id, kind));
        compat_name_init(&self->names[kind][id], name);
        self->wanted[kind][id / FACTS_WORD_BITS] |= G_GUINT64_CONSTANT(1) << id % FACTS_WORD_BITS;
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

  if (program.len || !frame_split_next(&last_begin, input, msg->timestamps[LM_TS_RECVD].ut_sec, out))
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
_set(LogMessage *msg, const CompatName *name, Slice value, LogMessageValueType type)
{
  if (name->handle)
    compat_set_value(msg, name, value.len ? value.str : "", value.len, type);
}

/* one of syslog-ng's own */
static void
_set_own(LogMessage *msg, NVHandle handle, Slice value)
{
  log_msg_set_value_with_type(msg, handle, value.len ? value.str : "", (gssize) value.len, LM_VT_STRING);
}

static void
_set_number(LogMessage *msg, const CompatName *name, gint64 number)
{
  gchar digits[INTEGER_MAX];

  _set(msg, name, slice_new(digits, integer_format(number, digits)), LM_VT_INTEGER);
}

static void
_set_decimal(LogMessage *msg, const CompatName *name, gint64 millionths)
{
  gchar digits[DECIMAL_MAX];

  _set(msg, name, slice_new(digits, decimal_format(millionths, digits)), LM_VT_DOUBLE);
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
_set_line_list(LogMessage *msg, const CompatName *name, const Line *line, FieldId id)
{
  GString *list = scratch_buffers_alloc();

  for (guint i = 0; i < line->n_fields; i++)
    if (line->fields[i].id == id)
      list_text_append(list, _decoded(&line->fields[i]));
  _set(msg, name, slice_new(list->str, list->len), LM_VT_LIST);
}

static void
_set_line_field(LogMessage *msg, const CompatName *name, const Line *line, const LineField *field)
{
  FieldType type = field_get(field->id)->type;
  gint64 decimal;

  if (type == FT_LIST)
    _set_line_list(msg, name, line, field->id);
  else if (type == FT_DECIMAL && slice_to_decimal(field->value, &decimal))
    _set_decimal(msg, name, decimal);
  else
    _set(msg, name, _decoded(field), _type(type));
}

/* the first value of each */
static void
_set_line_fields(const MessageGlue *self, LogMessage *msg, const Line *line)
{
  guint64 rest[FACTS_WORDS];

  memcpy(rest, self->wanted[RK_LINE], sizeof(rest));
  for (guint i = 0; i < line->n_fields; i++)
    {
      FieldId id = line->fields[i].id;
      guint64 bit = G_GUINT64_CONSTANT(1) << id % FACTS_WORD_BITS, *word = &rest[id / FACTS_WORD_BITS];

      if (*word & bit)
        _set_line_field(msg, &self->names[RK_LINE][id], line, &line->fields[i]);
      *word &= ~bit;
    }
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
  Slice program = _get(msg, LM_V_PROGRAM);
  Stamp stamp = frame->stamp;
  gchar digits[INTEGER_MAX];

  if (program.len && !g_ascii_isdigit(program.str[0]))
    return;
  if (!stamp_has_offset(&stamp))
    stamp.offset_sec = mailtrace_options_offset_at(self->options, stamp.local_usec / STAMP_USEC);
  if (stamp.local_usec)
    _set_stamp(msg, &stamp);
  if (frame->program.len)
    _set_own(msg, LM_V_PROGRAM, frame->program);
  if (frame->host.len)
    _set_own(msg, LM_V_HOST, frame->host);
  if (frame->pid)
    _set_own(msg, LM_V_PID, slice_new(digits, integer_format(frame->pid, digits)));
}

static void
_set_if_any(LogMessage *msg, const CompatName *name, Slice value)
{
  if (value.len)
    _set(msg, name, value, LM_VT_STRING);
}

static void
_set_verdict(const MessageGlue *self, LogMessage *msg, FieldId id, TlsVerdict verdict)
{
  _set(msg, &self->names[RK_LINE][id], slice_from_string(tls_verdict_name(verdict)), LM_VT_STRING);
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
  const CompatName *names = self->names[RK_LINE];

  _set(msg, &names[F_RECORD], SLICE("line"), LM_VT_STRING);
  _set(msg, &names[F_ROLE], slice_from_string(line_role_name(line->role)), LM_VT_STRING);
  _set_if_any(msg, &names[F_SHAPE], slice_from_string(line->shape));
  _set_if_any(msg, &names[F_GATEWAY], frame->host);
  _set_if_any(msg, &names[F_QUEUE_ID], line->queue_id);
  _set_if_any(msg, &names[F_PARENT], line->parent);
  _set_if_any(msg, &names[F_CAUSE], line->cause);
  _set_line_fields(self, msg, line);
  _set_line_verdict(self, msg, line);
  _set_origin(self, msg, frame);
}

static void
_set_time(LogMessage *msg, const CompatName *name, const Stamp *stamp)
{
  gchar iso[STAMP_ISO_MAX];
  gsize len = stamp_format_iso(stamp, iso);

  _set(msg, name, slice_new(iso, len), LM_VT_STRING);
}

static void
_set_document_list(LogMessage *msg, const CompatName *name, const FactItem *item)
{
  if (!item->next && list_text_is_plain(item->text))
    {
      _set(msg, name, item->text, LM_VT_LIST);
      return;
    }
  GString *list = scratch_buffers_alloc();

  for (; item; item = item->next)
    list_text_append(list, item->text);
  _set(msg, name, slice_new(list->str, list->len), LM_VT_LIST);
}

/* the document itself, its nested records included, stands in json */
typedef struct _Written
{
  GString *json;
  DocumentPlaces places;
} Written;

static void
_set_nested(LogMessage *msg, const CompatName *name, const Written *written, RecordKind kind)
{
  _set(msg, name, slice_new(written->json->str + written->places.nested[kind].at, written->places.nested[kind].len),
       LM_VT_JSON);
}

static void
_set_document_value(const MessageGlue *self, LogMessage *msg, const Facts *facts, FieldId id, const Written *written)
{
  const CompatName *name = &self->names[facts->kind][id];
  const Fact *fact = facts_at(facts, id);

  switch (field_get(id)->type)
    {
    case FT_INTEGER:
      _set_number(msg, name, fact->number);
      break;
    case FT_DECIMAL:
      _set_decimal(msg, name, fact->number);
      break;
    case FT_BOOLEAN:
      _set(msg, name, fact->number ? SLICE("true") : SLICE("false"), LM_VT_BOOLEAN);
      break;
    case FT_TIME:
      _set_time(msg, name, &fact->stamp);
      break;
    case FT_LIST:
      _set_document_list(msg, name, fact->list.first);
      break;
    case FT_RECORDS:
      _set_nested(msg, name, written, field_nested_kind(id));
      break;
    default:
      _set(msg, name, fact->text, LM_VT_STRING);
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
  _set_own(msg, LM_V_HOST, facts_get_text(facts, F_GATEWAY));
  _set_own(msg, LM_V_PROGRAM, SLICE("mailtrace"));
  log_msg_set_tag_by_id(msg, self->tag);
}

/* an entry of the table: value, terminator, head, name, place in the index */
#define ROOM_OF_VALUE 80
#define ROOM_OF_MESSAGE 1024

static gsize
_room(const MessageGlue *self, const Facts *facts, const Written *written)
{
  guint n = 0;

  for (guint word = 0; word < FACTS_WORDS; word++)
    n += (guint) __builtin_popcountll(facts->has[word] & self->wanted[facts->kind][word]);
  return 2 * written->json->len + n * ROOM_OF_VALUE + ROOM_OF_MESSAGE;
}

static void
_set_wanted(const MessageGlue *self, LogMessage *msg, const Facts *facts, const Written *written)
{
  for (guint word = 0; word < FACTS_WORDS; word++)
    for (guint64 rest = facts->has[word] & self->wanted[facts->kind][word]; rest; rest &= rest - 1)
      {
        FieldId id = (FieldId) (word * FACTS_WORD_BITS + (guint) __builtin_ctzll(rest));

        _set_document_value(self, msg, facts, id, written);
      }
}

LogMessage *
message_glue_new_document(const MessageGlue *self, const Facts *facts)
{
  Written written = { .json = scratch_buffers_alloc() };

  document_write_with_places(self->writer, facts, written.json, &written.places);
  LogMessage *msg = log_msg_sized_new(_room(self, facts, &written));
  _set_header(self, msg, facts);
  _set_wanted(self, msg, facts, &written);
  _set_own(msg, LM_V_MESSAGE, slice_new(written.json->str, written.json->len));
  return msg;
}
