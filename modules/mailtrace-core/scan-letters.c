/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * " NAME=value" fields.  The same letter means different things on different kinds of lines, so each kind has its own
 * table.  A name that no table knows is skipped with its value: patches and newer releases add names.
 */
#include "scan.h"

#define LETTERS_MAX 64

typedef enum _Form
{
  FORM_WORD,       /* up to the next blank */
  FORM_SKIP,       /* a word or "quoted", of no interest */
  FORM_FLAG,       /* the bare name */
  FORM_QUOTED,     /* "..." with backslash escapes, or a bare word */
  FORM_FREE,       /* may hold blanks: ends before the next name of the same table */
  FORM_MESSAGE_ID, /* a word in which quotes may hold blanks */
  FORM_ANGLE,      /* <address> */
  FORM_PEER,
  FORM_NEXT_HOP,   /* name [ip]:port* */
  FORM_ADDRESS,    /* [ip]:port */
  FORM_CIPHER,     /* version:cipher:bits */
  FORM_AUTH,       /* driver:id */
  FORM_YES_NO,
  FORM_PARENT,     /* a queue id: the line's cause */
  FORM_REPLY,      /* "250 ..." */
  FORM_LIST,       /* the rest of the line, blank separated */
  FORM_STOP,       /* no field: the words of the line begin */
} Form;

typedef struct _Letter
{
  const gchar *name;   /* with "=" unless FORM_FLAG */
  Form form;
  FieldId field, second, third;
} Letter;

static const Letter arrival_letters[] =
{
  { "R=", FORM_PARENT, NO_FIELD, 0, 0 }, { "H=", FORM_PEER, NO_FIELD, 0, 0 },
  { "I=", FORM_ADDRESS, F_LOCAL_IP, F_LOCAL_PORT, 0 }, { "U=", FORM_FREE, F_CLIENT_IDENT, 0, 0 },
  { "P=", FORM_WORD, F_PROTOCOL, 0, 0 }, { "X=", FORM_CIPHER, F_TLS_VERSION, F_TLS_CIPHER, F_TLS_BITS },
  { "CV=", FORM_YES_NO, F_TLS_IN_VERIFIED, 0, 0 }, { "DN=", FORM_QUOTED, F_TLS_IN_DN, 0, 0 },
  { "SNI=", FORM_QUOTED, F_TLS_IN_SNI, 0, 0 }, { "A=", FORM_AUTH, F_AUTH_MECHANISM, F_AUTH_ID, 0 },
  { "S=", FORM_WORD, F_SIZE, 0, 0 }, { "id=", FORM_MESSAGE_ID, F_MESSAGE_ID, 0, 0 },
  { "id*=", FORM_MESSAGE_ID, F_MESSAGE_ID, 0, 0 }, { "T=", FORM_QUOTED, F_SUBJECT, 0, 0 },
  { "Ci=", FORM_SKIP, NO_FIELD, 0, 0 }, { "PRX=", FORM_SKIP, NO_FIELD, 0, 0 }, { "M8S=", FORM_SKIP, NO_FIELD, 0, 0 },
  { "DKIM=", FORM_SKIP, NO_FIELD, 0, 0 }, { "RT=", FORM_SKIP, NO_FIELD, 0, 0 }, { "Q=", FORM_SKIP, NO_FIELD, 0, 0 },
  { "SPF=", FORM_SKIP, NO_FIELD, 0, 0 }, { "DMARC=", FORM_SKIP, NO_FIELD, 0, 0 },
  { "DS", FORM_FLAG, NO_FIELD, 0, 0 }, { "TFO", FORM_FLAG, NO_FIELD, 0, 0 }, { "TFO*", FORM_FLAG, NO_FIELD, 0, 0 },
  { "L", FORM_FLAG, NO_FIELD, 0, 0 }, { "L-", FORM_FLAG, NO_FIELD, 0, 0 }, { "L.", FORM_FLAG, NO_FIELD, 0, 0 },
  { "L.-", FORM_FLAG, NO_FIELD, 0, 0 }, { "L*", FORM_FLAG, NO_FIELD, 0, 0 }, { "L*-", FORM_FLAG, NO_FIELD, 0, 0 },
  { "SPF", FORM_FLAG, NO_FIELD, 0, 0 }, { "PRDR", FORM_FLAG, NO_FIELD, 0, 0 }, { "K", FORM_FLAG, NO_FIELD, 0, 0 },
  { "ARC", FORM_FLAG, NO_FIELD, 0, 0 }, { "DMARC", FORM_FLAG, NO_FIELD, 0, 0 },
  { "from ", FORM_ANGLE, NO_FIELD, 0, 0 }, { "for ", FORM_LIST, F_RECIPIENTS, 0, 0 },
  { NULL, FORM_SKIP, NO_FIELD, 0, 0 }
};

