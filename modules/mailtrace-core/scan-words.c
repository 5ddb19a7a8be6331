/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* productions that only one or two rows need */
#include "scan.h"

/* header = type SP name ":"; the type is a letter, "*" for one that was removed, or a blank */
static gboolean
_is_listed_header(Slice at)
{
  gsize i = 2;

  if (at.len < 4 || at.str[1] != ' ' || !(g_ascii_isupper(at.str[0]) || at.str[0] == '*'))
    return FALSE;
  while (i < at.len && at.str[i] > ' ' && at.str[i] < 0x7f && at.str[i] != ':')
    i++;
  return i > 2 && i < at.len && at.str[i] == ':';
}

/* lines behind the first one of a record: folded, or the envelope and the headers of a refused message (reject log).
 * rsyslog writes a tab as "#011". */
gboolean
scan_continuation(Scan *self, const LineStep *step)
{
  static const Slice begins[] = { TEXT(" "), TEXT("\t"), TEXT("#011"), TEXT("Envelope-from: <"), TEXT("Envelope-to: <"),
    TEXT("*** truncated ***"), TEXTS_END };
  gboolean found = !self->rest.len || _is_listed_header(self->rest);

  found = found || scan_take_one(self, begins);
  self->rest = SLICE("");
  return found;
}

/* [" Ci=" id] in front of "from", since 4.97 */
gboolean
scan_connection_id(Scan *self, const LineStep *step)
{
  LineStep word = { NULL, F_CLIENT_CONNECTION_ID };

  return !scan_take(self, " Ci=") || scan_word(self, &word);
}

/* [" (via inetd)" / " (ODMR customer)"], the other fields of the connection may stand behind it */
gboolean
scan_connection_way(Scan *self, const LineStep *step)
{
  if (scan_take(self, " (via inetd)") || scan_take(self, " (ODMR customer)"))
    scan_refusal_fields(self, step);
  return TRUE;
}

/* the login name of a local program that speaks SMTP, which has no address */
gboolean
scan_login(Scan *self, const LineStep *step)
{
  gsize len = 0;

  while (len < self->rest.len && self->rest.str[len] && !strchr(" []():", self->rest.str[len]))
    len++;
  if (!len || !g_ascii_isalpha(self->rest.str[0]))
    return FALSE;
  scan_add(self, step->field, slice_head(self->rest, len), FALSE);
  self->rest = slice_skip(self->rest, len);
  return TRUE;
}

static gboolean
_login_of_session(Scan *self)
{
  static const Slice ends[] = { TEXT(" D="), TEXT(" C="), TEXT(" closed by "), TEXT(" closed after "), TEXT(" lost"),
    TEXT(" dropped: too many "), TEXT(" (error: "), TEXTS_END };
  static const LineStep login = { NULL, NO_FIELD };

  return scan_login(self, &login) && (!self->rest.len || scan_take_one(self, ends));
}

/* what Exim says about the connection of a local SMTP session */
gboolean
scan_local_session(Scan *self, const LineStep *step)
{
  static const Slice begins[] = { TEXT("no MAIL in SMTP connection"), TEXT("SMTP connection"),
    TEXT("SMTP command timeout on connection"), TEXT("unexpected disconnection while reading SMTP command"),
    TEXT("unexpected EOF while reading SMTP command"), TEXT("SMTP call"), TEXTS_END };

  return scan_take_one(self, begins) && scan_connection_id(self, step) && scan_take(self, " from ")
         && _login_of_session(self);
}

gboolean
scan_helo(Scan *self, const LineStep *step)
{
  return scan_take(self, "EHLO") || scan_take(self, "HELO");
}

/* mechanism " authenticator failed for " */
gboolean
scan_mechanism(Scan *self, const LineStep *step)
{
  gssize blank = slice_find_char(slice_head(self->rest, 64), ' ');

  if (blank < 1 || !slice_starts_with(slice_skip(self->rest, (gsize) blank), SLICE(" authenticator failed for ")))
    return FALSE;
  self->rest = slice_skip(self->rest, (gsize) blank + strlen(" authenticator failed for "));
  return TRUE;
}

