/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* takes " NAME=value" fields off a text; knows the forms of values, must not know on which line which name means what */
#include "scan-letters.h"
#include "mailtrace/queue_id.h"
#include "tls-suite.h"

#define LETTERS_MAX 64

static gboolean
_is_flag_end(Slice rest)
{
  return !rest.len || rest.str[0] == ' ' || rest.str[0] == ':';
}

/* its first byte is there already; most names are one letter and "=" */
static inline gboolean
_has_name(Slice at, Slice name)
{
  if (at.len < name.len)
    return FALSE;
  return name.len < 2 || (at.str[1] == name.str[1]
                          && (name.len == 2 || slice_same_bytes(at.str + 2, name.str + 2, name.len - 2)));
}

static inline const Letter *
_letter(const LetterTable *table, Slice at)
{
  const Letter *letter = at.len ? table->by_first[(guchar) at.str[0]] : NULL;

  if (!letter)
    return NULL;
  if (at.len > 1 && at.str[1] == '=')
    return letter->is_single ? letter : NULL;
  for (; letter->name.len; letter++)
    if (_has_name(at, letter->name)
        && (letter->form != FORM_FLAG || _is_flag_end(slice_skip(at, letter->name.len))))
      return letter;
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
  gssize found;

  if (scan_next(at) != '"')
    return 0;
  for (gsize i = 1; (found = slice_find_either(slice_skip(at, i), '"', '\\')) >= 0; i += (gsize) found + 2)
    if (at.str[i + (gsize) found] == '"')
      return i + (gsize) found + 1;
  return 0;
}

static Slice
_free_text(const LetterTable *table, Slice at)
{
  gchar colon = table->colon_ends_free ? ':' : ' ';
  gssize found;

  for (gsize i = 0; (found = slice_find_either(slice_skip(at, i), ' ', colon)) >= 0; i++)
    {
      i += (gsize) found;
      if (at.str[i] == ' ' ? _letter(table, slice_skip(at, i + 1)) != NULL : scan_next(slice_skip(at, i + 1)) == ' ')
        return slice_head(at, i);
    }
  return at;
}

/* quotes that no backslash protects */
static guint
_count_quotes(Slice text)
{
  guint n = 0;
  gssize found;

  for (; (found = slice_find_either(text, '"', '\\')) >= 0; text = slice_skip(text, (gsize) found + 1))
    if (text.str[found] == '"')
      n++;
    else
      found++;
  return n;
}

/* takes those from begin to end off *quotes; the end, or the byte behind it, if a backslash protects that one */
static gsize
_pass_quotes(Slice text, gsize begin, gsize end, guint *quotes)
{
  gssize found;

  text = slice_head(text, end);
  while (begin < end && (found = slice_find_either(slice_skip(text, begin), '"', '\\')) >= 0)
    {
      begin += (gsize) found;
      gboolean is_quote = text.str[begin] == '"';
      *quotes -= is_quote;
      begin += is_quote ? 1 : 2;
    }
  return MAX(begin, end);
}

/* index of the last blank with that name behind it, and an even number of quotes behind both; -1: none */
static gssize
_find_last_name(Slice text, Slice name)
{
  guint behind = _count_quotes(text);
  gssize found = -1, at;
  gsize passed = 0;

  for (gsize i = 0; (at = slice_find_pair(slice_skip(text, i), ' ', name.str[0], name.str[0])) >= 0; i++)
    {
      i += (gsize) at;
      if (!slice_starts_with(slice_skip(text, i + 1), name))
        continue;
      passed = _pass_quotes(text, passed, i, &behind);
      if (passed == i && behind % 2 == 0)
        found = (gssize) i;
    }
  return found;
}

static const Slice *
_last_of(const Slice *names)
{
  while (names[1].str)
    names++;
  return names;
}

static gboolean
_is_listed(Slice word, const Slice *names, const Slice *end)
{
  for (; names < end; names++)
    {
      gchar last = names->str[names->len - 1];

      if (last == '=' || last == '<' ? slice_starts_with(word, *names) : slice_equals(word, *names))
        return TRUE;
    }
  return FALSE;
}

