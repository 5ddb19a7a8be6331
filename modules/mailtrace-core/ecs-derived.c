/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See ecs-derived.h. */
#include "ecs-derived.h"

#include <arpa/inet.h>

#define MSG (1u << RK_MESSAGE)
#define SES (1u << RK_SESSION)
#define DLV (1u << RK_DELIVERY)
#define LIN (1u << RK_LINE)
#define ALL (~0u)

static Slice
_kind(const Facts *facts, Slice first)
{
  return SLICE("event");
}

static Slice
_category(const Facts *facts, Slice first)
{
  return SLICE("email");
}

static Slice
_type(const Facts *facts, Slice first)
{
  return SLICE("info");
}

static Slice
_module(const Facts *facts, Slice first)
{
  return SLICE("mailtrace");
}

static Slice
_dataset(const Facts *facts, Slice first)
{
  static const gchar *const names[RECORD_KIND_COUNT] =
  {
    [RK_LINE] = "mailtrace.line", [RK_MESSAGE] = "mailtrace.message", [RK_SESSION] = "mailtrace.session",
    [RK_DELIVERY] = "mailtrace.delivery", [RK_DKIM] = "mailtrace.dkim", [RK_SCAN] = "mailtrace.scan",
    [RK_REFUSAL] = "mailtrace.refusal",
  };
  return slice_from_string(names[facts->kind]);
}

static Slice
_outcome(const Facts *facts, Slice status)
{
  if (slice_equals(status, SLICE("delivered")))
    return SLICE("success");
  if (slice_equals(status, SLICE("failed")) || slice_equals(status, SLICE("rejected"))
      || slice_equals(status, SLICE("quarantined")))
    return SLICE("failure");
  return SLICE("unknown");
}

static Slice
_valid_ip(const Facts *facts, Slice ip)
{
  gchar text[INET6_ADDRSTRLEN];
  guchar address[16];

  if (ip.len == 0 || ip.len >= sizeof(text) || slice_find_char(ip, '\0') >= 0)
    return SLICE_NONE;
  memcpy(text, ip.str, ip.len);
  text[ip.len] = '\0';
  return inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, address) == 1 ? ip : SLICE_NONE;
}

/* "TLSv1.2" (OpenSSL), "TLS1.2" (GnuTLS), "TLS-1.2" (GnuTLS up to 4.76): "1.2" */
static Slice
_tls_version(const Facts *facts, Slice version)
{
  if (!slice_starts_with(version, SLICE("TLS")) && !slice_starts_with(version, SLICE("SSL")))
    return SLICE_NONE;
  Slice number = slice_skip(version, 3);
  if (number.len && number.str[0] && strchr("v- ", number.str[0]))
    number = slice_skip(number, 1);
  for (gsize i = 0; i < number.len; i++)
    if (!g_ascii_isdigit(number.str[i]) && number.str[i] != '.')
      return SLICE_NONE;
  if (!number.len)
    return SLICE_NONE;
  return slice_equals(number, SLICE("1")) ? SLICE("1.0") : number;
}

static Slice
_tls_protocol(const Facts *facts, Slice version)
{
  if (!_tls_version(facts, version).str)
    return SLICE_NONE;
  return slice_starts_with(version, SLICE("SSL")) ? SLICE("ssl") : SLICE("tls");
}

static Slice
_itself(const Facts *facts, Slice first)
{
  return first;
}

/* ECS has room for one id: the one the message left under */
static Slice
_last_queue_id(const Facts *facts, Slice first)
{
  return facts_at(facts, F_QUEUE_IDS)->list.last->text;
}

static const EcsDerived rows[] =
{
  { "event.kind", F_RECORD, ALL, FALSE, _kind },
  { "event.category", F_RECORD, ALL, TRUE, _category },
  { "event.type", F_RECORD, ALL, TRUE, _type },
  { "event.module", F_RECORD, ALL, FALSE, _module },
  { "event.dataset", F_RECORD, ALL, FALSE, _dataset },
  { "event.outcome", F_STATUS, MSG, FALSE, _outcome },
  { "event.outcome", F_DELIVERY_STATUS, DLV, FALSE, _outcome },
  { "email.local_id", F_QUEUE_IDS, MSG | SES, FALSE, _last_queue_id },
  { "source.ip", F_CLIENT_IP, LIN | MSG | SES, FALSE, _valid_ip },
  { "destination.ip", F_DELIVERY_IP, DLV, FALSE, _valid_ip },
  { "tls.version", F_TLS_IN_VERSION, MSG, FALSE, _tls_version },
  { "tls.version_protocol", F_TLS_IN_VERSION, MSG, FALSE, _tls_protocol },
  { "tls.version", F_TLS_VERSION, LIN | SES, FALSE, _tls_version },
  { "tls.version_protocol", F_TLS_VERSION, LIN | SES, FALSE, _tls_protocol },
  { "tls.version", F_DELIVERY_TLS_VERSION, DLV, FALSE, _tls_version },
  { "tls.version_protocol", F_DELIVERY_TLS_VERSION, DLV, FALSE, _tls_protocol },
  { "tls.cipher", F_DELIVERY_TLS_CIPHER, DLV, FALSE, _itself },
};

const EcsDerived *
ecs_derived_get(guint i)
{
  return i < G_N_ELEMENTS(rows) ? &rows[i] : NULL;
}

gboolean
ecs_derived_replaces(FieldId id)
{
  return id == F_RECORD || id == F_QUEUE_IDS;
}
