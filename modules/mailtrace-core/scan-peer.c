/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * peer = [name SP] ["(" helo ")" SP] "[" ip "]" [":" port]
 *
 * The HELO is the client's text and may imitate all that follows it.  Of all places that look like its end, the
 * last one that is followed by something Exim prints there is taken.
 */
#include "scan.h"

static const gchar *const continuations[] =
{
  " I=[", " U=", " Ci=", " F=<", " P=", " X=", " CV=", " DN=", " SNI=", " A=", " S=", " D=", " K", " L", " PRX=", " DS",
  " Warning: ", " rejected ", " temporarily rejected ", " closed ", " lost", " (", " sender verify ", " incomplete ",
  " input=", " next input=", ": ", " RCPT <", " dropped", " refused", " TLS error", " TFO", " SPF", " DMARC", " T=",
  " while reading", " after", " no ", " tmp-reject", " SMTP", " Connection", " remote",
};

static gboolean
_continues(Slice rest)
{
  if (!rest.len)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(continuations); i++)
    if (slice_starts_with(rest, slice_from_string(continuations[i])))
      return TRUE;
  return FALSE;
}

typedef struct _Address
{
  Slice ip, port, rest;
} Address;

static gboolean
_address(Slice at, Address *out)
{
  out->rest = at;
  return scan_bracketed(&out->rest, &out->ip, &out->port);
}

/* how much speaks for it that the HELO ends here; 0: nothing */
static gint
_plausibility(Slice rest, gboolean quoted)
{
  if (_continues(rest))
    return quoted ? 2 : 3;
  return rest.str[0] == ' ' ? 1 : 0;
}

/* helo ends at the last ") [" ip "]" that Exim could have printed, outside quotes if there is one */
static gboolean
_helo_end(Slice text, gsize *end, Address *out)
{
  gint best = 0;
  gboolean quoted = FALSE;
  Address candidate;

  for (gsize i = 0; i + 3 < text.len; i++)
    {
      if (text.str[i] == '"')
        quoted = !quoted;
      if (text.str[i] != ')' || text.str[i + 1] != ' ' || text.str[i + 2] != '['
          || !_address(slice_skip(text, i + 2), &candidate))
        continue;
      gint plausibility = _plausibility(candidate.rest, quoted);
      if (!plausibility || plausibility < best)
        continue;
      best = plausibility;
      *end = i;
      *out = candidate;
    }
  return best > 0;
}

static gboolean
_name(Slice *at, Slice *name)
{
  gsize len = 0;

  while (len < at->len && (g_ascii_isalnum(at->str[len]) || strchr(".-_", at->str[len] ? at->str[len] : ' ')))
    len++;
  if (!len || len >= at->len || at->str[len] != ' ')
    return FALSE;
  *name = slice_head(*at, len);
  *at = slice_skip(*at, len + 1);
  return TRUE;
}

gboolean
scan_peer(Scan *self, const LineStep *step)
{
  Slice at = self->rest, name = SLICE_NONE, helo = SLICE_NONE;
  Address address;
  gsize end;

  _name(&at, &name);
  if (at.len && at.str[0] == '(')
    {
      if (!_helo_end(at, &end, &address))
        return FALSE;
      helo = slice_new(at.str + 1, end - 1);
    }
  else if (!_address(at, &address))
    return FALSE;

  if (name.str)
    scan_add(self, F_CLIENT_HOST, name, FALSE);
  if (helo.str)
    scan_add(self, F_CLIENT_HELO, helo, FALSE);
  scan_add(self, F_CLIENT_IP, address.ip, FALSE);
  if (address.port.len)
    scan_add(self, F_CLIENT_PORT, address.port, FALSE);
  self->rest = address.rest;
  return TRUE;
}

void
scan_next_hop(Scan *self, Slice value)
{
  gssize bracket = slice_find_char(value, '[');
  Slice name = bracket < 0 ? value : slice_head(value, (gsize) bracket);
  Address address;

  while (name.len && name.str[name.len - 1] == ' ')
    name.len--;
  if (slice_ends_with(name, SLICE(" DS")))
    name.len -= 3;
  if (name.len)
    scan_add(self, F_DELIVERY_HOST, name, FALSE);
  if (bracket < 0 || !_address(slice_skip(value, (gsize) bracket), &address))
    return;
  scan_add(self, F_DELIVERY_IP, address.ip, FALSE);
  if (address.port.len)
    scan_add(self, F_DELIVERY_PORT, address.port, FALSE);
}