/* index of the blank in front of the last field; a distinguished name in quotes may hold blanks */
static gssize
_last_field(Slice text)
{
  static const Slice name = { " DN=\"", 5 };

  if (slice_ends_with(text, SLICE("\"")))
    for (gsize i = text.len; i-- > 0;)
      if (text.str[i] == ' ' && slice_starts_with(slice_skip(text, i), name))
        return (gssize) i;
  return slice_find_last_char(text, ' ');
}

/*
 * A login may hold anything, fields as well.  But the log has a fixed order: of the names listed the last one is always
 * there, once; where it stands for the last time the login has ended, or in front of others of the list.
 */
static Slice
_login_text(const LetterTable *table, const Letter *letter, Slice at)
{
  const Slice *last = _last_of(letter->behind);
  gssize end = _find_last_name(at, *last), blank;

  if (end < 0)
    return _free_text(table, at);
  while ((blank = _last_field(slice_head(at, (gsize) end))) > 0
         && _is_listed(slice_new(at.str + blank + 1, (gsize) (end - blank - 1)), letter->behind, last))
    end = blank;
  return slice_head(at, (gsize) end);
}

static gboolean
_occurs_twice(Slice text, Slice name)
{
  gssize first = slice_find(text, name);

  if (first < 0 || slice_find(slice_skip(text, (gsize) first + 1), name) < 0)
    return FALSE;
  first = scan_find_unquoted(text, name);
  return first >= 0 && scan_find_unquoted(slice_skip(text, (gsize) first + 1), name) >= 0;
}

/* what may stand behind a name in quotes: nothing, a message, or one of the words listed; the last of them only once */
static gboolean
_may_follow_name(Slice rest, const Slice *names)
{
  const Slice *last = _last_of(names);
  Slice word = scan_quoted_word(slice_skip(rest, 1));
  gchar once[16];

  if (!rest.len || rest.str[0] == ':' || slice_equals(word, SLICE(":")))
    return TRUE;
  once[0] = ' ';
  memcpy(once + 1, last->str, last->len);
  return rest.str[0] == ' ' && _is_listed(word, names, last + 1)
         && !_occurs_twice(rest, slice_new(once, last->len + 1));
}

#define NAME_ENDS_MAX 16

/* DN="..." has its own quotes not doubled: it ends where quotes behind it come in pairs, and the log goes on as it does;
 * of several such places at the first */
static gsize
_name_length(const Letter *letter, Slice at)
{
  guint behind = at.len ? _count_quotes(slice_skip(at, 1)) : 0, n = 0;
  gsize paired = 0;
  gssize found;

  if (!at.len || at.str[0] != '"')
    return 0;
  for (gsize i = 1; n < NAME_ENDS_MAX && (found = slice_find_either(slice_skip(at, i), '"', '\\')) >= 0; i++)
    {
      i += (gsize) found;
      if (at.str[i] == '\\')
        i++;
      else if (--behind % 2 == 0 && (i + 1 == at.len || at.str[i + 1] == ' ' || at.str[i + 1] == ':'))
        {
          if (_may_follow_name(slice_skip(at, i + 1), letter->behind))
            return i + 1;
          paired = paired ? paired : i + 1;
          n++;
        }
    }
  return paired ? paired : _quoted_length(at);
}

static void
_add_suite(Line *line, const CipherFields *fields, Slice version, Slice cipher)
{
  const TlsSuite *suite = tls_suite_find(version, cipher);

  if (!suite)
    return;
  scan_put(line, fields->iana, slice_new(suite->iana, suite->iana_len), FALSE);
  scan_put(line, fields->forward_secrecy, suite->forward_secrecy ? SLICE("true") : SLICE("false"), FALSE);
  scan_put(line, fields->aead, suite->aead ? SLICE("true") : SLICE("false"), FALSE);
}