/* R= and H= do not occur behind H= */
static const Letter *const behind_peer = arrival_letters + 2;

static const Letter delivery_letters[] =
{
  { "F=", FORM_ANGLE, NO_FIELD, 0, 0 }, { "Q=", FORM_SKIP, NO_FIELD, 0, 0 }, { "SRS=", FORM_ANGLE, NO_FIELD, 0, 0 },
  { "P=", FORM_ANGLE, F_DELIVERY_RETURN_PATH, 0, 0 }, { "R=", FORM_WORD, F_DELIVERY_ROUTER, 0, 0 },
  { "T=", FORM_WORD, F_DELIVERY_TRANSPORT, 0, 0 }, { "S=", FORM_WORD, F_DELIVERY_SIZE, 0, 0 },
  { "H=", FORM_NEXT_HOP, NO_FIELD, 0, 0 }, { "I=", FORM_SKIP, NO_FIELD, 0, 0 }, { "ST=", FORM_FREE, NO_FIELD, 0, 0 },
  { "X=", FORM_CIPHER, F_DELIVERY_TLS_VERSION, F_DELIVERY_TLS_CIPHER, F_DELIVERY_TLS_BITS },
  { "CV=", FORM_WORD, F_DELIVERY_TLS_VERIFIED, 0, 0 }, { "DN=", FORM_QUOTED, F_DELIVERY_TLS_DN, 0, 0 },
  { "A=", FORM_FREE, NO_FIELD, 0, 0 }, { "PRX=", FORM_SKIP, NO_FIELD, 0, 0 }, { "PS=", FORM_SKIP, NO_FIELD, 0, 0 },
  { "DKIM=", FORM_SKIP, NO_FIELD, 0, 0 }, { "C=", FORM_REPLY, F_DELIVERY_RESPONSE, F_DELIVERY_CODE, 0 },
  { "QT=", FORM_SKIP, NO_FIELD, 0, 0 }, { "DT=", FORM_SKIP, NO_FIELD, 0, 0 },
  { "TFO", FORM_FLAG, NO_FIELD, 0, 0 }, { "TFO*", FORM_FLAG, NO_FIELD, 0, 0 }, { "L", FORM_FLAG, NO_FIELD, 0, 0 },
  { "L*", FORM_FLAG, NO_FIELD, 0, 0 }, { "PRDR", FORM_FLAG, NO_FIELD, 0, 0 }, { "K", FORM_FLAG, NO_FIELD, 0, 0 },
  { NULL, FORM_SKIP, NO_FIELD, 0, 0 }
};

