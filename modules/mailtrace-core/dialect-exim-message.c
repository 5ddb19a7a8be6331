/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exim's lines about messages that have a queue id: arrival, delivery, and what lies between */
#include "line-steps.h"

const LineShape exim_arrival_shapes[] =
{
  {
    "arrival", LR_ARRIVAL, BY_EXIM, WITH_ID, 'R',
    ID16 " <= a@example.test H=mx.example.test [192.0.2.1]:53500 P=esmtps X=TLSv1.2:DHE-RSA-AES256-GCM-SHA384:256"
    " S=67579 id=1$2@example.test",
    { LITERAL("<= "), { scan_arrival, NO_FIELD } }
  },
  {
    "arrival-fake-reject", LR_ARRIVAL, BY_EXIM, WITH_ID, 'L', ID16 " (= a@example.test H=(x) [192.0.2.1] P=esmtp S=5",
    { LITERAL("(= "), CONSTANT(F_FAKE_REJECT, "true"), { scan_arrival, NO_FIELD } }
  },
  { NULL }
};

/* on a message or a session, in Exim's words; none changes what became of it */
static const Slice remarks[] =
{
  TEXT("DMARC results: "), TEXT("DMARC using synthesized "), TEXT("DANE attempt failed; "), TEXT("DANE error: "),
  TEXT("original recipients ignored (system filter)"), TEXT("Required TLS certificate "),
  TEXT("Server certificate "), TEXT("Server OSCP "), TEXT("OCSP dates "), TEXT("OCSP stapling "),
  TEXT("TLS ALPN ("), TEXT("SSL_write"), TEXT("SSL channel closed "), TEXT("STARTTLS received in already "),
  TEXT("Connection aborted; STARTTLS "), TEXT("Message removed because older than "),
  TEXT("Process failed ("), TEXT("dnssec fail on "), TEXT("CNAME loop for "), TEXT("ignoring AUTH="),
  TEXT("list matching forced to fail: "), TEXT("internal scanner error (ignored): "), TEXT("regex acl condition "),
  TEXT("mime_regex acl condition "), TEXT("MIME acl condition "), TEXT("demime acl condition: "),
  TEXT("dcc acl condition: "), TEXT("DCC: "), TEXT("DK: "), TEXT("arc: "), TEXT("invalid return "),
  TEXT("Spool read error "), TEXT("Spool error "), TEXT("Spool format error "), TEXT("Error reading spool file "),
  TEXT("Format error in spool file "), TEXT("SIGTERM received while reading local message"),
  TEXT("SIGINT received while reading local message"), TEXT("timed out while reading local message"),
  TEXT("Unable to read size of spool file"), TEXT("transport_filter "), TEXT("rewrite: "),
  TEXT("qualify/rewrite: "),
  TEXTS_END
};

#define DELIVERED(status) { scan_delivery, NO_FIELD, TEXT(status) }