/* cipher = version ":" cipher [":" bits [":" group]] ["*"]; the group, where one is logged, stands behind the bits */
static void
_add_cipher(Line *line, const CipherFields *fields, Slice value)
{
  gboolean resumed = value.len && value.str[value.len - 1] == '*';
  gssize colon;

  value.len -= (gsize) resumed;
  if ((colon = slice_find_char(value, ':')) < 0)
    return;
  Slice version = slice_new(value.str, (gsize) colon);
  value = slice_new(value.str + colon + 1, value.len - (gsize) colon - 1);
  Slice cipher = slice_take_part(&value, ':'), number = slice_take_part(&value, ':');
  scan_put(line, fields->version, version, FALSE);
  scan_put(line, fields->cipher, cipher, FALSE);
  if (scan_is_number(number))
    scan_put(line, fields->bits, number, FALSE);
  if (value.len)
    scan_put(line, fields->group, value, FALSE);
  _add_suite(line, fields, version, cipher);
  if (resumed)
    scan_put(line, fields->resumed, SLICE("true"), FALSE);
}

/* the client chooses what stands behind the second colon: an address, or nothing for the null sender */
static void
_add_auth_id(Scan *self, const Letter *letter, Slice id)
{
  gssize colon = slice_find_char(id, ':');
  Slice sender = slice_skip(id, (gsize) (colon + 1));

  if (colon < 1 || (sender.len && slice_find_char(sender, '@') < 0))
    {
      scan_add(self, letter->second, id, FALSE);
      return;
    }
  scan_add(self, letter->second, slice_head(id, (gsize) colon), FALSE);
  scan_add(self, F_AUTH_SENDER, sender, FALSE);
}

/* driver [":" id [":" sender]] */
static void
_add_auth(Scan *self, const Letter *letter, Slice value)
{
  gssize colon = slice_find_char(value, ':');

  scan_add(self, letter->field, colon < 0 ? value : slice_head(value, (gsize) colon), FALSE);
  if (colon >= 0)
    _add_auth_id(self, letter, slice_skip(value, (gsize) colon + 1));
}

gboolean
scan_is_reply_code(Slice text)
{
  return text.len >= 3 && text.str[0] >= '2' && text.str[0] <= '5' && g_ascii_isdigit(text.str[1])
         && g_ascii_isdigit(text.str[2]) && (text.len == 3 || text.str[3] == ' ' || text.str[3] == '-');
}

/* Exim's buffer was full: the last word may be cut off */
static Slice
_without_overflow(Slice list)
{
  gssize end = slice_find(list, SLICE("**** log string overflowed log buffer ****"));

  if (end < 0)
    return list;
  list = slice_head(list, (gsize) end);
  while (list.len && list.str[list.len - 1] != ' ')
    list.len--;
  return list;
}

