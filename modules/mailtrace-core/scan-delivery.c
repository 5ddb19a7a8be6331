/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* deliveries, deferrals and failures: addresses, fields, and why it did not work */
#include "scan-letters.h"

static const CipherFields next_hop_cipher =
{
  F_DELIVERY_TLS_VERSION, F_DELIVERY_TLS_CIPHER, F_DELIVERY_TLS_BITS, F_DELIVERY_TLS_GROUP, F_DELIVERY_TLS_RESUMED,
  F_DELIVERY_TLS_CIPHER_IANA, F_DELIVERY_TLS_FORWARD_SECRECY, F_DELIVERY_TLS_AEAD
};

#define EXTENSION(name, word) FLAG(name, F_DELIVERY_EXTENSIONS, word)

/* in the order of the log */
static const Slice behind_name[] =
{
  TEXT("A="), TEXT("L"), TEXT("L*"), TEXT("PRDR"), TEXT("K"), TEXT("DKIM="), TEXT("QT="), TEXT("DT="), TEXT("C="),
  TEXTS_END
};

static const Letter *const delivery_letters[256] =
{
  ['A'] = LETTERS(LETTER("A=", FORM_FREE, F_DELIVERY_AUTH)),
  ['C'] = LETTERS(LETTER_PAIR("C=", FORM_REPLY, F_DELIVERY_RESPONSE, F_DELIVERY_CODE),
                  LETTER("CV=", FORM_WORD, F_DELIVERY_TLS_VERIFIED)),
  ['D'] = LETTERS(LETTER_BEFORE("DN=", FORM_NAME, F_DELIVERY_TLS_DN, behind_name),
                  LETTER("DKIM=", FORM_WORD, F_DELIVERY_DKIM), LETTER("DT=", FORM_WORD, F_DELIVERY_DELIVER_TIME)),
  ['F'] = LETTERS(LETTER("F=", FORM_ANGLE, F_DELIVERY_SENDER)),
  ['H'] = LETTERS(LETTER("H=", FORM_NEXT_HOP, NO_FIELD)),
  ['I'] = LETTERS(LETTER_PAIR("I=", FORM_ADDRESS, F_DELIVERY_LOCAL_IP, F_DELIVERY_LOCAL_PORT)),
  ['K'] = LETTERS(EXTENSION("K", "chunking")),
  ['L'] = LETTERS(EXTENSION("L", "pipelining"), EXTENSION("L*", "pipelining")),
  ['P'] = LETTERS(LETTER("P=", FORM_ANGLE, F_DELIVERY_RETURN_PATH), LETTER("PRX=", FORM_ADDRESS, F_DELIVERY_PROXY),
                  LETTER("PS=", FORM_WORD, F_DELIVERY_PROTOCOL_SEQUENCE), EXTENSION("PRDR", "prdr")),
  ['Q'] = LETTERS(LETTER("Q=", FORM_WORD, F_DELIVERY_QUEUE_NAME), LETTER("QT=", FORM_WORD, F_DELIVERY_QUEUE_TIME)),
  ['R'] = LETTERS(LETTER("R=", FORM_WORD, F_DELIVERY_ROUTER)),
  ['S'] = LETTERS(LETTER("S=", FORM_WORD, F_DELIVERY_SIZE), LETTER("SRS=", FORM_ANGLE, NO_FIELD),
                  LETTER("ST=", FORM_FREE, F_DELIVERY_SHADOW)),
  ['T'] = LETTERS(LETTER("T=", FORM_WORD, F_DELIVERY_TRANSPORT), EXTENSION("TFO", "tfo"), EXTENSION("TFO*", "tfo")),
  ['X'] = LETTERS(LETTER("X=", FORM_CIPHER, NO_FIELD)),
};

static const LetterTable delivery = { delivery_letters, &next_hop_cipher, NULL, FALSE };

/* the first field, or the words of a deferral */
static gboolean
_ends_addresses(Slice at)
{
  switch (scan_next(at))
    {
    case 'F':
      return slice_starts_with(at, SLICE("F=<"));
    case 'I':
      return slice_starts_with(at, SLICE("I=["));   /* 4.86 only */
    case 'P':
      return slice_starts_with(at, SLICE("P=<"));
    case 'Q':
      return slice_starts_with(at, SLICE("Q="));
    case 'R':
      return slice_starts_with(at, SLICE("R="));
    case 'S':
      return slice_starts_with(at, SLICE("SRS=<"));
    case 'T':
      return slice_starts_with(at, SLICE("T="));
    case 'd':
      return slice_starts_with(at, SLICE("defer ("));
    case 'r':
      return slice_starts_with(at, SLICE("routing defer ("));
    default:
      return FALSE;
    }
}

