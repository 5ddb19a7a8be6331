/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * peer = [name SP] ["(" helo ")" SP] "[" ip "]" [":" port]
 *
 * The HELO is the client's text and may imitate all that follows it; what follows may hold strangers' texts, too.  A
 * place that looks like the HELO's end counts only if the log goes on from there as this kind of line does; of those,
 * the last.
 */
#include "scan.h"

/* so many of the last places are looked at: time stays linear */
#define PLACES_MAX 32

typedef struct _Address
{
  Slice ip, port, rest;
} Address;

typedef struct _Places
{
  gsize first;
  gsize at[PLACES_MAX];   /* a ring */
  gsize n;
} Places;

typedef struct _Peer
{
  Slice name, helo;
  Address address;
  Address earliest;     /* the first reading */
  gboolean several;     /* more than one reading: a stranger may have written this one */
  gboolean uncertain;   /* no reading is convincing: good for going on behind it only */
} Peer;

static gboolean
_address(Slice at, Address *out)
{
  out->rest = at;
  return scan_bracketed(&out->rest, &out->ip, &out->port);
}

static gboolean
_is_place(Slice at)
{
  Address address;

  if (!slice_starts_with(at, SLICE(") [")) || !_address(slice_skip(at, 2), &address))
    return FALSE;
  return !address.rest.len || (address.rest.str[0] && strchr(" :)", address.rest.str[0]));
}

static void
_collect(Slice text, Places *out)
{
  gssize found;

  out->n = 0;
  for (gsize i = 0; (found = slice_find_char(slice_skip(text, i), ')')) >= 0; i++)
    {
      i += (gsize) found;
      if (!_is_place(slice_skip(text, i)))
        continue;
      out->first = out->n ? out->first : i;
      out->at[out->n++ % PLACES_MAX] = i;
    }
}

static void
_read(Peer *self, Slice text, gsize end)
{
  self->helo = slice_new(text.str + 1, end - 1);
  _address(slice_skip(text, end + 2), &self->address);
}

/* a refused HELO is logged once more: "rejected EHLO or HELO x"; a place in there is none */
static gboolean
_is_echo(const Peer *self, Slice rest, const gchar *place)
{
  static const Slice words = { "rejected EHLO or HELO ", 22 };
  gsize skip = slice_starts_with(rest, SLICE(" temporarily ")) ? strlen(" temporarily ") : 1;
  Slice echo = slice_skip(rest, skip + words.len);

  return slice_starts_with(slice_skip(rest, skip), words) && slice_starts_with(echo, self->helo)
         && place >= echo.str && place < echo.str + self->helo.len;
}

/* what decides between several readings */
typedef struct _Expected
{
  ScanRest follows;
  const Slice *ends;
  Slice client;     /* its address, where other lines told it */
  gboolean paired;  /* behind it, quotes come in pairs: it stands not inside a quoted local part */
} Expected;

/* the last place from where the log goes on as expected, 0: none */
static gsize
_last_place(Peer *self, Slice text, const Places *places, const Expected *expected)
{
  Peer other;
  gsize chosen = 0;

  for (guint i = 0; i < MIN(places->n, PLACES_MAX); i++)
    {
      gsize end = places->at[(places->n - 1 - i) % PLACES_MAX];

      _read(&other, text, end);
      Slice rest = other.address.rest;
      if ((expected->client.len && !slice_equals(other.address.ip, expected->client))
          || (expected->paired && !scan_quotes_are_paired(rest)) || !expected->follows(&rest, expected->ends))
        continue;
      gboolean echo = chosen && _is_echo(&other, rest, text.str + chosen);
      self->several = chosen > 0;
      self->uncertain |= echo;
      self->earliest = other.address;
      if (!chosen || echo)
        _read(self, text, chosen = end);
    }
  return chosen;
}

/* there is nothing to choose from */
static gboolean
_take_only_place(Peer *self, Slice text, gsize end, const Expected *expected)
{
  _read(self, text, end);
  Slice rest = self->address.rest;
  return !expected->ends || expected->follows(&rest, expected->ends);
}

static gboolean
_choose(Peer *self, Slice text, const Expected *expected)
{
  Expected any = { expected->follows, expected->ends, SLICE_NONE, TRUE };
  Places places;
  gsize chosen;

  _collect(text, &places);
  if (places.n == 1)
    return _take_only_place(self, text, places.first, expected);
  chosen = _last_place(self, text, &places, expected);
  if (!chosen && expected->client.len)
    chosen = _last_place(self, text, &places, &any);
  any.paired = FALSE;
  if (!chosen)
    chosen = _last_place(self, text, &places, &any);
  if (!chosen && places.n)
    {
      self->uncertain = places.n > 1;
      _read(self, text, places.first);
    }
  return places.n && (chosen || !expected->ends);
}

static gboolean
_name(Slice *at, Slice *name)
{
  gsize len = scan_host_length(*at);

  if (!len || len >= at->len || at->str[len] != ' ')
    return FALSE;
  *name = slice_head(*at, len);
  *at = slice_skip(*at, len + 1);
  return TRUE;
}

static gboolean
_peer(Peer *self, Slice at, const Expected *expected)
{
  self->name = self->helo = SLICE_NONE;
  self->several = self->uncertain = FALSE;
  _name(&at, &self->name);
  return at.len && at.str[0] == '(' ? _choose(self, at, expected) : _address(at, &self->address);
}