const LineShape exim_message_shapes[] =
{
  {
    "delivery", LR_DELIVERY, BY_EXIM, WITH_ID, 'R',
    ID16 " => b@example.test P=<a@example.test> R=dnslookup T=remote_smtp H=mx.example.test [192.0.2.2]:25"
    " X=TLSv1.2:AES128-SHA256:128 C=\"250 OK\"",
    { LITERAL("=> "), DELIVERED("delivered") }
  },
  {
    "delivery-further", LR_DELIVERY, BY_EXIM, WITH_ID, 'L', ID16 " -> c@example.test R=dnslookup T=remote_smtp",
    { LITERAL("-> "), DELIVERED("delivered") }
  },
  {
    "delivery-cut-through", LR_DELIVERY, BY_EXIM, WITH_ID, 'L',
    ID16 " >> c@example.test R=r T=t H=mx [192.0.2.2] C=\"250 OK\"",
    { LITERAL(">> "), DELIVERED("delivered") }
  },
  {
    "delivery-suppressed", LR_DELIVERY, BY_EXIM, WITH_ID, 'L',
    ID16 " *> c@example.test R=r T=t H=mx [192.0.2.2]:-1 C=\"delivery bypassed by -N option\"",
    { LITERAL("*> "), DELIVERED("suppressed") }
  },
  {
    "deferral", LR_DEFERRAL, BY_EXIM, WITH_ID, 'T', ID16 " == b@example.test R=r T=t defer (110): Connection timed out",
    { LITERAL("== "), { scan_deferral, NO_FIELD } }
  },
  {
    "failure", LR_FAILURE, BY_EXIM, WITH_ID, 'E',
    ID16 " ** b@example.test R=r T=t: SMTP error from remote mail server after RCPT TO:<b@example.test>:"
    " host mx [192.0.2.2]: 550 unknown",
    { LITERAL("** "), { scan_failure, NO_FIELD } }
  },
  {
    "discarded-by-filter", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " => discarded (system filter)",
    { LITERAL("=> discarded ("), SKIP_REST, CONSTANT(F_DISPOSITION, "discarded") }
  },
  {
    "discarded-by-acl", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " => blackhole (DATA ACL discarded recipients): infected",
    { LITERAL("=> blackhole ("), SKIP_UNTIL(" discarded recipients)"), OPTIONAL(": "), CONSTANT(F_DISPOSITION, "discarded"),
      BLANK_REST(F_REASON_DETAIL) }
  },
  {
    "discarded-by-local-scan", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " => blackhole the function's own words",
    { LITERAL("=> blackhole "), { scan_no_delivery, F_REASON_DETAIL }, CONSTANT(F_DISPOSITION, "discarded") }
  },
  {
    "delivery-remark", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " ** a@b.test routing yielded a local delivery",
    { LITERAL("** "), { scan_no_failure, F_WARNINGS } }
  },
  {
    "completed", LR_COMPLETION, BY_EXIM, WITH_ID, 'R', ID16 " Completed",
    { LITERAL("Completed") }
  },
  {
    "completed-queue-time", LR_COMPLETION, BY_EXIM, WITH_ID, 'L', ID16 " Completed QT=2s",
    { LITERAL("Completed QT="), WORD(F_QUEUE_TIME) }
  },
  {
    "rescinded", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " rescind the above message-accept",
    { TAIL(F_WARNINGS, "rescind the above message-accept") }
  },
  {
    "side-host", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " H=mx.example.test [192.0.2.2] Connection refused",
    { LITERAL("H="), { scan_side_host, NO_FIELD }, { scan_side_text, NO_FIELD } }
  },
  {
    "side-host-old", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " mx.example.test [192.0.2.2] Operation timed out",
    { { scan_old_host, NO_FIELD }, SKIP_REST }
  },
  {
    "side-smtp-error", LR_NOTE, BY_EXIM, WITH_ID, 'E',
    ID16 " SMTP error from remote mail server after RCPT TO:<a@b>: host mx [192.0.2.2]: 451 later",
    { LITERAL("SMTP error from remote mail"), SKIP_REST }
  },
  {
    "remote-closed", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " Remote host mx [192.0.2.2] closed connection in response to x",
    { LITERAL("Remote host "), SKIP_REST }
  },
  {
    "frozen", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " Frozen (delivery error message)",
    { { scan_phrase, F_WARNINGS, TEXT("Frozen") } }
  },
  {
    "is-frozen", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " Message is frozen",
    { LITERAL("Message is frozen") }
  },
  {
    "frozen-by", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " frozen by root",
    { TAIL(F_WARNINGS, "frozen by ") }
  },
  {
    "unfrozen", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " Unfrozen by errmsg timer",
    { TAIL(F_WARNINGS, "Unfrozen by ") }
  },
  {
    "unfrozen-by", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " unfrozen by root",
    { TAIL(F_WARNINGS, "unfrozen by ") }
  },
  {
    "removed", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " removed by root",
    { TAIL(F_WARNINGS, "removed by ") }
  },
  {
    "cancelled", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " cancelled by timeout_frozen_after",
    { TAIL(F_WARNINGS, "cancelled by ") }
  },
  {
    "queued", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " no immediate delivery: queued by ACL",
    { TAIL(F_WARNINGS, "no immediate delivery: ") }
  },
  {
    "retry-host", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " retry time not reached for any host for 'example.test'",
    { LITERAL("retry time not reached"), SKIP_REST }
  },
  {
    "all-hosts-failing", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " all hosts for 'example.test' have been failing for a long time",
    { LITERAL("all hosts "), SKIP_REST }
  },
  {
    "spool-locked", LR_NOTE, BY_EXIM, ANY_ID, 'L', ID16 " Spool file is locked (another process is handling this message)",
    { LITERAL("Spool file "), SKIP_REST }
  },
  {
    "deferred-by-filter", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " Delivery deferred by system filter",
    { TAIL(F_WARNINGS, "Delivery deferred by system filter") }
  },
  {
    "tls-required", LR_NOTE, BY_EXIM, ANY_ID, 'E', ID16 " a TLS session is required, but the server did not offer TLS support",
    { TAIL(F_WARNINGS, "a TLS session is required") }
  },
  {
    "tls-failure", LR_NOTE, BY_EXIM, ANY_ID, 'L', ID16 " TLS session failure: delivering unencrypted to H=mx [192.0.2.2]",
    { TAIL(F_WARNINGS, "TLS session failure") }
  },
  {
    "tls-error-out", LR_NOTE, BY_EXIM, ANY_ID, 'E', ID16 " TLS error on connection to mx [192.0.2.2] (SSL_connect): x",
    { TAIL_OF(F_WARNINGS, TEXT("TLS error on connection to "), TEXT("TLS recv error on connection to "), TEXT("TLS send error on connection to ")) }
  },
  {
    "tls-session", LR_NOTE, BY_EXIM, ANY_ID, 'L', ID16 " TLS session: (gnutls_handshake): error",
    { TAIL(F_WARNINGS, "TLS session: ") }
  },
  {
    "address-edited", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " address <a@b> marked delivered by root",
    { { scan_marked_address, F_WARNINGS } }
  },
  {
    "recipient-added", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " recipient <a@b> added by root",
    { { scan_added_recipient, F_WARNINGS } }
  },
  {
    "sender-changed", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " sender address changed to <a@b> by root",
    { TAIL(F_WARNINGS, "sender address changed to ") }
  },
  {
    "moved", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " moved from the 'x' queue by root",
    { TAIL(F_WARNINGS, "moved from ") }
  },
  {
    "prdr-accepted", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " PRDR R=<a@b> acceptance",
    { LITERAL("PRDR R="), ANGLE(F_RECIPIENTS), LITERAL(" acceptance") }
  },
  {
    "prdr-refused", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " PRDR a@b.test no such user",
    { LITERAL("PRDR "), { scan_prdr_refused, NO_FIELD } }
  },
  {
    "points-to-local-host", LR_NOTE, BY_EXIM, ANY_ID, 'L',
    ID16 " lowest numbered MX record points to local host: loop.test (while routing <v@loop.test>)",
    { LITERAL("lowest numbered MX record points to local host"), SKIP_REST }
  },
  {
    "is-local-host", LR_NOTE, BY_EXIM, ANY_ID, 'L',
    ID16 " remote host address is the local host: mx.example.test (while routing <v@loop.test>)",
    { LITERAL("remote host address is the local host"), SKIP_REST }
  },
  {
    "rewritten", LR_NOTE, BY_EXIM, ANY_ID, 'L', ID16 " \"a@b\" from env-from rewritten as \"c@d\" by rule 1",
    { LITERAL("\""), SKIP_UNTIL("\" from "), SKIP_UNTIL(" rewritten "), SKIP_REST }
  },
  {
    "error-ignored", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " a@b.test: error ignored",
    { { scan_ignored_address, NO_FIELD, TEXT(": error ignored") }, SKIP_REST }
  },
  {
    "transport-output", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " <a@b.test>: t_pipe transport output: oops",
    { LITERAL("<"), SKIP_UNTIL(" transport output: "), SKIP_REST }
  },
  {
    "timeout-connect", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " SMTP timeout while connected to mx [192.0.2.2] after x",
    { LITERAL("SMTP timeout "), SKIP_REST }
  },
  {
    "lost-in-data", LR_DISCONNECT, BY_EXIM, WITH_ID, 'L',
    ID16 " SMTP connection from mx.example.test [192.0.2.1] lost while reading message data",
    { LITERAL("SMTP connection"), CONNECTION_ID, LITERAL(" from "), CONNECTION_PEER,
      LITERAL(" lost while reading message data"), SKIP_REST,
      CONSTANT(F_CLIENT_CLOSED, "lost") }
  },
  {
    "lost-after-dot", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " SMTP connection lost after final dot H=mx [192.0.2.1] P=esmtp",
    { TAIL(F_WARNINGS, "SMTP connection lost after final dot") }
  },
  {
    "data-timeout", LR_REFUSAL, BY_EXIM, ANY_ID, 'L',
    ID16 " SMTP data timeout (message abandoned) on connection from mx [192.0.2.1] F=<a@b.test>",
    { LITERAL("SMTP data timeout (message abandoned) on connection from "), PEER_FIELDS(TEXT("")), REFUSED("data", "true"),
      CONSTANT(F_REFUSAL_TEXT, "SMTP data timeout"), SKIP_REST }
  },
  {
    "data-timeout-locally", LR_REFUSAL, BY_EXIM, ANY_ID, 'E',
    ID16 " SMTP data timeout (message abandoned) on connection from local process F=<a@b.test>",
    { LITERAL("SMTP data timeout (message abandoned) on connection from local process F="), LOCAL, ANGLE(F_REFUSAL_SENDER),
      REFUSED("data", "true"), CONSTANT(F_REFUSAL_TEXT, "SMTP data timeout"), SKIP_REST }
  },
  {
    "blank", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 "       ",
    { { scan_blanks, NO_FIELD } }
  },
  {
    "peer-close", LR_NOTE, BY_EXIM, WITH_ID, 'L', ID16 " peer close after all rcpt responses; converting i/o-error to no-error",
    { LITERAL("peer close after "), SKIP_REST }
  },
  {
    "authenticator-failed-out", LR_NOTE, BY_EXIM, ANY_ID, 'E', ID16 " login authenticator failed H=mx.example.test [192.0.2.2] 535 no",
    { { scan_client_authenticator, F_WARNINGS } }
  },
  {
    "exim-remark", LR_NOTE, BY_EXIM, ANY_ID, 'E', ID16 " DANE error: TLSA lookup not DNSSEC",
    { TAIL_OF_LIST(F_WARNINGS, remarks) }
  },
  {
    "no-recipients", LR_REFUSAL, BY_EXIM, WITH_ID, 'L', ID16 " " ID16 " no recipients found in headers",
    { LOCAL, { scan_repeated_id, NO_FIELD }, REFUSED("data", "false"),
      TAIL_OF(F_REFUSAL_TEXT, TEXT("no recipients found in headers"), TEXT("bad addresses found in headers")) }
  },
  { NULL }
};