static const Letter refusal_letters[] =
{
  { "I=", FORM_ADDRESS, F_LOCAL_IP, F_LOCAL_PORT, 0 }, { "U=", FORM_FREE, F_CLIENT_IDENT, 0, 0 },
  { "Ci=", FORM_SKIP, NO_FIELD, 0, 0 }, { "P=", FORM_WORD, NO_FIELD, 0, 0 },
  { "X=", FORM_CIPHER, F_TLS_VERSION, F_TLS_CIPHER, F_TLS_BITS }, { "CV=", FORM_SKIP, NO_FIELD, 0, 0 },
  { "DN=", FORM_SKIP, NO_FIELD, 0, 0 }, { "SNI=", FORM_SKIP, NO_FIELD, 0, 0 },
  { "F=", FORM_ANGLE, F_REFUSAL_SENDER, 0, 0 }, { "A=", FORM_AUTH, F_AUTH_MECHANISM, F_AUTH_ID, 0 },
  { "D=", FORM_SKIP, NO_FIELD, 0, 0 }, { "PRX=", FORM_SKIP, NO_FIELD, 0, 0 }, { "C=", FORM_SKIP, NO_FIELD, 0, 0 },
  { "SPF", FORM_FLAG, NO_FIELD, 0, 0 }, { "DMARC", FORM_FLAG, NO_FIELD, 0, 0 }, { "DS", FORM_FLAG, NO_FIELD, 0, 0 },
  { "TFO", FORM_FLAG, NO_FIELD, 0, 0 }, { "L", FORM_FLAG, NO_FIELD, 0, 0 }, { "L-", FORM_FLAG, NO_FIELD, 0, 0 },
  { "L.", FORM_FLAG, NO_FIELD, 0, 0 }, { "L.-", FORM_FLAG, NO_FIELD, 0, 0 }, { "L*", FORM_FLAG, NO_FIELD, 0, 0 },
  { "rejected ", FORM_STOP, NO_FIELD, 0, 0 }, { "temporarily rejected ", FORM_STOP, NO_FIELD, 0, 0 },
  { "Warning: ", FORM_STOP, NO_FIELD, 0, 0 }, { "RCPT <", FORM_STOP, NO_FIELD, 0, 0 },
  { "sender verify ", FORM_STOP, NO_FIELD, 0, 0 }, { "dropped", FORM_STOP, NO_FIELD, 0, 0 },
  { "incomplete transaction ", FORM_STOP, NO_FIELD, 0, 0 }, { "closed ", FORM_STOP, NO_FIELD, 0, 0 },
  { "lost", FORM_STOP, NO_FIELD, 0, 0 }, { "(TCP/IP ", FORM_STOP, NO_FIELD, 0, 0 },
  { NULL, FORM_SKIP, NO_FIELD, 0, 0 }
};

static gboolean
_is_flag_end(Slice rest)
{
  return !rest.len || rest.str[0] == ' ' || rest.str[0] == ':';
}

static const Letter *
_letter(const Letter *table, Slice at)
{
  for (const Letter *letter = table; letter->name; letter++)
    {
      Slice name = slice_from_string(letter->name);
      if (slice_starts_with(at, name) && (letter->form != FORM_FLAG || _is_flag_end(slice_skip(at, name.len))))
        return letter;
    }
  return NULL;
}

/* unknown = 1*5ALNUM ["*"] "=" */
static gboolean
_is_unknown_name(Slice at)
{
  gsize i = 0;

  while (i < at.len && i < 6 && g_ascii_isalnum(at.str[i]))
    i++;
  return i > 0 && i < at.len && g_ascii_isalpha(at.str[0]) && at.str[i] == '=';
}

/* quoted = DQUOTE *( "\" any / any but DQUOTE ) DQUOTE; len counts both quotes, 0 when it does not end */
static gsize
_quoted_length(Slice at)
{
  if (!at.len || at.str[0] != '"')
    return 0;
  for (gsize i = 1; i < at.len; i++)
    {
      if (at.str[i] == '\\')
        i++;
      else if (at.str[i] == '"')
        return i + 1;
    }
  return 0;
}

static Slice
_free_text(const Letter *table, Slice at)
{
  gsize i = 0;

  while (i < at.len)
    {
      if (at.str[i] == ' ' && _letter(table, slice_skip(at, i + 1)))
        break;
      if (table == refusal_letters && slice_starts_with(slice_skip(at, i), SLICE(": ")))
        break;
      i++;
    }
  return slice_head(at, i);
}