/* index of the blank in front of it, or the end */
static gsize
_first_field(Slice text)
{
  gssize blank;

  for (Slice rest = text; (blank = scan_find_blank(rest)) >= 0;)
    {
      rest = slice_new(rest.str + blank + 1, rest.len - (gsize) blank - 1);
      if (_ends_addresses(rest))
        return text.len - rest.len - 1;
    }
  return text.len;
}

/* what the line tells of a recipient */
typedef enum _Outcome { DELIVERED, DEFERRED, FAILED } Outcome;

static gsize
_addresses_end(Slice text, gboolean failure)
{
  gsize end = _first_field(text);

  /* commands and files may hold colons: there the first field ends them */
  gchar first = scan_next(text);
  gboolean is_command = (first == '|' || first == '/' || first == '>') && end < text.len;
  gssize colon = failure && !is_command ? scan_find_unquoted(slice_head(text, end), SLICE(": ")) : -1;
  if (colon > 0 && text.str[colon - 1] == ' ')
    colon--;
  return colon >= 0 ? (gsize) colon : end;
}

/* index of the last "<" with a blank in front, or -1 */
static gssize
_last_angle(Slice text)
{
  gssize at;

  while ((at = slice_find_last_char(text, '<')) > 0 && text.str[at - 1] != ' ')
    text.len = (gsize) at;
  return at > 0 ? at : -1;
}

/* index of the "<" that begins the last angle-bracketed part, or -1 */
static gssize
_top_begin(Slice addresses)
{
  gssize found = -1;

  if (addresses.len < 4 || addresses.str[addresses.len - 1] != '>')
    return -1;
  if (slice_find_char(addresses, '"') < 0)
    return _last_angle(addresses);
  for (gsize from = 0;;)
    {
      gssize at = scan_find_unquoted(slice_skip(addresses, from), SLICE(" <"));
      if (at < 0)
        return found;
      found = (gssize) from + at + 1;
      from = (gsize) found;
    }
}

static void
_add_addresses(Scan *self, Slice final, Slice top, Slice parents)
{
  scan_add(self, F_DELIVERY_RECIPIENT, final, FALSE);
  if (top.str)
    scan_add(self, F_DELIVERY_ORIGINAL_RECIPIENT, top, FALSE);
  if (parents.len)
    scan_add(self, F_DELIVERY_PARENTS, parents, FALSE);
}

static gboolean
_plain_addresses(Scan *self, Outcome outcome)
{
  Slice text = slice_head(self->rest, _addresses_end(self->rest, outcome == FAILED)), top = SLICE_NONE;
  Slice between = SLICE_NONE;
  gssize begin = _top_begin(text), parents;

  self->rest = slice_skip(self->rest, text.len);
  if (begin > 0)
    {
      top = slice_new(text.str + begin + 1, text.len - (gsize) begin - 2);
      text = slice_head(text, (gsize) begin - 1);
    }
  if (text.len && text.str[text.len - 1] == ')' && (parents = scan_find_unquoted(text, SLICE(" ("))) > 0)
    {
      between = slice_new(text.str + parents + 2, text.len - (gsize) parents - 3);
      text = slice_head(text, (gsize) parents);
    }
  if (!text.len)
    return FALSE;
  if (text.len > 2 && text.str[0] == '<' && text.str[text.len - 1] == '>')
    text = slice_new(text.str + 1, text.len - 2);
  _add_addresses(self, text, top, between);
  return TRUE;
}

/* addresses = final [SP "(" parents ")"] [SP "<" top ">"] */
static gboolean
_addresses(Scan *self, Outcome outcome)
{
  UnquotedAddress unquoted;
  UnquotedReading reading = scan_unquoted_address(self->rest, outcome == DELIVERED, &unquoted);

  if (reading == UNQUOTED_FOUND)
    {
      self->rest = slice_skip(self->rest, unquoted.len);
      _add_addresses(self, unquoted.final, unquoted.original, unquoted.parents);
    }
  return reading == UNQUOTED_FOUND || (reading == UNQUOTED_NONE && _plain_addresses(self, outcome));
}

static gboolean
_has_way(const Line *line)
{
  return line_get(line, F_DELIVERY_ROUTER).str || line_get(line, F_DELIVERY_TRANSPORT).str;
}

