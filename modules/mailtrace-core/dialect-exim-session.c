/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exim's lines about connections, refusals, and itself */
#include "line-steps.h"

static const Slice certificate_errors[] =
{
  TEXT("SSL verify error: "), TEXT("SSL verify error ("), TEXT("SSL verify denied "), TEXT("TLS verify denied "),
  TEXT("Received TLS "),
  TEXTS_END
};

/* what an administrator of the server has to know, and nobody who asks for a message */
static const Slice about_itself[] =
{
  TEXT("spool directory space check failed: "), TEXT("log directory space check failed: "),
  TEXT("socket bind() to port "), TEXT("bind of ["), TEXT("Failed to create IPv6 socket "),
  TEXT("Setting IPV6_V6ONLY "), TEXT("IPv4 socket creation "), TEXT("IPv6 socket creation "),
  TEXT("getsockopt() failed "), TEXT("setsockopt("), TEXT("Berkeley DB error: "), TEXT("Failed to get "),
  TEXT("Failed to open "), TEXT("failed to open "), TEXT("Failed writing "), TEXT("failed to write "),
  TEXT("Couldn't open "), TEXT("DH: could not "), TEXT("debugging Exim in "), TEXT("delivery setrlimit("),
  TEXT("dnslists domain \""), TEXT("host name alias list truncated"), TEXT("responsible-mailbox truncated"),
  TEXT("ALPN unusable "), TEXT("SNI unusable "), TEXT("OCSP unusable "), TEXT("WARNING: "),
  TEXT("redirection process "), TEXT("daemon: "), TEXT("Cannot open "), TEXT("unable to open "),
  TEXT("pipe creation "), TEXT("Tainted "), TEXT("exim user "), TEXT("pid file path "),
  TEXTS_END
};