/* driver " authenticator failed H=" / " authenticator cancelled authentication H=": at a next hop */
gboolean
scan_client_authenticator(Scan *self, const LineStep *step)
{
  static const Slice words[] = { TEXT(" authenticator failed H="), TEXT(" authenticator cancelled authentication H="),
    TEXTS_END };
  gssize blank = slice_find_char(slice_head(self->rest, 64), ' ');
  Scan behind = { slice_skip(self->rest, (gsize) MAX(blank, 0)), self->line };

  return blank > 0 && scan_take_one(&behind, words) && scan_rest(self, step);
}

/* [code SP] text [" (set_id=" id ")"]; the id is the client's text and may hold anything, it ends at the last ")" */
gboolean
scan_auth_failure(Scan *self, const LineStep *step)
{
  gssize id = slice_find(self->rest, SLICE(" (set_id="));
  Slice text = id < 0 ? self->rest : slice_head(self->rest, (gsize) id);
  gint64 code;

  scan_add(self, F_REFUSAL_TEMPORARY, slice_starts_with(text, SLICE("4")) ? SLICE("true") : SLICE("false"), FALSE);
  if (text.len > 3 && slice_to_int(slice_head(text, 3), &code))
    scan_add(self, F_REFUSAL_CODE, slice_head(text, 3), FALSE);
  scan_add(self, F_REFUSAL_TEXT, text, FALSE);
  if (id >= 0)
    {
      Slice value = slice_skip(self->rest, (gsize) id + strlen(" (set_id="));
      gssize end = slice_find_last_char(value, ')');
      scan_add(self, F_REFUSAL_AUTH_ID, end < 0 ? value : slice_head(value, (gsize) end), TRUE);
    }
  self->rest = SLICE("");
  return TRUE;
}

/* anything or nothing, without the blank or colon in front */
gboolean
scan_blank_rest(Scan *self, const LineStep *step)
{
  while (self->rest.len && (self->rest.str[0] == ' ' || self->rest.str[0] == ':'))
    self->rest = slice_skip(self->rest, 1);
  if (self->rest.len)
    scan_add(self, step->field, self->rest, TRUE);
  self->rest = SLICE("");
  return TRUE;
}

gboolean
scan_queue_run(Scan *self, const LineStep *step)
{
  if (scan_take(self, "abandon queue run (") || scan_take(self, "notify triggered queue run"))
    return TRUE;
  return (scan_take(self, "Start ") || scan_take(self, "End ") || scan_take(self, "Abandon "))
         && slice_find(slice_head(self->rest, 128), SLICE("queue run: ")) >= 0;
}

/* "DKIM: " and "PDKIM: " lines that are no verdict on a signature */
gboolean
scan_dkim_error(Scan *self, const LineStep *step)
{
  Slice whole = self->rest;

  if (!scan_take(self, "DKIM: ") && !scan_take(self, "PDKIM: "))
    return FALSE;
  if (self->rest.len > 1 && self->rest.str[1] == '='
      && (self->rest.str[0] == 'c' || slice_find(self->rest, SLICE(" c=")) >= 0))
    return FALSE;
  scan_add(self, step->field, whole, TRUE);
  self->rest = SLICE("");
  return TRUE;
}

gboolean
scan_sender(Scan *self, const LineStep *step)
{
  Slice sender = scan_quoted_word(self->rest);

  if (!sender.len)
    return FALSE;
  self->rest = slice_skip(self->rest, sender.len);
  if (slice_equals(sender, SLICE("<>")))
    sender = SLICE("");
  scan_add(self, step->field, sender, FALSE);
  return TRUE;
}

static Slice
_host_name(Slice text)
{
  gsize len = scan_host_length(text);

  return slice_starts_with(slice_skip(text, len), SLICE(" [")) ? slice_head(text, len) : SLICE("");
}

/* name SP "[" ip "]", as lines up to 4.84 begin that have no "H="; a word without a dot is no host */
gboolean
scan_old_host(Scan *self, const LineStep *step)
{
  Slice name = _host_name(self->rest);

  self->rest = slice_skip(self->rest, name.len);
  return slice_find_char(name, '.') > 0;
}

/* NAME "=": a field, as only lines about a client have them here */
static gboolean
_is_field(Slice at)
{
  gsize i = 0;

  while (i < at.len && i < 6 && g_ascii_isalnum(at.str[i]))
    i++;
  return i > 0 && i < at.len && at.str[i] == '=';
}

