/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a message's document says about TLS in and out, and what the policy thinks of it */
#include "message.h"

static void
_set_verdict(Record *record, FieldId id, TlsVerdict verdict)
{
  record_replace_text(record, id, slice_from_string(tls_verdict_name(verdict)));
}

static void
_set_policy(Record *record, const TlsPolicy *policy)
{
  record_replace_text(record, F_TLS_POLICY, slice_from_string(tls_policy_name(policy)));
  record_replace_text(record, F_TLS_POLICY_VERSION, slice_from_string(tls_policy_version(policy)));
}

/* deliveries over a network, together */
typedef struct _Outgoing
{
  gboolean any, all_encrypted;
  TlsVerdict worst;
} Outgoing;

static gboolean
_is_over_network(const Record *delivery)
{
  return slice_equals(record_get_text(delivery, F_DELIVERY_STATUS), SLICE("delivered"))
         && record_has(delivery, F_DELIVERY_IP);
}

static void
_add_names(Record *record, const Record *delivery)
{
  record_set_text(record, F_TLS_OUT_VERSIONS, record_get_text(delivery, F_DELIVERY_TLS_VERSION));
  record_set_text(record, F_TLS_OUT_CIPHERS, record_get_text(delivery, F_DELIVERY_TLS_CIPHER));
}

static void
_judge_delivery(Outgoing *self, Record *record, Record *delivery, const TlsPolicy *policy)
{
  Slice version = record_get_text(delivery, F_DELIVERY_TLS_VERSION);
  gboolean over_network = _is_over_network(delivery);
  TlsVerdict verdict = TV_NONE;

  if (!over_network && !version.len)
    return;
  if (policy)
    {
      verdict = tls_policy_judge(policy, version, record_get_text(delivery, F_DELIVERY_TLS_CIPHER_IANA));
      _set_verdict(delivery, F_DELIVERY_TLS_VERDICT, verdict);
    }
  if (!over_network)
    return;
  self->any = TRUE;
  self->all_encrypted = self->all_encrypted && version.len;
  self->worst = MAX(self->worst, verdict);
  if (version.len)
    _add_names(record, delivery);
}

gboolean
message_arrived_over_network(const Message *self, const Record *record)
{
  gboolean ignored;

  return self->arrived && (record_has(record, F_CLIENT_IP)
                           || tls_is_network_protocol(record_get_text(record, F_PROTOCOL), &ignored));
}

/* FALSE: the log does not tell */
static gboolean
_judge_arrival(const Message *self, Record *record, const TlsPolicy *policy, TlsVerdict *verdict)
{
  Slice version = record_get_text(record, F_TLS_IN_VERSION);
  gboolean with_tls = FALSE;

  if (!message_arrived_over_network(self, record) || (self->arrival_is_cut && !version.len))
    return FALSE;
  tls_is_network_protocol(record_get_text(record, F_PROTOCOL), &with_tls);
  record_set_boolean(record, F_TLS_ENCRYPTED_IN, version.len || with_tls);
  if (!policy)
    return FALSE;
  *verdict = !version.len && with_tls ? TV_UNKNOWN
             : tls_policy_judge(policy, version, record_get_text(record, F_TLS_IN_CIPHER_IANA));
  _set_verdict(record, F_TLS_IN_VERDICT, *verdict);
  return TRUE;
}

void
message_set_tls(const Message *self, Record *record, const TlsPolicy *policy)
{
  Outgoing out = { FALSE, TRUE, TV_ACCEPTABLE };
  TlsVerdict in = TV_ACCEPTABLE;
  Record *delivery;

  for (guint i = 0; (delivery = record_nested(record, RK_DELIVERY, i)); i++)
    _judge_delivery(&out, record, delivery, policy);
  if (out.any)
    record_set_boolean(record, F_TLS_ENCRYPTED_OUT, out.all_encrypted);
  if (!_judge_arrival(self, record, policy, &in) && (!policy || !out.any))
    return;
  if (out.any)
    _set_verdict(record, F_TLS_OUT_VERDICT, out.worst);
  _set_verdict(record, F_TLS_VERDICT, MAX(in, out.worst));
  _set_policy(record, policy);
}

void
session_set_tls(Record *record, const TlsPolicy *policy)
{
  Slice version = record_get_text(record, F_TLS_VERSION);

  if (!policy || !version.len)
    return;
  _set_verdict(record, F_TLS_VERDICT, tls_policy_judge(policy, version, record_get_text(record, F_TLS_CIPHER_IANA)));
  _set_policy(record, policy);
}