static void
_add_cipher(Scan *self, const Letter *letter, Slice value)
{
  gssize first = slice_find_char(value, ':');
  gint64 bits;

  if (value.len && value.str[value.len - 1] == '*')
    value.len--;
  if (first < 0)
    return;
  scan_add(self, letter->field, slice_head(value, (gsize) first), FALSE);
  Slice cipher = slice_skip(value, (gsize) first + 1);
  gssize second = slice_find_char(cipher, ':');
  scan_add(self, letter->second, second < 0 ? cipher : slice_head(cipher, (gsize) second), FALSE);
  Slice rest = second < 0 ? SLICE("") : slice_skip(cipher, (gsize) second + 1);
  gssize group = slice_find_char(rest, ':');
  rest = group < 0 ? rest : slice_head(rest, (gsize) group);
  if (slice_to_int(rest, &bits))
    scan_add(self, letter->third, rest, FALSE);
}

static void
_add_auth(Scan *self, const Letter *letter, Slice value)
{
  gssize colon = slice_find_char(value, ':');

  scan_add(self, letter->field, colon < 0 ? value : slice_head(value, (gsize) colon), FALSE);
  if (colon >= 0)
    scan_add(self, letter->second, slice_skip(value, (gsize) colon + 1), FALSE);
}

static gboolean
_is_reply_code(Slice text)
{
  return text.len >= 3 && text.str[0] >= '2' && text.str[0] <= '5' && g_ascii_isdigit(text.str[1])
         && g_ascii_isdigit(text.str[2]) && (text.len == 3 || text.str[3] == ' ' || text.str[3] == '-');
}

static void
_add_list(Scan *self, FieldId field, Slice rest)
{
  while (rest.len && self->line->n_fields < LINE_FIELDS_MAX)
    {
      Slice one = scan_quoted_word(rest);

      if (one.len)
        scan_add(self, field, one, FALSE);
      rest = slice_skip(rest, one.len + 1);
    }
  self->line->more_recipients = rest;
}

#define MESSAGE_ID_WORDS_MAX 16

/* message-id = word *( SP word ), up to the next name of the table */
static Slice
_message_id(const Letter *table, Slice at)
{
  gsize len = scan_quoted_word(at).len;

  for (guint n = 1; n < MESSAGE_ID_WORDS_MAX && len < at.len && !_letter(table, slice_skip(at, len + 1)); n++)
    len += 1 + scan_quoted_word(slice_skip(at, len + 1)).len;
  return slice_head(at, len);
}

static Slice
_value(const Letter *table, const Letter *letter, Slice at)
{
  gsize quoted = _quoted_length(at);
  gssize blank;

  switch (letter->form)
    {
    case FORM_FREE:
    case FORM_AUTH:
      return _free_text(table, at);
    case FORM_QUOTED:
    case FORM_REPLY:
    case FORM_SKIP:
      if (quoted)
        return slice_head(at, quoted);
      if (at.len && at.str[0] == '<' && (blank = slice_find_char(at, '>')) > 0)
        return slice_head(at, (gsize) blank + 1);
      break;
    case FORM_MESSAGE_ID:
      return _message_id(table, at);
    case FORM_LIST:
      return at;
    default:
      break;
    }
  blank = slice_find_char(at, ' ');
  return blank < 0 ? at : slice_head(at, (gsize) blank);
}

static void
_add_quoted(Scan *self, const Letter *letter, Slice value)
{
  gboolean quoted = value.len >= 2 && value.str[0] == '"';
  Slice inner = quoted ? slice_new(value.str + 1, value.len - 2) : value;

  scan_add(self, letter->field, inner, TRUE);
  if (letter->form == FORM_REPLY && _is_reply_code(inner))
    scan_add(self, letter->second, slice_head(inner, 3), FALSE);
}

static gboolean _arrival_follows(Slice *rest, const gchar *ends);