static void
_add_list(Scan *self, FieldId field, Slice rest)
{
  rest = _without_overflow(rest);
  if (slice_ends_with(rest, SLICE(" <trunc>")))
    rest = slice_head(rest, rest.len - strlen(" <trunc>"));
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
_message_id(const LetterTable *table, Slice at)
{
  gsize len = scan_quoted_word(at).len;

  for (guint n = 1; n < MESSAGE_ID_WORDS_MAX && len < at.len && !_letter(table, slice_skip(at, len + 1))
       && !_is_unknown_name(slice_skip(at, len + 1)); n++)
    len += 1 + scan_quoted_word(slice_skip(at, len + 1)).len;
  return slice_head(at, len);
}

static Slice
_value(const LetterTable *table, const Letter *letter, Slice at)
{
  gsize quoted;
  gssize end;

  switch (letter->form)
    {
    case FORM_FREE:
    case FORM_AUTH:
      return letter->behind ? _login_text(table, letter, at) : _free_text(table, at);
    case FORM_NAME:
      quoted = _name_length(letter, at);
      if (quoted)
        return slice_head(at, quoted);
      break;
    case FORM_QUOTED:
    case FORM_REPLY:
    case FORM_SKIP:
      if ((quoted = _quoted_length(at)))
        return slice_head(at, quoted);
      if (scan_next(at) == '<' && (end = slice_find_char(at, '>')) > 0)
        return slice_head(at, (gsize) end + 1);
      break;
    case FORM_MESSAGE_ID:
      return _message_id(table, at);
    case FORM_CIPHER:
      return slice_starts_with(at, SLICE("SSL ")) ? slice_head(at, 4 + scan_plain_word(slice_skip(at, 4)).len) : scan_plain_word(at);
    case FORM_LIST:
      return at;
    default:
      break;
    }
  return scan_plain_word(at);
}

/* index of the first " id=", *exim is TRUE then, else of the first " queued as "; -1: none */
static gssize
_find_id(Slice reply, gboolean *exim)
{
  gssize found = -1, at;

  *exim = FALSE;
  for (gsize i = 0; (at = slice_find_pair(slice_skip(reply, i), ' ', 'i', 'q')) >= 0; i++)
    {
      i += (gsize) at;
      if ((*exim = slice_starts_with(slice_skip(reply, i), SLICE(" id="))))
        return (gssize) i;
      if (found < 0 && slice_starts_with(slice_skip(reply, i), SLICE(" queued as ")))
        found = (gssize) i;
    }
  return found;
}

/* next-hop-id = "id=" queue-id of an Exim / "queued as " word of a Postfix; behind a blank, ended by one or the end */
static void
_add_next_hop_id(Scan *self, Slice reply)
{
  gboolean exim;
  gssize at = _find_id(reply, &exim);

  if (at < 0)
    return;
  Slice id = slice_skip(reply, (gsize) at + (exim ? 4 : 11));
  gsize len = exim ? queue_id_length(id) : 0;
  while (!exim && len < id.len && len < 32 && g_ascii_isalnum(id.str[len]))
    len++;
  if (len && (len == id.len || strchr(" \\", id.str[len] ? id.str[len] : '?')))
    scan_add(self, F_DELIVERY_NEXT_HOP_ID, slice_head(id, len), FALSE);
}

/* message-id = "E" queue-id "@" host, where Exim made it */
static void
_add_previous_hop_id(Scan *self, Slice message_id)
{
  Slice id = slice_skip(message_id, 1);
  gsize len = slice_starts_with(message_id, SLICE("E")) ? queue_id_length(id) : 0;

  if (len && slice_starts_with(slice_skip(id, len), SLICE("@")))
    scan_add(self, F_PREVIOUS_HOP_ID, slice_head(id, len), FALSE);
}

static void
_add_quoted(Scan *self, const Letter *letter, Slice value)
{
  gboolean quoted = value.len >= 2 && value.str[0] == '"';
  Slice inner = quoted ? slice_new(value.str + 1, value.len - 2) : value;

  scan_add(self, letter->field, inner, TRUE);
  if (letter->form == FORM_REPLY && scan_is_reply_code(inner))
    scan_add(self, letter->second, slice_head(inner, 3), FALSE);
  if (letter->form == FORM_REPLY)
    _add_next_hop_id(self, inner);
}

/* "[" ip "]" [":" port], or the bare address that PRX= has on arrivals */
static gboolean
_address(Slice *at, Slice *ip, Slice *port)
{
  gsize len = 0;

  if (at->len && at->str[0] == '[')
    return scan_bracketed(at, ip, port);
  while (len < at->len && (g_ascii_isxdigit(at->str[len]) || at->str[len] == '.' || at->str[len] == ':'))
    len++;
  *ip = slice_head(*at, len);
  *port = SLICE("");
  *at = slice_skip(*at, len);
  return len > 0;
}

static gboolean
_take_address(Scan *self, const Letter *letter)
{
  Slice ip, port;

  if (!_address(&self->rest, &ip, &port))
    return FALSE;
  scan_add(self, letter->field, ip, FALSE);
  if (port.len)
    scan_add(self, letter->second, port, FALSE);
  return TRUE;
}

static void
_take_next_hop(Scan *self, const LetterTable *table)
{
  Scan begin = *self;
  guint n_before = self->line->n_fields;

  if (scan_plain_next_hop(self) && (!self->rest.len || _letter(table, slice_skip(self->rest, 1))))
    return;
  *self = begin;
  self->line->n_fields = n_before;
  Slice hop = _free_text(table, self->rest);
  gssize colon = slice_find(hop, SLICE(": "));

  if (colon >= 0)
    hop = slice_head(hop, (gsize) colon);
  scan_next_hop(self, hop);
  self->rest = slice_skip(self->rest, hop.len);
}

/* "T=t_smtp: message": the colon begins the message */
static Slice
_without_final_colon(Slice value)
{
  return slice_ends_with(value, SLICE(":")) ? slice_head(value, value.len - 1) : value;
}

static void
_add_value(Scan *self, const LetterTable *table, const Letter *letter, Slice value)
{
  switch (letter->form)
    {
    case FORM_CIPHER:
      _add_cipher(self->line, table->cipher, value);
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
    case FORM_DKIM:
      scan_add(self, letter->field, value, FALSE);
      scan_add(self, letter->second, SLICE("pass"), FALSE);
      break;
    case FORM_QUOTED:
    case FORM_NAME:
    case FORM_REPLY:
      _add_quoted(self, letter, value);
      break;
    case FORM_MESSAGE_ID:
      scan_add(self, letter->field, value, FALSE);
      _add_previous_hop_id(self, value);
      break;
    case FORM_LIST:
      _add_list(self, letter->field, value);
      break;
    default:
      scan_add(self, letter->field, value, FALSE);
    }
}

/* behind the name; FALSE when the text has none of the value's form */
static gboolean
_take_value(Scan *self, const LetterTable *table, const Letter *letter)
{
  Slice value;

  switch (letter->form)
    {
    case FORM_FLAG:
      scan_add(self, letter->field, letter->constant, FALSE);
      return TRUE;
    case FORM_PEER:
      return scan_peer_before(self, table->follows, NULL);
    case FORM_ANGLE:
      return scan_angle_into(self, letter->field);
    case FORM_ADDRESS:
      return _take_address(self, letter);
    case FORM_NEXT_HOP:
      _take_next_hop(self, table);
      return TRUE;
    default:
      value = _value(table, letter, self->rest);
    }
  if (letter->form == FORM_CIPHER || letter->form == FORM_WORD || letter->form == FORM_SKIP)
    value = _without_final_colon(value);
  self->rest = slice_skip(self->rest, value.len);
  _add_value(self, table, letter, value);
  return TRUE;
}

/* most values are words */
static inline Slice
_take_word(Line *line, FieldId field, Slice behind_name)
{
  Slice value = scan_plain_word(behind_name);
  Slice rest = slice_new(value.str + value.len, behind_name.len - value.len);
  gboolean colon = value.len && value.str[value.len - 1] == ':';

  scan_put(line, field, slice_new(value.str, value.len - colon), FALSE);
  return slice_new(rest.str - colon, rest.len + colon);
}

/* letter: of the name behind the blank, NULL: none of the table; FALSE: it is no field, nothing was taken */
static gboolean
_take_field(Scan *self, const LetterTable *table, const Letter *letter)
{
  static const Letter unknown = LETTER("", FORM_SKIP, NO_FIELD);
  Slice before = self->rest, name = slice_new(before.str + 1, before.len - 1);

  if (letter ? letter->form == FORM_STOP : !_is_unknown_name(name))
    return FALSE;
  gsize len = letter ? letter->name.len : (gsize) slice_find_char(name, '=') + 1;
  self->rest = slice_new(name.str + len, name.len - len);
  if (_take_value(self, table, letter ? letter : &unknown))
    return TRUE;
  self->rest = before;
  return FALSE;
}

void
scan_letters(Scan *self, const LetterTable *table)
{
  Slice rest = self->rest;

  for (guint n = 0; n < LETTERS_MAX && rest.len > 1 && rest.str[0] == ' '; n++)
    {
      const Letter *letter = _letter(table, slice_new(rest.str + 1, rest.len - 1));
      gsize taken = letter ? 1 + letter->name.len : 0;

      if (letter && letter->form == FORM_WORD)
        {
          rest = _take_word(self->line, letter->field, slice_new(rest.str + taken, rest.len - taken));
          continue;
        }
      self->rest = rest;
      if (!_take_field(self, table, letter))
        return;
      rest = self->rest;
    }
  self->rest = rest;
}