/* SP recipient [" <" parent ">"] " F=<": see scan_cut_through() */
static gboolean
_is_cut_through(Slice text)
{
  Slice word = scan_next(text) == ' ' ? scan_quoted_word(slice_skip(text, 1)) : SLICE("");

  return slice_find_char(word, '@') > 0 && slice_find(slice_skip(text, word.len), SLICE(" F=<")) >= 0
         && slice_find(text, SLICE(" after DATA:")) >= 0;
}

/* what a delivery attempt met at one host; a refusal or warning of the access control lists is another row's */
gboolean
scan_side_text(Scan *self, const LineStep *step)
{
  static const Slice others[] = { TEXT(" Warning: "), TEXT(" rejected "), TEXT(" temporarily rejected "), TEXT(" RCPT <"),
    TEXT(" sender verify "), TEXT(" incomplete transaction "), TEXT(" dropped by '"), TEXT(" K"), TEXT(" L"), TEXT(" ("),
    TEXT(" ["), TEXTS_END };
  Slice text = self->rest;

  while (text.len > 1 && text.str[0] != ' ' && !slice_starts_with(text, SLICE(": ")))
    text = slice_skip(text, 1);
  if (_is_field(slice_skip(text, 1)) || _is_cut_through(text) || scan_take_one(&(Scan) { text, NULL }, others))
    return FALSE;
  self->rest = SLICE("");
  return TRUE;
}

/* [name SP] "[" ip "]" of a next hop, which has no HELO; its name may be the address itself, an IPv6 one, too */
gboolean
scan_side_host(Scan *self, const LineStep *step)
{
  gssize blank = slice_find(slice_head(self->rest, 128), SLICE(" ["));
  Slice first = slice_head(self->rest, (gsize) MAX(blank, 0)), name = _host_name(self->rest);
  Slice ip, port;

  self->rest = slice_skip(self->rest, name.len ? name.len : first.len);
  scan_take(self, " ");
  return scan_bracketed(&self->rest, &ip, &port) && (name.len || !first.len || slice_equals(ip, first));
}

/* [" (during SMTP connection" [connection-id] " from " (peer / login) ")"] */
gboolean
scan_during_connection(Scan *self, const LineStep *step)
{
  static const Slice ends[] = { TEXT(")"), TEXTS_END };
  static const LineStep peer = { NULL, NO_FIELD, NO_TEXT, ends }, login = { NULL, F_CLIENT_IDENT };

  if (!self->rest.len)
    return TRUE;
  return scan_take(self, " (during SMTP connection") && scan_connection_id(self, step) && scan_take(self, " from ")
         && (scan_peer_fields(self, &peer) || scan_login(self, &login)) && scan_take(self, ")");
}

/* ( address [" <" parent ">"] / pipe / file ) ": error ignored" */
gboolean
scan_ignored_address(Scan *self, const LineStep *step)
{
  Slice word = scan_quoted_word(self->rest);

  if (word.len && strchr("|/>", word.str[0] ? word.str[0] : '?'))
    return scan_until(self, step);
  if (slice_find_char(word, '@') < 1 || word.str[0] == '<' || slice_starts_with(word, SLICE("H=")))
    return FALSE;
  if (slice_ends_with(word, SLICE(":")))
    word.len--;
  self->rest = slice_skip(self->rest, word.len);
  if (scan_take(self, " ") && !scan_angle_into(self, NO_FIELD))
    return FALSE;
  return scan_take_text(self, step->literal);
}

/* ("R=" angle (" refusal" / " temporary refusal")) / (recipient SP reply), in per-recipient data responses */
gboolean
scan_prdr_refused(Scan *self, const LineStep *step)
{
  static const Slice refusals[] = { TEXT("refusal"), TEXT("temporary refusal"), TEXTS_END };
  guint at = self->line->n_fields;
  gboolean named = scan_take(self, "R=");
  Slice word = scan_quoted_word(self->rest);

  if (named ? !scan_angle_into(self, F_RECIPIENTS) : slice_find_char(word, '@') < 1 || word.str[0] == '<')
    return FALSE;
  if (!named)
    scan_add(self, F_RECIPIENTS, word, FALSE);
  Slice reply = slice_skip(self->rest, named ? 1 : word.len + 1);
  Scan plain = { reply, self->line };
  if (named && (!scan_take_one(&plain, refusals) || plain.rest.len))
    return FALSE;
  scan_add(self, F_DELIVERY_RECIPIENT, self->line->fields[at].value, FALSE);
  scan_add(self, F_DELIVERY_STATUS, SLICE("rejected"), FALSE);
  scan_add(self, F_DELIVERY_ERROR, reply, TRUE);
  self->rest = SLICE("");
  return TRUE;
}