/* ":blackhole:", or "discarded" by a router without a transport; a mailbox may have that name, too */
static gboolean
_is_discarded(const Line *line)
{
  Slice final = line_get(line, F_DELIVERY_RECIPIENT);

  return slice_equals(final, SLICE(":blackhole:"))
         || (slice_equals(final, SLICE("discarded")) && _has_way(line) && !line_get(line, F_DELIVERY_TRANSPORT).str);
}

/* "discarded (system filter)", "blackhole (" name " ACL discarded recipients)": not about one recipient */
static gboolean
_is_of_whole_message(Slice text)
{
  return slice_starts_with(text, SLICE("discarded (system filter)"))
         || (slice_starts_with(text, SLICE("blackhole ("))
             && slice_find(slice_head(text, 64), SLICE(" discarded recipients)")) >= 0);
}

/* without router and transport it is a text of the administrator's */
gboolean
scan_delivery(Scan *self, const LineStep *step)
{
  guint status;

  if (_is_of_whole_message(self->rest) || !_addresses(self, DELIVERED))
    return FALSE;
  status = self->line->n_fields;
  scan_add(self, F_DELIVERY_STATUS, step->literal, FALSE);
  scan_letters(self, &delivery);
  if (_is_discarded(self->line))
    self->line->fields[status].value = SLICE("discarded");
  else if (!_has_way(self->line))
    return FALSE;
  self->rest = SLICE("");
  return TRUE;
}

/* words of local_scan() behind "=> blackhole ": not those of an access control list, and a mailbox of that name has a
 * router or a transport */
gboolean
scan_no_delivery(Scan *self, const LineStep *step)
{
  gchar next = scan_next(self->rest);

  if (next == '\0' || next == '(' || next == '<' || slice_find(self->rest, SLICE(" R=")) >= 0
      || slice_find(self->rest, SLICE(" T=")) >= 0)
    return FALSE;
  scan_add(self, step->field, self->rest, TRUE);
  self->rest = SLICE("");
  return TRUE;
}

/* command = "RCPT TO:" angle / "MAIL FROM:" angle parameters / word: what stands behind its colon, empty: nothing */
static Slice
_behind_command(Slice rest, Line *scratch)
{
  Scan scan = { rest, scratch };

  scan_take(&scan, "pipelined ");
  if ((scan_take(&scan, "RCPT TO:") || scan_take(&scan, "MAIL FROM:")) && !scan_angle_into(&scan, NO_FIELD))
    return SLICE("");
  gssize colon = slice_find(scan.rest, SLICE(": "));
  return colon < 0 ? SLICE("") : slice_skip(scan.rest, (gsize) colon + 2);
}

/* reply = "SMTP error from remote mail server after " command ": " ["host " NAME " [" ip "]: "] NNN text; the host only
 * where no field names it; addresses of strangers may hold all of that */
static void
_add_remote_reply(Scan *self, Slice error)
{
  Line scratch;
  Slice rest = error;
  gssize after = slice_find(slice_head(error, 48), SLICE(" after ")), end;

  if (!slice_starts_with(error, SLICE("SMTP error from remote mail")) || after < 0)
    return;
  scan_clear_fields(&scratch);
  rest = _behind_command(slice_skip(error, (gsize) after + 7), &scratch);
  if (slice_starts_with(rest, SLICE("host ")) && !line_get(self->line, F_DELIVERY_HOST).str
      && (end = slice_find(rest, SLICE("]: "))) >= 0)
    {
      scan_next_hop(self, slice_new(rest.str + 5, (gsize) end - 4));
      rest = slice_skip(rest, (gsize) end + 3);
    }
  if (!scan_is_reply_code(rest))
    return;
  scan_add(self, F_DELIVERY_CODE, slice_head(rest, 3), FALSE);
  scan_add(self, F_DELIVERY_RESPONSE, rest, TRUE);
}

/* " DT=" duration, which stands behind the message of a failure; where a next hop spoke it may be part of its words */
static Slice
_take_deliver_time(Scan *self, Slice error)
{
  gssize blank = slice_find_last_char(error, ' ');
  Slice time = slice_skip(error, (gsize) (blank + 4));

  if (line_get(self->line, F_DELIVERY_HOST).str || blank < 1 || !slice_starts_with(slice_skip(error, (gsize) blank), SLICE(" DT="))
      || !time.len || !slice_ends_with(time, SLICE("s")))
    return error;
  for (gsize i = 0; i < time.len; i++)
    if (!g_ascii_isdigit(time.str[i]) && !strchr(".smhdw", time.str[i] ? time.str[i] : ' '))
      return error;
  scan_add(self, F_DELIVERY_DELIVER_TIME, time, FALSE);
  return slice_head(error, (gsize) blank);
}

