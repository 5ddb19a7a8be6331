/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a message's document says about TLS in and out, and what the policy thinks of it */
#include "message-parts.h"
#include "words.h"

static void
_set_verdict(Facts *facts, FieldId id, TlsVerdict verdict)
{
  static const Slice texts[] =
  {
    [TV_ACCEPTABLE] = WORD_ROW(w_acceptable), [TV_UNKNOWN] = WORD_ROW(w_unknown), [TV_WEAK] = WORD_ROW(w_weak),
    [TV_NONE] = WORD_ROW(w_none),
  };

  facts_put(facts, id)->text = texts[verdict];
}

/* the policy may be gone before the summary */
static void
_set_policy(Facts *facts, const TlsPolicy *policy)
{
  facts_set_text(facts, F_TLS_POLICY, facts_copy_text(facts->memory, tls_policy_name(policy)));
  facts_set_text(facts, F_TLS_POLICY_VERSION, facts_copy_text(facts->memory, tls_policy_version(policy)));
}

/* deliveries over a network, together */
typedef struct _Outgoing
{
  gboolean any, all_encrypted;
  TlsVerdict worst;
} Outgoing;

static gboolean
_is_over_network(const Facts *delivery)
{
  return facts_has(delivery, F_DELIVERY_IP)
         && slice_equals(facts_get_text(delivery, F_DELIVERY_STATUS), SLICE("delivered"));
}

/* there are few versions and ciphers; the log may tell one of them only */
static void
_add_name(Facts *facts, FieldId id, Slice name)
{
  if (!name.len)
    return;
  for (const FactItem *item = facts_get_list(facts, id); item; item = item->next)
    if (slice_equals(item->text, name))
      return;
  facts_append(facts, id, name);
}

static void
_judge_delivery(Outgoing *self, Facts *facts, Facts *delivery, const TlsPolicy *policy)
{
  Slice version = facts_get_text(delivery, F_DELIVERY_TLS_VERSION);
  gboolean over_network = _is_over_network(delivery);
  TlsVerdict verdict = TV_NONE;

  if (!over_network && !version.len)
    return;
  if (policy)
    {
      verdict = tls_policy_judge(policy, version, facts_get_text(delivery, F_DELIVERY_TLS_CIPHER_IANA));
      _set_verdict(delivery, F_DELIVERY_TLS_VERDICT, verdict);
    }
  if (!over_network)
    return;
  self->any = TRUE;
  self->all_encrypted = self->all_encrypted && version.len;
  self->worst = MAX(self->worst, verdict);
  if (!version.len)
    return;
  _add_name(facts, F_TLS_OUT_VERSIONS, version);
  _add_name(facts, F_TLS_OUT_CIPHERS, facts_get_text(delivery, F_DELIVERY_TLS_CIPHER));
}

gboolean
message_arrived_over_network(const Message *self, const Facts *facts)
{
  gboolean ignored;

  return self->arrived && (facts_has(facts, F_CLIENT_IP)
                           || tls_is_network_protocol(facts_get_text(facts, F_PROTOCOL), &ignored));
}

/* FALSE: the log does not tell */
static gboolean
_judge_arrival(const Message *self, Facts *facts, const TlsPolicy *policy, TlsVerdict *verdict)
{
  Slice version = facts_get_text(facts, F_TLS_IN_VERSION);
  gboolean with_tls = FALSE;

  if (!message_arrived_over_network(self, facts) || (self->arrival_is_cut && !version.len))
    return FALSE;
  if (!version.len)
    tls_is_network_protocol(facts_get_text(facts, F_PROTOCOL), &with_tls);
  facts_set_number(facts, F_TLS_ENCRYPTED_IN, version.len || with_tls);
  if (!policy)
    return FALSE;
  *verdict = with_tls ? TV_UNKNOWN : tls_policy_judge(policy, version, facts_get_text(facts, F_TLS_IN_CIPHER_IANA));
  _set_verdict(facts, F_TLS_IN_VERDICT, *verdict);
  return TRUE;
}

void
message_set_tls(const Message *self, Facts *facts, const TlsPolicy *policy)
{
  Outgoing out = { FALSE, TRUE, TV_ACCEPTABLE };
  TlsVerdict in = TV_ACCEPTABLE;
  Facts *delivery;

  for (guint i = 0; (delivery = facts_nested_at(facts, RK_DELIVERY, i)); i++)
    _judge_delivery(&out, facts, delivery, policy);
  if (out.any)
    facts_set_number(facts, F_TLS_ENCRYPTED_OUT, out.all_encrypted);
  if (!_judge_arrival(self, facts, policy, &in) && (!policy || !out.any))
    return;
  if (out.any)
    _set_verdict(facts, F_TLS_OUT_VERDICT, out.worst);
  _set_verdict(facts, F_TLS_VERDICT, MAX(in, out.worst));
  _set_policy(facts, policy);
}

void
session_set_tls(Facts *facts, const TlsPolicy *policy)
{
  Slice version = facts_get_text(facts, F_TLS_VERSION);

  if (!policy || !version.len)
    return;
  _set_verdict(facts, F_TLS_VERDICT, tls_policy_judge(policy, version, facts_get_text(facts, F_TLS_CIPHER_IANA)));
  _set_policy(facts, policy);
}