/* forms whose value ends by their own grammar; FALSE when the text has none of it */
static gboolean
_self_ending(Scan *self, const Letter *table, const Letter *letter)
{
  LineStep angle = { NULL, letter->field, NULL };
  Slice ip, port, hop;

  switch (letter->form)
    {
    case FORM_PEER:
      return scan_peer_before(self, _arrival_follows, NULL);
    case FORM_ANGLE:
      return scan_angle(self, &angle);
    case FORM_ADDRESS:
      if (!scan_bracketed(&self->rest, &ip, &port))
        return FALSE;
      scan_add(self, letter->field, ip, FALSE);
      if (port.len)
        scan_add(self, letter->second, port, FALSE);
      return TRUE;
    case FORM_NEXT_HOP:
      hop = _free_text(table, self->rest);
      if (slice_find(hop, SLICE(": ")) >= 0)
        hop = slice_head(hop, (gsize) slice_find(hop, SLICE(": ")));
      scan_next_hop(self, hop);
      self->rest = slice_skip(self->rest, hop.len);
      return TRUE;
    default:
      return FALSE;
    }
}

static void
_add_value(Scan *self, const Letter *letter, Slice value)
{
  switch (letter->form)
    {
    case FORM_CIPHER:
      _add_cipher(self, letter, value);
      break;
    case FORM_AUTH:
      _add_auth(self, letter, value);
      break;
    case FORM_YES_NO:
      scan_add(self, letter->field, slice_equals(value, SLICE("yes")) ? SLICE("true") : SLICE("false"), FALSE);
      break;
    case FORM_PARENT:
      self->line->cause = value;
      break;
    case FORM_QUOTED:
    case FORM_REPLY:
      _add_quoted(self, letter, value);
      break;
    case FORM_LIST:
      _add_list(self, letter->field, value);
      break;
    default:
      scan_add(self, letter->field, value, FALSE);
    }
}

/* "T=t_smtp: message": the colon begins the message */
static Slice
_without_final_colon(Slice value)
{
  return slice_ends_with(value, SLICE(":")) ? slice_head(value, value.len - 1) : value;
}

static gboolean
_one(Scan *self, const Letter *table, const Letter *letter)
{
  static const Letter unknown = { "", FORM_SKIP, NO_FIELD, 0, 0 };
  Scan saved = *self;

  self->rest = slice_skip(self->rest, letter ? strlen(letter->name)
                          : (gsize) slice_find_char(self->rest, '=') + 1);
  if (!letter)
    letter = &unknown;
  if (letter->form == FORM_FLAG)
    return TRUE;
  if (letter->form == FORM_PEER || letter->form == FORM_ANGLE || letter->form == FORM_ADDRESS
      || letter->form == FORM_NEXT_HOP)
    {
      if (_self_ending(self, table, letter))
        return TRUE;
      self->rest = saved.rest;
      return FALSE;
    }
  Slice value = _value(table, letter, self->rest);
  if (letter->form == FORM_CIPHER || letter->form == FORM_WORD || letter->form == FORM_SKIP)
    value = _without_final_colon(value);
  self->rest = slice_skip(self->rest, value.len);
  _add_value(self, letter, value);
  return TRUE;
}

/* fields = *( SP name value ); stops before the first thing that is none.  No line has more than a few dozen. */
static void
_letters(Scan *self, const Letter *table)
{
  for (guint n = 0; n < LETTERS_MAX && self->rest.len > 1 && self->rest.str[0] == ' '; n++)
    {
      Slice before = self->rest;
      const Letter *letter = _letter(table, slice_skip(before, 1));

      if (letter ? letter->form == FORM_STOP : !_is_unknown_name(slice_skip(before, 1)))
        return;
      self->rest = slice_skip(before, 1);
      if (!_one(self, table, letter))
        {
          self->rest = before;
          return;
        }
    }
}

gboolean
scan_refusal_fields(Scan *self, const LineStep *step)
{
  _letters(self, refusal_letters);
  return TRUE;
}

/* quotes behind a place outside quotes come in pairs, whatever a HELO in front of it holds */
static gboolean
_quotes_are_paired(Slice text)
{
  gboolean paired = TRUE;

  for (gsize i = 0; i < text.len; i++)
    {
      if (text.str[i] == '\\')
        i++;
      else if (text.str[i] == '"')
        paired = !paired;
    }
  return paired;
}