const LineShape exim_session_shapes[] =
{
  {
    "connect", LR_CONNECT, BY_EXIM, WITHOUT_ID, 'R', "SMTP connection from [192.0.2.1]:53500 (TCP/IP connection count = 1)",
    { LITERAL("SMTP connection from "), CONNECTION_PEER, LITERAL(" (TCP/IP connection count = "),
      UNTIL(F_CLIENT_CONNECTION_COUNT, ")") }
  },
  {
    "closed", LR_DISCONNECT, BY_EXIM, ANY_ID, 'R', "SMTP connection from mx.example.test [192.0.2.1]:53500 closed by QUIT",
    { LITERAL("SMTP connection"), CONNECTION_ID, LITERAL(" from "), CONNECTION_PEER,
      CONNECTION_WAY, LITERAL(" closed "), OPTIONAL("by "), REST(F_CLIENT_CLOSED) }
  },
  {
    "lost", LR_DISCONNECT, BY_EXIM, WITHOUT_ID, 'L', "SMTP connection from mx.example.test [192.0.2.1] lost D=2s",
    { LITERAL("SMTP connection"), CONNECTION_ID, LITERAL(" from "), CONNECTION_PEER,
      CONNECTION_WAY, { scan_lost, NO_FIELD }, CONSTANT(F_CLIENT_CLOSED, "lost") }
  },
  {
    "local-session", LR_SERVICE, BY_EXIM, ANY_ID, 'L', "SMTP connection from root closed by QUIT",
    { { scan_local_session, NO_FIELD }, SKIP_REST }
  },
  {
    "unexpected-disconnection", LR_DISCONNECT, BY_EXIM, WITHOUT_ID, 'T',
    "unexpected disconnection while reading SMTP command from mx.example.test [192.0.2.1] D=1s",
    { LITERAL("unexpected "), OPTIONAL("disconnection"), OPTIONAL("EOF"), LITERAL(" while reading SMTP command from "),
      OPTIONAL("TFO "), OPTIONAL("TFO* "), PEER_FIELDS(TEXT(""), TEXT(" (error: ")), { scan_duration_tail, NO_FIELD }, CONSTANT(F_CLIENT_CLOSED, "lost") }
  },
  {
    "command-timeout", LR_DISCONNECT, BY_EXIM, WITHOUT_ID, 'L', "SMTP command timeout on connection from (x) [192.0.2.1]",
    { LITERAL("SMTP command timeout on"), OPTIONAL(" TLS"), LITERAL(" connection from "), PEER_FIELDS(TEXT("")), SKIP_REST,
      CONSTANT(F_CLIENT_CLOSED, "timeout") }
  },
  {
    "no-mail", LR_NOTE, BY_EXIM, WITHOUT_ID, 'L', "no MAIL in SMTP connection from (x) [192.0.2.1] D=0s C=EHLO,QUIT",
    { LITERAL("no MAIL in "), OPTIONAL("TFO "), OPTIONAL("TFO* "), LITERAL("SMTP connection from "), LONE_PEER_FIELDS(TEXT("")), SKIP_REST }
  },
  {
    "warning", LR_NOTE, BY_EXIM, ANY_ID, 'R', "H=mx.example.test [192.0.2.1]:53500 Warning: target.test profile excludes greylisting",
    { LITERAL("H="), SURE_HOST, LITERAL(" Warning: "), REST(F_WARNINGS) }
  },
  {
    "rejected", LR_REFUSAL, BY_EXIM, ANY_ID, 'T', "H=mx.example.test [192.0.2.1] F=<a@b.test> rejected RCPT <c@d.test>: Unrouteable",
    { { scan_dnssec, NO_FIELD }, LITERAL("H="), HOST, LITERAL(" "), REJECTED }
  },
  {
    "rejected-by-next-hop", LR_REFUSAL, BY_EXIM, WITH_ID, 'E',
    ID16 " H=(x) [192.0.2.1] c@d.test F=<a@b.test> rejected after DATA: R=r T=t H=mx.test [192.0.2.2]: 550 no",
    { LITERAL("H="), { scan_cut_through, NO_FIELD } }
  },
  {
    "rejected-by-local-scan", LR_REFUSAL, BY_EXIM, WITH_ID, 'E',
    ID16 " F=a@b.test H=(x) [192.0.2.1] P=esmtp temporarily rejected by local_scan(): later",
    { LITERAL("F="), { scan_local_scan_sender, F_REFUSAL_SENDER }, LITERAL(" H="),
      PEER_FIELDS(TEXT(" rejected by "), TEXT(" temporarily rejected by ")), LITERAL(" "), REJECTED }
  },
  {
    "rejected-by-local-scan-locally", LR_REFUSAL, BY_EXIM, WITH_ID, 'E', ID16 " F=a@b.test U=joe P=local rejected by local_scan(): no",
    { LITERAL("F="), LOCAL, { scan_local_scan_sender, F_REFUSAL_SENDER }, LITERAL(" U="), UNTIL(F_CLIENT_IDENT, " P="),
      SKIP_WORD, LITERAL(" "), REJECTED }
  },
  {
    "rejected-local-message", LR_REFUSAL, BY_EXIM, ANY_ID, 'E', ID16 " rejected from <a@b.test> U=joe: message too big: read=2 max=1",
    { LITERAL("rejected from "), LOCAL, ANGLE_GLUED(F_REFUSAL_SENDER), OPTIONAL(" "), LITERAL("U="), UNTIL(F_CLIENT_IDENT, ": "),
      REFUSED("data", "false"), REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-local", LR_REFUSAL, BY_EXIM, ANY_ID, 'L', "U=root F=<root@b.test> rejected by non-SMTP ACL: local reject",
    { LITERAL("U="), LOCAL, LOGIN_AS_HOST, LITERAL(" "), REJECTED }
  },
  {
    "rejected-by-next-hop-locally", LR_REFUSAL, BY_EXIM, WITH_ID, 'E',
    ID16 " U=root c@d.test F=<a@b.test> tmp-reject from cutthrough after DATA: R=r T=t H=mx.test [192.0.2.2] C=\"450 no\"",
    { LITERAL("U="), LOCAL, { scan_local_cut_through, NO_FIELD } }
  },
  {
    "rejected-local-scan", LR_REFUSAL, BY_EXIM, ANY_ID, 'E', "F=<a@b.test> rejected by non-SMTP ACL: local reject",
    { LITERAL("F="), LOCAL, ANGLE(F_REFUSAL_SENDER), LITERAL(" "), REJECTED }
  },
  {
    "discarded-recipient", LR_NOTE, BY_EXIM, ANY_ID, 'L', "H=mx [192.0.2.1] F=<a@b.test> RCPT <c@d.test>: discarded by RCPT ACL: policy",
    { LITERAL("H="), SURE_HOST, LITERAL(" RCPT "), ANGLE(NO_FIELD), LITERAL(": "), TAIL(F_WARNINGS, "discarded by ") }
  },
  {
    "discarded-recipient-locally", LR_NOTE, BY_EXIM, ANY_ID, 'E', "U=root F=<a@b.test> RCPT <c@d.test>: discarded by RCPT ACL: policy",
    { LITERAL("U="), LOGIN_AS_HOST, LITERAL(" RCPT "), ANGLE(NO_FIELD), LITERAL(": "), TAIL(F_WARNINGS, "discarded by ") }
  },
  {
    "sender-verify-locally", LR_NOTE, BY_EXIM, ANY_ID, 'E', "U=root sender verify fail for <a@b.test>: Unrouteable address",
    { LITERAL("U="), LOGIN_AS_HOST, LITERAL(" "), TAIL(F_WARNINGS, "sender verify ") }
  },
  {
    "incomplete-locally", LR_NOTE, BY_EXIM, ANY_ID, 'E', "U=root incomplete transaction (QUIT) from <a@b.test> for c@d.test",
    { LITERAL("U="), LOGIN_AS_HOST, LITERAL(" incomplete transaction "), SKIP_REST }
  },
  {
    "sender-verify", LR_NOTE, BY_EXIM, ANY_ID, 'E', "H=mx [192.0.2.1] sender verify fail for <a@b.test>: unknown",
    { LITERAL("H="), SURE_HOST, LITERAL(" "), TAIL(F_WARNINGS, "sender verify ") }
  },
  {
    "dropped-by-acl", LR_REFUSAL, BY_EXIM, ANY_ID, 'E', "H=mx [192.0.2.1] dropped by 'connect' ACL: text",
    { { scan_dnssec, NO_FIELD }, LITERAL("H="), HOST, LITERAL(" dropped by '"), { scan_dropping_acl, NO_FIELD }, BLANK_REST(F_REFUSAL_TEXT) }
  },
  {
    "incomplete", LR_NOTE, BY_EXIM, ANY_ID, 'L', "H=(inc.test) [192.0.2.1] incomplete transaction (RSET) from <a@b.test> for c@d.test",
    { LITERAL("H="), SURE_HOST, LITERAL(" incomplete transaction "), SKIP_REST }
  },
  {
    "rejected-helo", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'T', "rejected EHLO from [192.0.2.1]: syntactically invalid argument(s): x",
    { LITERAL("rejected "), { scan_helo, NO_FIELD }, LITERAL(" from "),
      LONE_PEER_FIELDS(TEXT(": syntactically invalid argument(s): "), TEXT(": syntactically invalid argument(s):")), REFUSED("helo", "false"),
      LITERAL(": "), REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-helo-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "rejected EHLO from root: syntactically invalid argument(s): x",
    { LITERAL("rejected "), LOCAL, { scan_helo, NO_FIELD }, LITERAL(" from "), LOGIN, REFUSED("helo", "false"),
      LITERAL(": "), TAIL(F_REFUSAL_TEXT, "syntactically invalid argument(s):") }
  },
  {
    "rejected-helo-command", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "rejected \"EHLO x\" from (x) [192.0.2.1]",
    { LITERAL("rejected "), COMMAND_FROM_HOST(TEXT(": "), TEXT("")), REFUSED("helo", "false"), BLANK_REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-helo-command-temporarily", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "temporarily rejected \"EHLO x\" from (x) [192.0.2.1]",
    { LITERAL("temporarily rejected "), COMMAND_FROM_HOST(TEXT(": "), TEXT("")), REFUSED("helo", "true"), BLANK_REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-mail-from", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "rejected MAIL from [192.0.2.1]: no HELO/EHLO given",
    { LITERAL("rejected MAIL from "), PEER_FIELDS(TEXT(": ")), LITERAL(": "), REFUSED("mail", "false"), REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-mail-from-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "rejected MAIL from root: no HELO/EHLO given",
    { LITERAL("rejected MAIL from "), LOCAL, LOGIN, LITERAL(": "), REFUSED("mail", "false"), REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-mail-size-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "rejected MAIL FROM:<a@b.test> U=root: message too big: size=99999999 max=307200",
    { LITERAL("rejected MAIL FROM:"), LOCAL, ANGLE(F_REFUSAL_SENDER), LITERAL(" U="), LOGIN_FIELDS(TEXT(": message too big: ")),
      LITERAL(": "), REFUSED("mail", "false"), REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-mail-command-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "rejected MAIL command U=root: too many messages in one connection",
    { LITERAL("rejected MAIL command U="), LOCAL, LOGIN_FIELDS(TEXT(": too many ")), LITERAL(": "), REFUSED("mail", "true"),
      REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-mail-size", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'L',
    "rejected MAIL FROM:<a@b.test> H=(big.test) [192.0.2.1]: message too big: size=99999999 max=307200",
    { LITERAL("rejected MAIL FROM:"), ANGLE(F_REFUSAL_SENDER), LITERAL(" H="), PEER_FIELDS(TEXT(": message too big: ")),
      LITERAL(": "),
      REFUSED("mail", "false"), REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-mail-command", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "rejected MAIL command H=(x) [192.0.2.1]: too many messages in one connection",
    { LITERAL("rejected MAIL command H="), PEER_FIELDS(TEXT(": too many ")), LITERAL(": "), REFUSED("mail", "true"), REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-wellknown", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "rejected \"WELLKNOWN x\" from mx.test",
    { LITERAL("rejected \"WELLKNOWN"), SKIP_UNTIL("\" from "), SKIP_REST, REFUSED("command", "false") }
  },
  {
    "rejected-xclient", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "rejected XCLIENT from (x) [192.0.2.1]: XCLIENT must be first",
    { LITERAL("rejected XCLIENT from "), PEER_FIELDS(TEXT(": ")), LITERAL(": "), REFUSED("command", "false"), REST(F_REFUSAL_TEXT) }
  },
  {
    "input-error", LR_REFUSAL, BY_EXIM, ANY_ID, 'E', "Error or EOF on input from H=(x) [192.0.2.1]:53500",
    { LITERAL("Error or EOF on input from H="), PEER_FIELDS(TEXT("")), REFUSED("protocol", "false"),
      CONSTANT(F_REFUSAL_TEXT, "Error or EOF on input") }
  },
  {
    "header-too-long", LR_REFUSAL, BY_EXIM, ANY_ID, 'E',
    ID16 " overlong message header line received from (x) [192.0.2.1] (more than 1048576 characters): message abandoned",
    { ONE_OF(TEXT("overlong message header line received from "), TEXT("ridiculously long message header received from ")),
      PEER_FIELDS(TEXT(" (more than ")), REFUSED("data", "false"), BLANK_REST(F_REFUSAL_TEXT) }
  },
  {
    "header-too-long-locally", LR_REFUSAL, BY_EXIM, ANY_ID, 'E',
    ID16 " overlong message header line received from root (more than 1048576 characters): message abandoned",
    { ONE_OF(TEXT("overlong message header line received from "), TEXT("ridiculously long message header received from ")),
      LOCAL, LOGIN, LITERAL(" "), REFUSED("data", "false"), TAIL(F_REFUSAL_TEXT, "(more than ") }
  },
  {
    "message-abandoned", LR_REFUSAL, BY_EXIM, WITH_ID, 'E',
    ID16 " Message abandoned: Spool write error (No space left on device) while receiving message from mx.test [192.0.2.1]",
    { REFUSED("data", "true"), TAIL_OF(F_REFUSAL_TEXT, TEXT("Message abandoned: "), TEXT("Spool write error: ")) }
  },
  {
    "local-scan-failed", LR_REFUSAL, BY_EXIM, WITH_ID, 'E',
    ID16 " local_scan() function timed out - message temporarily rejected (size 99)",
    { REFUSED("data", "true"), TAIL_OF(F_REFUSAL_TEXT, TEXT("local_scan() function timed out - "), TEXT("local_scan() function crashed with ")) }
  },
  {
    "dcc", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " H=mx.example.test [192.0.2.1] F=<a@b.test>: rejected by DCC",
    { LITERAL("H="), PEER_FIELDS(TEXT(": rejected by DCC")), LITERAL(": "), TAIL(F_WARNINGS, "rejected by DCC") }
  },
  {
    "rejected-message", LR_REFUSAL, BY_EXIM, ANY_ID, 'L', ID16 " rejected from <a@b.test> H=(x) [192.0.2.1]: message too big: read=1 max=0",
    { LITERAL("rejected from "), ANGLE_GLUED(F_REFUSAL_SENDER), OPTIONAL(" "), LITERAL("H="), PEER_FIELDS(TEXT(": ")),
      LITERAL(": "), REFUSED("data", "false"), REST(F_REFUSAL_TEXT) }
  },
  {
    "rejected-message-alone", LR_REFUSAL, BY_EXIM, ANY_ID, 'E', ID16 " rejected from <a@b.test>: message too big: read=2 max=1",
    { LITERAL("rejected from "), ANGLE_GLUED(F_REFUSAL_SENDER), LITERAL(": "), REFUSED("data", "false"), REST(F_REFUSAL_TEXT) }
  },
  {
    "unqualified-recipient", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'L', "unqualified recipient rejected: <bob> H=(x) [192.0.2.1]",
    { LITERAL("unqualified recipient rejected: "), ANGLE(F_REFUSAL_RECIPIENT), LITERAL(" H="),
      PEER_FIELDS(TEXT(""), TEXT(" (failed to find ")), REFUSED("rcpt", "false"), CONSTANT(F_REFUSAL_TEXT, "unqualified address"), SKIP_REST }
  },
  {
    "unqualified-recipient-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "unqualified recipient rejected: <bob> U=root",
    { LITERAL("unqualified recipient rejected: "), LOCAL, ANGLE(F_REFUSAL_RECIPIENT), LITERAL(" U="), LOGIN_FIELDS(TEXT("")),
      REFUSED("rcpt", "false"), CONSTANT(F_REFUSAL_TEXT, "unqualified address") }
  },
  {
    "unqualified-sender-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "unqualified sender rejected: <bob> U=root",
    { LITERAL("unqualified sender rejected: "), LOCAL, ANGLE(F_REFUSAL_SENDER), LITERAL(" U="), LOGIN_FIELDS(TEXT("")),
      REFUSED("mail", "false"), CONSTANT(F_REFUSAL_TEXT, "unqualified address") }
  },
  {
    "unqualified-sender", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "unqualified sender rejected: <bob> H=(x) [192.0.2.1]",
    { LITERAL("unqualified sender rejected: "), ANGLE(F_REFUSAL_SENDER), LITERAL(" H="),
      PEER_FIELDS(TEXT(""), TEXT(" (failed to find ")), REFUSED("mail", "false"), CONSTANT(F_REFUSAL_TEXT, "unqualified address"), SKIP_REST }
  },
  {
    "too-many-recipients", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'L',
    "too many recipients: excess temporarily rejected: sender=<a@b.test> H=(x) [192.0.2.1]",
    { LITERAL("too many recipients: excess temporarily rejected: sender="), ANGLE(F_REFUSAL_SENDER), LITERAL(" H="),
      PEER_FIELDS(TEXT("")), REFUSED("rcpt", "true"), CONSTANT(F_REFUSAL_TEXT, "too many recipients") }
  },
  {
    "too-many-recipients-at-all", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "too many recipients: message rejected: sender=<a@b.test> H=(x) [192.0.2.1]",
    { LITERAL("too many recipients: message rejected: sender="), ANGLE(F_REFUSAL_SENDER), LITERAL(" H="),
      PEER_FIELDS(TEXT("")), REFUSED("rcpt", "false"), CONSTANT(F_REFUSAL_TEXT, "too many recipients") }
  },
  {
    "too-many-recipients-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "too many recipients: excess temporarily rejected: sender=<a@b.test> U=root",
    { LITERAL("too many recipients: excess temporarily rejected: sender="), LOCAL, ANGLE(F_REFUSAL_SENDER), LITERAL(" U="),
      LOGIN_FIELDS(TEXT("")), REFUSED("rcpt", "true"), CONSTANT(F_REFUSAL_TEXT, "too many recipients") }
  },
  {
    "too-many-recipients-at-all-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "too many recipients: message rejected: sender=<a@b.test> U=root",
    { LITERAL("too many recipients: message rejected: sender="), LOCAL, ANGLE(F_REFUSAL_SENDER), LITERAL(" U="),
      LOGIN_FIELDS(TEXT("")), REFUSED("rcpt", "false"), CONSTANT(F_REFUSAL_TEXT, "too many recipients") }
  },
  {
    "authenticator-failed-locally", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "login authenticator failed for U=root: 535 Incorrect authentication data (set_id=admin)",
    { { scan_mechanism, NO_FIELD }, LOCAL, OPTIONAL("U="), LOGIN, LITERAL(": "), CONSTANT(F_REFUSAL_STAGE, "auth"),
      { scan_auth_failure, NO_FIELD } }
  },
  {
    "authenticator-failed", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'L',
    "login authenticator failed for (User) [192.0.2.1]: 535 Incorrect authentication data (set_id=admin)",
    { { scan_mechanism, NO_FIELD }, OPTIONAL("H="), LONE_PEER_FIELDS(TEXT(": ")), LITERAL(": "), CONSTANT(F_REFUSAL_STAGE, "auth"),
      { scan_auth_failure, NO_FIELD } }
  },
  {
    "authenticator-failed-ident", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "login authenticator failed for U=joe H=(User) [192.0.2.1]: 535 Incorrect authentication data (set_id=admin)",
    { { scan_mechanism, NO_FIELD }, LITERAL("U="), UNTIL(F_CLIENT_IDENT, " H="), LONE_PEER_FIELDS(TEXT(": ")), LITERAL(": "),
      CONSTANT(F_REFUSAL_STAGE, "auth"), { scan_auth_failure, NO_FIELD } }
  },
  {
    "protocol-error", LR_REFUSAL, BY_EXIM, ANY_ID, 'L', "SMTP protocol error in \"STARTTLS\" H=(t.test) [192.0.2.1] STARTTLS used when not advertised",
    { LITERAL("SMTP "), OPTIONAL("protocol"), OPTIONAL("syntax"), LITERAL(" error in "),
      COMMAND_AT_HOST(TEXT(" "), TEXT("")), REFUSED("protocol", "false"), BLANK_REST(F_REFUSAL_TEXT) }
  },
  {
    "protocol-error-locally", LR_REFUSAL, BY_EXIM, ANY_ID, 'E', "SMTP protocol error in \"DATA\" U=root valid RCPT command must precede DATA",
    { ONE_OF(TEXT("SMTP protocol error in \""), TEXT("SMTP syntax error in \"")), LOCAL,
      { scan_until_login, NO_FIELD, TEXT("\" U=") }, LOGIN, CONNECTION_ID, LITERAL(" "), REFUSED("protocol", "false"),
      REST(F_REFUSAL_TEXT) }
  },
  {
    "synchronization-error", LR_REFUSAL, BY_EXIM, ANY_ID, 'L',
    "SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from"
    " H=[192.0.2.1] input=\"EHLO x\"",
    { LITERAL("SMTP protocol "), OPTIONAL("violation: "), LITERAL("synchronization error ("),
      UNTIL(F_REFUSAL_TEXT, "): rejected "), LITERAL("connection from H="), LONE_PEER_FIELDS(TEXT(" input="), TEXT(" next input=")), REFUSED("protocol", "false"), SKIP_REST }
  },
  {
    "synchronization-error-command", LR_REFUSAL, BY_EXIM, ANY_ID, 'L',
    "SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected \"DATA\""
    " H=(x) [192.0.2.1] next input=\"x\"",
    { LITERAL("SMTP protocol "), OPTIONAL("violation: "), LITERAL("synchronization error ("),
      UNTIL(F_REFUSAL_TEXT, "): rejected "), COMMAND_AT_HOST(TEXT(" input="), TEXT(" next input=")), REFUSED("protocol", "false"), SKIP_REST }
  },
  {
    "call-dropped", LR_REFUSAL, BY_EXIM, ANY_ID, 'L', "SMTP call from (x) [192.0.2.1] dropped: too many unrecognized commands (last was \"BAD\")",
    { LITERAL("SMTP call from "), LONE_PEER_FIELDS(TEXT(" dropped: too many ")), LITERAL(" dropped: "), REFUSED("protocol", "false"),
      REST(F_REFUSAL_TEXT) }
  },
  {
    "connection-refused", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'L', "Connection from [192.0.2.1]:53500 refused: too many connections",
    { LITERAL("Connection from "), PEER_FIELDS(TEXT(" refused: ")), LITERAL(" refused: "), REFUSED("connect", "true"),
      REST(F_REFUSAL_TEXT) }
  },
  {
    "refused-connection", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "refused connection from [192.0.2.1] (host_reject_connection)",
    { LITERAL("refused connection from "), PEER_FIELDS(TEXT(": "), TEXT(" (host_reject_"), TEXT(" (tcp wrappers)")), REFUSED("connect", "false"),
      BLANK_REST(F_REFUSAL_TEXT) }
  },
  {
    "refused-connection-temporarily", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E',
    "temporarily refused connection from [192.0.2.1]: not in reserve list: connected=9 max=10 reserve=2",
    { LITERAL("temporarily refused connection from "), PEER_FIELDS(TEXT(": ")), REFUSED("connect", "true"),
      BLANK_REST(F_REFUSAL_TEXT) }
  },
  {
    "refused-ip-options", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'E', "connection from [192.0.2.1] refused (IP options)",
    { LITERAL("connection from "), PEER_FIELDS(TEXT(" refused (")), LITERAL(" refused "), REFUSED("connect", "false"),
      REST(F_REFUSAL_TEXT) }
  },
  {
    "ident-timeout", LR_NOTE, BY_EXIM, WITHOUT_ID, 'E', "ident connection to 192.0.2.1 timed out",
    { LITERAL("ident connection to "), WORD(F_CLIENT_IP), LITERAL(" timed out") }
  },
  {
    "certificate-error", LR_NOTE, BY_EXIM, ANY_ID, 'E',
    "[192.0.2.1] SSL verify error: depth=0 error=self signed certificate cert=/C=US/CN=x",
    { LITERAL("["), SKIP_UNTIL("] "), TAIL_OF_LIST(F_WARNINGS, certificate_errors) }
  },
  {
    "certificate-error-old", LR_NOTE, BY_EXIM, ANY_ID, 'E', "SSL verify error: depth=0 error=self signed certificate cert=/C=US/CN=x",
    { TAIL_OF_LIST(F_WARNINGS, certificate_errors) }
  },
  {
    "tls-error", LR_NOTE, BY_EXIM, ANY_ID, 'T', "TLS error on connection from [192.0.2.1]:53500 (SSL_accept): error:1408A0C1:x",
    { ONE_OF(TEXT("TLS error on connection"), TEXT("TLS recv error on connection"), TEXT("TLS send error on connection")), CONNECTION_ID,
      LITERAL(" from "), LONE_PEER_FIELDS(TEXT(" ("), TEXT(": "), TEXT(" ")), BLANK_REST(F_WARNINGS) }
  },
  {
    "tls-error-within", LR_NOTE, BY_EXIM, ANY_ID, 'E', "TLS error (SSL_read): on connection from [192.0.2.1]:53500 error:1408A0C1:x",
    { TAIL_OF(F_WARNINGS, TEXT("TLS error (SSL_read): "), TEXT("TLS error (SSL_write): ")) }
  },
  {
    "tls-disconnected", LR_NOTE, BY_EXIM, WITHOUT_ID, 'T', "TLS client disconnected cleanly (rejected our certificate?)",
    { TAIL(F_WARNINGS, "TLS client disconnected cleanly") }
  },
  {
    "dnsbl-defer", LR_NOTE, BY_EXIM, ANY_ID, 'T', "DNS list lookup defer (probably timeout) for 1.2.0.192.list.test: assumed not in list",
    { TAIL(F_WARNINGS, "DNS list lookup ") }
  },
  {
    "callout", LR_NOTE, BY_EXIM, WITHOUT_ID, 'E', "H=mx.example.test [192.0.2.2] TLS error on connection (gnutls_handshake): timed out",
    { LITERAL("H="), { scan_side_host, NO_FIELD }, ONE_OF(TEXT(" TLS error on connection "), TEXT(" SMTP error from remote mail "),
      TEXT(": a TLS session is required ")), SKIP_REST }
  },
  {
    "no-host-name", LR_NOTE, BY_EXIM, ANY_ID, 'E', "no host name found for IP address 192.0.2.1",
    { LITERAL("no host name found for IP address "), WORD(F_CLIENT_IP) }
  },
  {
    "no-address", LR_NOTE, BY_EXIM, ANY_ID, 'E', "no IP address found for host mx.test (during SMTP connection from [192.0.2.1])",
    { LITERAL("no IP address found for host "), SKIP_WORD, { scan_during_connection, NO_FIELD } }
  },
  {
    "vrfy-failed", LR_NOTE, BY_EXIM, WITHOUT_ID, 'L', "VRFY failed for x@y H=(v.test) [192.0.2.1]",
    { LITERAL("VRFY failed for "), { scan_until_last, NO_FIELD, TEXT(" H=") }, LONE_PEER_FIELDS(TEXT("")) }
  },
  {
    "vrfy-failed-locally", LR_NOTE, BY_EXIM, WITHOUT_ID, 'E', "VRFY failed for x@y U=root",
    { LITERAL("VRFY failed for "), { scan_until_login, NO_FIELD, TEXT(" U=") }, LOGIN, CONNECTION_ID }
  },
  {
    "etrn-locally", LR_NOTE, BY_EXIM, WITHOUT_ID, 'E', "ETRN #b.test received from root",
    { LITERAL("ETRN "), { scan_until_last, NO_FIELD, TEXT(" received from ") }, LOGIN, CONNECTION_ID }
  },
  {
    "etrn", LR_NOTE, BY_EXIM, WITHOUT_ID, 'L', "ETRN #b.test received from (v.test) [192.0.2.1]",
    { LITERAL("ETRN "), { scan_until_last, NO_FIELD, TEXT(" received from ") }, LONE_PEER_FIELDS(TEXT("")) }
  },
  {
    "atrn", LR_NOTE, BY_EXIM, WITHOUT_ID, 'E', "ATRN b.test received from (v.test) [192.0.2.1]",
    { LITERAL("ATRN "), { scan_until_last, NO_FIELD, TEXT(" received from ") }, LONE_PEER_FIELDS(TEXT("")) }
  },
  {
    "connect-inetd", LR_NOTE, BY_EXIM, WITHOUT_ID, 'E', "SMTP connection from [192.0.2.1]:53500 (via inetd)",
    { LITERAL("SMTP connection"), CONNECTION_ID, LITERAL(" from "), LONE_PEER_FIELDS(TEXT(" (via inetd)")), LITERAL(" (via inetd)") }
  },
  {
    "connect-odmr", LR_NOTE, BY_EXIM, WITHOUT_ID, 'E', "SMTP connection from mx.test [192.0.2.1]:53500 (ODMR customer)",
    { LITERAL("SMTP connection"), CONNECTION_ID, LITERAL(" from "), LONE_PEER_FIELDS(TEXT(" (ODMR customer)")),
      LITERAL(" (ODMR customer)") }
  },
  {
    "local-warning", LR_NOTE, BY_EXIM, ANY_ID, 'E', "U=joe Warning: text",
    { LITERAL("U="), LOGIN_AS_HOST, LITERAL(" Warning: "), REST(F_WARNINGS) }
  },
  {
    "reset-after-quit", LR_NOTE, BY_EXIM, WITHOUT_ID, 'E',
    "[192.0.2.1] after QUIT, client reset TCP before SMTP response and TLS close",
    { PEER_ADDRESS, LITERAL(" after QUIT, client reset "), SKIP_REST }
  },
  {
    "address-alias", LR_NOTE, BY_EXIM, ANY_ID, 'E', "IP address 192.0.2.1 has an alias mx.test",
    { LITERAL("IP address "), SKIP_WORD, TAIL(NO_FIELD, " ") }
  },
  {
    "etrn-failed", LR_NOTE, BY_EXIM, WITHOUT_ID, 'L', "failed to set up ETRN command: Tainted arg 2 for ETRN command: '#b.test'",
    { LITERAL("failed to set up ETRN command"), SKIP_REST }
  },
  {
    "continuation", LR_CONTINUATION, BY_EXIM, WITHOUT_ID, 'L', "P Received: from mx.example.test ([192.0.2.1] helo=x)",
    { CONTINUATION }
  },
  {
    "queue-run", LR_SERVICE, BY_EXIM, WITHOUT_ID, 'T', "Start queue run: pid=1234",
    { { scan_queue_run, NO_FIELD }, SKIP_REST }
  },
  {
    "daemon-started", LR_RESTART, BY_EXIM, WITHOUT_ID, 'T', "exim 4.96 daemon started: pid=1, no queue runs, listening for SMTP on port 25",
    { LITERAL("exim "), SKIP_WORD, LITERAL(" daemon started: "), SKIP_REST }
  },
  {
    "daemon-ended", LR_SERVICE, BY_EXIM, WITHOUT_ID, 'E', "exim 4.96 daemon terminating",
    { LITERAL("exim "), SKIP_WORD, LITERAL(" daemon terminat"), SKIP_REST }
  },
  {
    "daemon-signal", LR_SERVICE, BY_EXIM, WITHOUT_ID, 'T', "pid 1234: SIGHUP received: re-exec daemon",
    { LITERAL("pid "), SKIP_WORD, ONE_OF(TEXT(" SIG"), TEXT(" exec of ")), SKIP_REST }
  },
  {
    "command-line", LR_SERVICE, BY_EXIM, ANY_ID, 'L', "cwd=/ 3 args: /usr/sbin/exim4 -Mc " ID16,
    { LITERAL("cwd="), SKIP_REST }
  },
  {
    "listen-backlog", LR_SERVICE, BY_EXIM, WITHOUT_ID, 'E', "listen backlog 5 I=[192.0.2.1]:25",
    { LITERAL("listen backlog "), SKIP_REST }
  },
  {
    "configuration", LR_SERVICE, BY_EXIM, WITHOUT_ID, 'E', "Exim configuration error in line 5 of /etc/exim.conf:",
    { LITERAL("Exim configuration error "), SKIP_REST }
  },
  {
    "expansion-too-long", LR_SERVICE, BY_EXIM, ANY_ID, 'E', "string_sprintf expansion was longer than 32768 (x)",
    { LITERAL("string_sprintf expansion was longer than "), SKIP_REST }
  },
  {
    "self-signed", LR_SERVICE, BY_EXIM, WITHOUT_ID, 'E', "Warning: No server certificate defined; will use a selfsigned one.",
    { LITERAL("Warning: "), SKIP_REST }
  },
  {
    "exim-itself", LR_SERVICE, BY_EXIM, ANY_ID, 'E', "spool directory space check failed: space=7 inodes=7",
    { ONE_OF_LIST(about_itself), SKIP_REST }
  },
  { NULL }
};