/* "address <" recipient "> marked delivered by " user: nothing was delivered, an administrator is done with it */
gboolean
scan_marked_address(Scan *self, const LineStep *step)
{
  Slice whole = self->rest;

  if (!scan_take(self, "address ") || !scan_angle_into(self, F_DELIVERY_RECIPIENT) || !slice_starts_with(self->rest, SLICE(" marked delivered by ")))
    return FALSE;
  scan_add(self, F_DELIVERY_STATUS, SLICE("discarded"), FALSE);
  scan_add(self, F_DELIVERY_ERROR, slice_skip(self->rest, 1), TRUE);
  scan_add(self, step->field, whole, TRUE);
  self->rest = SLICE("");
  return TRUE;
}

/* "recipient <" address "> added by " user */
gboolean
scan_added_recipient(Scan *self, const LineStep *step)
{
  Slice whole = self->rest;

  if (!scan_take(self, "recipient ") || !scan_angle_into(self, F_RECIPIENTS) || !slice_starts_with(self->rest, SLICE(" added by ")))
    return FALSE;
  scan_add(self, step->field, whole, TRUE);
  self->rest = SLICE("");
  return TRUE;
}

/* anything, and [" D=" duration] at its end */
gboolean
scan_duration_tail(Scan *self, const LineStep *step)
{
  gssize blank = slice_find_last_char(self->rest, ' ');

  if (blank >= 0 && slice_starts_with(slice_skip(self->rest, (gsize) blank), SLICE(" D=")))
    scan_add(self, F_CLIENT_DURATION, slice_skip(self->rest, (gsize) blank + 3), FALSE);
  self->rest = SLICE("");
  return TRUE;
}

/* lost = " lost" [" (error: " text ")"] [" D=" duration] */
gboolean
scan_lost(Scan *self, const LineStep *step)
{
  return scan_take(self, " lost") && scan_duration_tail(self, step);
}

/* ["DS" [SP]] in front of "H=" */
gboolean
scan_dnssec(Scan *self, const LineStep *step)
{
  if (scan_take(self, "DS ") || (slice_starts_with(self->rest, SLICE("DSH=")) && scan_take(self, "DS")))
    scan_add(self, F_CLIENT_DNSSEC, SLICE("true"), FALSE);
  return TRUE;
}

/* name "' ACL" */
gboolean
scan_dropping_acl(Scan *self, const LineStep *step)
{
  gssize end = slice_find(slice_head(self->rest, 64), SLICE("' ACL"));

  if (end < 0)
    return FALSE;
  gboolean connect = slice_equals(slice_head(self->rest, (gsize) end), SLICE("connect"));
  scan_add(self, F_REFUSAL_STAGE, connect ? SLICE("connect") : SLICE("command"), FALSE);
  scan_add(self, F_REFUSAL_TEMPORARY, SLICE("false"), FALSE);
  self->rest = slice_skip(self->rest, (gsize) end + strlen("' ACL"));
  return TRUE;
}

/* sender without angle brackets, nothing for the null sender */
gboolean
scan_local_scan_sender(Scan *self, const LineStep *step)
{
  if (scan_next(self->rest) != ' ')
    return scan_sender(self, step);
  scan_add(self, step->field, SLICE(""), FALSE);
  return TRUE;
}

gboolean
scan_local(Scan *self, const LineStep *step)
{
  self->line->local = TRUE;
  return TRUE;
}

/* blanks and nothing else, as 4.98 logs behind its remark on a peer that closed early */
gboolean
scan_blanks(Scan *self, const LineStep *step)
{
  for (gsize i = 0; i < self->rest.len; i++)
    if (self->rest.str[i] != ' ')
      return FALSE;
  self->rest = slice_skip(self->rest, self->rest.len);
  return TRUE;
}