static void
_add(const Peer *self, Scan *scan)
{
  if (self->name.str)
    scan_add(scan, F_CLIENT_HOST, self->name, FALSE);
  if (self->helo.str)
    scan_add(scan, F_CLIENT_HELO, self->helo, FALSE);
  scan_add(scan, F_CLIENT_IP, self->address.ip, FALSE);
  if (self->address.port.len)
    scan_add(scan, F_CLIENT_PORT, self->address.port, FALSE);
}

static void
_tell_several(const Peer *self, Line *line)
{
  if (!self->several)
    return;
  line->several_clients = TRUE;
  line->other_ip = self->earliest.ip;
  line->other_port = self->earliest.port;
}

/* one without a HELO, which can be read in one way only; FALSE: it is none */
static inline gboolean
_plain_peer(Scan *self)
{
  Slice at = self->rest, name = SLICE_NONE, ip, port;

  if (scan_next(at) != '[')
    _name(&at, &name);
  if (!scan_bracketed(&at, &ip, &port))
    return FALSE;
  if (name.str)
    scan_put(self->line, F_CLIENT_HOST, name, FALSE);
  scan_put(self->line, F_CLIENT_IP, ip, FALSE);
  if (port.len)
    scan_put(self->line, F_CLIENT_PORT, port, FALSE);
  self->rest = at;
  return TRUE;
}

static __attribute__((noinline)) gboolean
_last_reading(Scan *self, ScanRest follows, const Slice *ends, gboolean only_sure)
{
  Expected expected = { follows, ends, self->line->known_client, TRUE };
  Peer peer;

  if (!_peer(&peer, self->rest, &expected))
    return FALSE;
  _tell_several(&peer, self->line);
  if (!peer.uncertain && !(only_sure && peer.several))
    _add(&peer, self);
  self->rest = peer.address.rest;
  return TRUE;
}

/* where only the HELO is a stranger's: the last reading is right */
gboolean
scan_peer_before(Scan *self, ScanRest follows, const Slice *ends)
{
  return _plain_peer(self) || _last_reading(self, follows, ends, FALSE);
}

/* where the words behind it may be a stranger's as well, but not likely: the line goes on behind the last reading, and
 * of several none says who it was */
gboolean
scan_sure_peer_before(Scan *self, ScanRest follows, const Slice *ends)
{
  return _plain_peer(self) || _last_reading(self, follows, ends, TRUE);
}

/* where strangers wrote on both sides: nothing is said about a peer that has two readings.  The line goes on behind the
 * first: few servers accept a HELO with brackets, all of them log what follows. */
gboolean
scan_lone_peer_before(Scan *self, ScanRest follows, const Slice *ends)
{
  Expected expected = { follows, ends, self->line->known_client, TRUE };
  Peer peer;

  if (!_peer(&peer, self->rest, &expected))
    return FALSE;
  _tell_several(&peer, self->line);
  if (!peer.several && !peer.uncertain)
    _add(&peer, self);
  self->rest = peer.several ? peer.earliest.rest : peer.address.rest;
  return TRUE;
}

gboolean
scan_address(Scan *self, const LineStep *step)
{
  Address address;

  if (!_address(self->rest, &address))
    return FALSE;
  scan_add(self, F_CLIENT_IP, address.ip, FALSE);
  if (address.port.len)
    scan_add(self, F_CLIENT_PORT, address.port, FALSE);
  self->rest = address.rest;
  return TRUE;
}

/* name " [" ip "]" [":" port] ["*"], as most are; FALSE: nothing was taken */
gboolean
scan_plain_next_hop(Scan *self)
{
  Slice name, ip, port, at = self->rest;
  gboolean reused;

  if (!_name(&at, &name) || !scan_bracketed(&at, &ip, &port) || slice_find_char(ip, ' ') >= 0)
    return FALSE;
  reused = scan_next(at) == '*';
  at = slice_skip(at, reused);
  if (at.len && at.str[0] != ' ')
    return FALSE;
  scan_put(self->line, F_DELIVERY_HOST, name, FALSE);
  scan_put(self->line, F_DELIVERY_IP, ip, FALSE);
  if (port.len)
    scan_put(self->line, F_DELIVERY_PORT, port, FALSE);
  if (reused)
    scan_add(self, F_DELIVERY_REUSED, SLICE("true"), FALSE);
  self->rest = at;
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
  gboolean dnssec = slice_ends_with(name, SLICE(" DS"));
  if (dnssec)
    name.len -= 3;
  if (name.len)
    scan_add(self, F_DELIVERY_HOST, name, FALSE);
  if (bracket < 0 || !_address(slice_skip(value, (gsize) bracket), &address))
    return;
  scan_add(self, F_DELIVERY_IP, address.ip, FALSE);
  if (address.port.len)
    scan_add(self, F_DELIVERY_PORT, address.port, FALSE);
  if (slice_starts_with(address.rest, SLICE("*")))
    scan_add(self, F_DELIVERY_REUSED, SLICE("true"), FALSE);
  if (dnssec)
    scan_add(self, F_DELIVERY_DNSSEC, SLICE("true"), FALSE);
}