/* the fields of an arrival up to the end of the line, its size among them */
static gboolean
_arrival_follows(Slice *rest, const gchar *ends)
{
  Line scratch;
  Scan scan = { *rest, &scratch };

  if (!_quotes_are_paired(*rest))
    return FALSE;
  scratch.n_fields = 0;
  _letters(&scan, behind_peer);
  *rest = scan.rest;
  return !scan.rest.len && line_get(&scratch, F_SIZE).len;
}

/* arrival = sender fields; what is no field and all behind it says nothing, but the message did arrive */
gboolean
scan_arrival(Scan *self, const LineStep *step)
{
  Slice sender = scan_quoted_word(self->rest);

  if (!sender.len)
    return FALSE;
  self->rest = slice_skip(self->rest, sender.len);
  if (sender.len >= 2 && sender.str[0] == '<' && sender.str[sender.len - 1] == '>')
    sender = slice_new(sender.str + 1, sender.len - 2);
  scan_add(self, F_SENDER, sender, FALSE);
  _letters(self, arrival_letters);
  self->rest = SLICE("");
  return TRUE;
}

static gsize
_addresses_end(Slice text, gboolean failure)
{
  static const gchar *const ends[] = { " F=<", " Q=", " SRS=<", " P=<", " R=", " T=", " routing defer (", " defer (" };
  gsize end = text.len;

  for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
    {
      gssize at = scan_find_unquoted(slice_head(text, end), slice_from_string(ends[i]));
      if (at >= 0)
        end = (gsize) at;
    }
  gssize colon = failure ? scan_find_unquoted(slice_head(text, end), SLICE(": ")) : -1;
  if (colon > 0 && text.str[colon - 1] == ' ')
    colon--;
  return colon >= 0 ? (gsize) colon : end;
}

/* index of the "<" that begins the last angle-bracketed part, or -1 */
static gssize
_top_begin(Slice addresses)
{
  gssize found = -1;

  if (addresses.len < 4 || addresses.str[addresses.len - 1] != '>')
    return -1;
  for (gsize from = 0;;)
    {
      gssize at = scan_find_unquoted(slice_skip(addresses, from), SLICE(" <"));
      if (at < 0)
        return found;
      found = (gssize) from + at + 1;
      from = (gsize) found;
    }
}

/* addresses = final [SP "(" parents ")"] [SP "<" top ">"] */
static gboolean
_addresses(Scan *self, gboolean failure)
{
  Slice text = slice_head(self->rest, _addresses_end(self->rest, failure)), top = SLICE_NONE;
  gssize begin = _top_begin(text), parents;

  self->rest = slice_skip(self->rest, text.len);
  if (begin > 0)
    {
      top = slice_new(text.str + begin + 1, text.len - (gsize) begin - 2);
      text = slice_head(text, (gsize) begin - 1);
    }
  if (text.len && text.str[text.len - 1] == ')' && (parents = scan_find_unquoted(text, SLICE(" ("))) > 0)
    text = slice_head(text, (gsize) parents);
  if (!text.len)
    return FALSE;
  if (text.len > 2 && text.str[0] == '<' && text.str[text.len - 1] == '>')
    text = slice_new(text.str + 1, text.len - 2);
  scan_add(self, F_DELIVERY_RECIPIENT, text, FALSE);
  if (top.str)
    scan_add(self, F_DELIVERY_ORIGINAL_RECIPIENT, top, FALSE);
  return TRUE;
}

static gboolean
_is_discarded(Slice final)
{
  return slice_starts_with(final, SLICE(":blackhole:")) || slice_starts_with(final, SLICE("discarded"))
         || slice_starts_with(final, SLICE("blackhole"));
}

gboolean
scan_delivery(Scan *self, const LineStep *step)
{
  if (!_addresses(self, FALSE))
    return FALSE;
  gboolean discarded = _is_discarded(line_get(self->line, F_DELIVERY_RECIPIENT));
  scan_add(self, F_DELIVERY_STATUS, discarded ? SLICE("discarded") : slice_from_string(step->literal), FALSE);
  _letters(self, delivery_letters);
  self->rest = SLICE("");
  return TRUE;
}