static Slice
_without_colon(Slice text)
{
  if (slice_starts_with(text, SLICE(" : ")))
    return slice_skip(text, 3);
  if (slice_starts_with(text, SLICE(": ")))
    return slice_skip(text, 2);
  return text;
}

static void
_add_error(Scan *self, Slice error)
{
  if (error.len)
    scan_add(self, F_DELIVERY_ERROR, error, TRUE);
  _add_remote_reply(self, error);
}

static const Letter *const attempt_letters[256] =
{
  ['D'] = LETTERS(LETTER("DT=", FORM_WORD, F_DELIVERY_DELIVER_TIME)),
  ['H'] = LETTERS(LETTER("H=", FORM_NEXT_HOP, NO_FIELD)),
  ['I'] = LETTERS(LETTER_PAIR("I=", FORM_ADDRESS, F_DELIVERY_LOCAL_IP, F_DELIVERY_LOCAL_PORT)),
  ['P'] = LETTERS(LETTER("PRX=", FORM_ADDRESS, F_DELIVERY_PROXY)),
  ['T'] = LETTERS(EXTENSION("TFO", "tfo"), EXTENSION("TFO*", "tfo")),
};

static const LetterTable attempt = { attempt_letters, &next_hop_cipher, NULL, FALSE };

/* the system's text in front of the attempt's fields; with none behind it, it is the message */
static Slice
_system_error(Scan *self)
{
  Slice text = slice_skip(self->rest, 2);
  gssize host = slice_find(text, SLICE(" H=")), time = slice_find(text, SLICE(" DT=")), colon = slice_find(text, SLICE(": "));
  gssize end = host < 0 || (time >= 0 && time < host) ? time : host;

  if (end < 0 || (colon >= 0 && colon < end))
    return SLICE_NONE;
  self->rest = slice_skip(text, (gsize) end);
  return slice_head(text, (gsize) end);
}

/* reason = [": " strerror] [" H=" hop] [" DT=" duration] [": " message]; only positive numbers have a text of the system */
static void
_deferral_reason(Scan *self, gboolean is_system_error)
{
  Slice system = is_system_error && slice_starts_with(self->rest, SLICE(": ")) ? _system_error(self) : SLICE_NONE;
  Slice message;

  scan_letters(self, &attempt);
  message = _without_colon(self->rest);
  self->rest = SLICE("");
  if (system.len && message.len)
    scan_add(self, F_DELIVERY_SYSTEM_ERROR, system, TRUE);
  _add_error(self, message.len ? message : system);
}

gboolean
scan_deferral(Scan *self, const LineStep *step)
{
  gssize end;
  gint64 number;

  if (!_addresses(self, DEFERRED))
    return FALSE;
  scan_add(self, F_DELIVERY_STATUS, SLICE("deferred"), FALSE);
  scan_letters(self, &delivery);
  scan_take(self, " routing");
  if (!scan_take(self, " defer (") || (end = slice_find_char(slice_head(self->rest, 12), ')')) < 1)
    return FALSE;
  Slice errno_text = slice_head(self->rest, (gsize) end);
  scan_add(self, F_DELIVERY_ERRNO, errno_text, FALSE);
  self->rest = slice_skip(self->rest, (gsize) end + 1);
  _deferral_reason(self, slice_to_int(errno_text, &number) && number > 0);
  return TRUE;
}

/* a reason follows behind a colon; without one it is a remark about the delivery */
gboolean
scan_failure(Scan *self, const LineStep *step)
{
  if (!_addresses(self, FAILED))
    return FALSE;
  scan_add(self, F_DELIVERY_STATUS, SLICE("failed"), FALSE);
  scan_letters(self, &delivery);
  if (self->rest.len ? !slice_starts_with(self->rest, SLICE(": ")) && !slice_starts_with(self->rest, SLICE(" : "))
      : !_has_way(self->line))
    return FALSE;
  _add_error(self, _take_deliver_time(self, _without_colon(self->rest)));
  self->rest = SLICE("");
  return TRUE;
}

/* "** mua_wrapper is set true, but ...", "** " address " routing yielded a " router " delivery" */
gboolean
scan_no_failure(Scan *self, const LineStep *step)
{
  Line scratch;
  Scan failure = { self->rest, &scratch };

  scan_clear_fields(&scratch);
  if (!self->rest.len || scan_failure(&failure, step))
    return FALSE;
  scan_add(self, step->field, self->rest, TRUE);
  self->rest = SLICE("");
  return TRUE;
}
