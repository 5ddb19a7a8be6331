/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* short names for the steps, used by the tables of the dialects only */
#ifndef MAILTRACE_LINE_STEPS_H_INCLUDED
#define MAILTRACE_LINE_STEPS_H_INCLUDED

#include "line-shape.h"

#define LITERAL(text) { scan_literal, NO_FIELD, TEXT(text) }
#define OPTIONAL(text) { scan_optional, NO_FIELD, TEXT(text) }
#define WORD(field) { scan_word, field }
#define SKIP_WORD { scan_word, NO_FIELD }
#define UNTIL(field, text) { scan_until, field, TEXT(text) }
#define SKIP_UNTIL(text) { scan_until, NO_FIELD, TEXT(text) }
#define REST(field) { scan_rest, field }
#define SKIP_REST { scan_rest, NO_FIELD }
#define TAIL(field, text) { scan_tail, field, TEXT(text) }
/* one of several texts, each written TEXT("...") */
#define TEXTS(...) (const Slice[]) { __VA_ARGS__, TEXTS_END }
#define ONE_OF_LIST(list) { scan_one_of, NO_FIELD, NO_TEXT, list }
#define ONE_OF(...) ONE_OF_LIST(TEXTS(__VA_ARGS__))
#define TAIL_OF_LIST(field, list) { scan_tail_of, field, NO_TEXT, list }
#define TAIL_OF(field, ...) TAIL_OF_LIST(field, TEXTS(__VA_ARGS__))
#define CONSTANT(field, text) { scan_constant, field, TEXT(text) }
#define ANGLE(field) { scan_angle, field }
/* the same where ":" or a letter may follow without a blank */
#define ANGLE_GLUED(field) { scan_angle_glued, field }
#define PEER_ADDRESS { scan_address, NO_FIELD }
/* a peer and its fields; then the texts that may stand behind them, an empty one is the end of the line */
#define PEER_FIELDS(...) { scan_peer_fields, NO_FIELD, NO_TEXT, TEXTS(__VA_ARGS__) }
#define LONE_PEER_FIELDS(...) { scan_lone_peer_fields, NO_FIELD, NO_TEXT, TEXTS(__VA_ARGS__) }
/* a login and its fields, where a local program is the client */
#define LOGIN_FIELDS(...) { scan_login_fields, NO_FIELD, NO_TEXT, TEXTS(__VA_ARGS__) }
#define LOGIN_AS_HOST { scan_login_fields, NO_FIELD, NO_TEXT, scan_host_ends }
#define LOGIN { scan_login, F_CLIENT_IDENT }
#define COMMAND_AT_HOST(...) { scan_command_at_host, NO_FIELD, NO_TEXT, TEXTS(__VA_ARGS__) }
#define COMMAND_FROM_HOST(...) { scan_command_from_host, NO_FIELD, NO_TEXT, TEXTS(__VA_ARGS__) }
/* all lines that begin with "H=" of a client: one reading for all of them */
#define HOST { scan_peer_fields, NO_FIELD, NO_TEXT, scan_host_ends }
/* the same, but of several readings none is believed */
#define SURE_HOST { scan_sure_peer_fields, NO_FIELD, NO_TEXT, scan_host_ends }
/* the same for connections */
#define CONNECTION_PEER PEER_FIELDS(TEXT(" (TCP/IP connection count = "), TEXT(" closed by "), TEXT(" closed after "), \
                                    TEXT(" closed SIG"), TEXT(" lost"), TEXT(" (via inetd)"), TEXT(" (ODMR customer)"))
#define CONNECTION_WAY { scan_connection_way, NO_FIELD }
#define CONNECTION_ID { scan_connection_id, NO_FIELD }
#define BLANK_REST(field) { scan_blank_rest, field }
#define LOCAL { scan_local, NO_FIELD }
#define CONTINUATION { scan_continuation, NO_FIELD }
#define REJECTED { scan_rejected, NO_FIELD }
#define REFUSED(stage, temporary) CONSTANT(F_REFUSAL_STAGE, stage), CONSTANT(F_REFUSAL_TEMPORARY, temporary)

#define ID16 "1haLqi-0002Mp-2G"

#endif