/* the reply inside "...: SMTP error from remote mail server after COMMAND: [host NAME [ip]: ]NNN text" */
static void
_add_remote_reply(Scan *self, Slice error)
{
  gssize at = slice_find(error, SLICE("SMTP error from remote mail"));
  Slice rest;

  if (at < 0)
    return;
  rest = slice_skip(error, (gsize) at);
  gssize command = slice_find(rest, SLICE(">: "));
  if (command < 0 || slice_find(slice_head(rest, (gsize) command), SLICE("O:<")) + slice_find(slice_head(rest,
      (gsize) command), SLICE("M:<")) < 0)
    command = slice_find(rest, SLICE(": ")) - 1;
  if (command < 0)
    return;
  rest = slice_skip(rest, (gsize) command + 3);
  if (slice_starts_with(rest, SLICE("host ")) && (at = slice_find(rest, SLICE("]: "))) >= 0)
    {
      scan_next_hop(self, slice_new(rest.str + 5, (gsize) at - 4));
      rest = slice_skip(rest, (gsize) at + 3);
    }
  if (!_is_reply_code(rest))
    return;
  scan_add(self, F_DELIVERY_CODE, slice_head(rest, 3), FALSE);
  scan_add(self, F_DELIVERY_RESPONSE, rest, TRUE);
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
  error = _without_colon(error);
  if (error.len)
    scan_add(self, F_DELIVERY_ERROR, error, TRUE);
  _add_remote_reply(self, error);
}

/* " DT=" duration, in front of the message or, when there is none, at the end */
static Slice
_without_duration(Slice text)
{
  gssize at = slice_find(text, SLICE(" DT="));
  gssize colon = slice_find(text, SLICE(": "));

  if (at < 0 || (colon >= 0 && colon < at))
    return text;
  return colon < 0 ? slice_head(text, (gsize) at) : at == 0 ? slice_skip(text, (gsize) colon) : text;
}

/* ": strerror H=host [ip] DT=1s: message"; the host stands before the message's colon */
static void
_deferral_reason(Scan *self)
{
  Slice text = _without_duration(_without_colon(self->rest));
  gssize host = slice_find(text, SLICE("H=")), colon = slice_find(text, SLICE(": "));
  gsize word = 0;

  self->rest = SLICE("");
  if (host < 0 || (colon >= 0 && colon < host) || (host > 0 && text.str[host - 1] != ' '))
    {
      _add_error(self, text);
      return;
    }
  Slice hop = slice_skip(text, (gsize) host + 2);
  gssize end = slice_find_char(hop, ']');
  for (word = end < 0 ? 0 : (gsize) end + 1; word < hop.len && hop.str[word] != ' '
       && !(hop.str[word] == ':' && (word + 1 == hop.len || hop.str[word + 1] == ' ')); word++)
    ;
  scan_next_hop(self, slice_head(hop, word));
  _add_error(self, host > 1 && colon < 0 ? slice_head(text, (gsize) host - 1)
             : colon >= 0 ? slice_skip(text, (gsize) colon) : text);
}

gboolean
scan_deferral(Scan *self, const LineStep *step)
{
  gssize end;

  if (!_addresses(self, FALSE))
    return FALSE;
  scan_add(self, F_DELIVERY_STATUS, SLICE("deferred"), FALSE);
  _letters(self, delivery_letters);
  scan_take(self, " routing");
  if (!scan_take(self, " defer (") || (end = slice_find_char(slice_head(self->rest, 12), ')')) < 1)
    return FALSE;
  scan_add(self, F_DELIVERY_ERRNO, slice_head(self->rest, (gsize) end), FALSE);
  self->rest = slice_skip(self->rest, (gsize) end + 1);
  _deferral_reason(self);
  return TRUE;
}

gboolean
scan_failure(Scan *self, const LineStep *step)
{
  if (!_addresses(self, TRUE))
    return FALSE;
  scan_add(self, F_DELIVERY_STATUS, SLICE("failed"), FALSE);
  _letters(self, delivery_letters);
  _add_error(self, self->rest);
  self->rest = SLICE("");
  return TRUE;
}
