/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* short names for the steps, used by the tables of the dialects only */
#ifndef MAILTRACE_LINE_STEPS_H_INCLUDED
#define MAILTRACE_LINE_STEPS_H_INCLUDED

#include "line-shape.h"

#define LITERAL(text) { scan_literal, NO_FIELD, text }
#define OPTIONAL(text) { scan_optional, NO_FIELD, text }
#define WORD(field) { scan_word, field, NULL }
#define SKIP_WORD { scan_word, NO_FIELD, NULL }
#define UNTIL(field, text) { scan_until, field, text }
#define SKIP_UNTIL(text) { scan_until, NO_FIELD, text }
#define REST(field) { scan_rest, field, NULL }
#define SKIP_REST { scan_rest, NO_FIELD, NULL }
#define TAIL(field, text) { scan_tail, field, text }
/* the same with "|" between several texts */
#define TAIL_OF(field, texts) { scan_tail_of, field, texts }
#define ONE_OF(texts) { scan_one_of, NO_FIELD, texts }
#define CONSTANT(field, text) { scan_constant, field, text }
#define ANGLE(field) { scan_angle, field, NULL }
/* the same where ":" or a letter may follow without a blank */
#define ANGLE_GLUED(field) { scan_angle_glued, field, NULL }
#define PEER_ADDRESS { scan_address, NO_FIELD, NULL }
/* a peer and its fields; ends: what may stand behind them, "|" between several, an empty one is the end of the line */
#define PEER_FIELDS(ends) { scan_peer_fields, NO_FIELD, ends }
#define LONE_PEER_FIELDS(ends) { scan_lone_peer_fields, NO_FIELD, ends }
#define COMMAND_AT_HOST(ends) { scan_command_at_host, NO_FIELD, ends }
#define COMMAND_FROM_HOST(ends) { scan_command_from_host, NO_FIELD, ends }
/* all lines that begin with "H=" of a client: one reading for all of them */
#define HOST_ENDS " Warning: | rejected | temporarily rejected | RCPT <| sender verify | dropped by '| incomplete transaction "
#define HOST PEER_FIELDS(HOST_ENDS)
/* the same, but of several readings none is believed */
#define SURE_HOST { scan_sure_peer_fields, NO_FIELD, HOST_ENDS }
/* the same for connections */
#define CONNECTION_ENDS " (TCP/IP connection count = | closed by | closed after | lost| (via inetd)| (ODMR customer)"
#define CONNECTION_WAY { scan_connection_way, NO_FIELD, NULL }
#define CONNECTION_ID { scan_connection_id, NO_FIELD, NULL }
#define BLANK_REST(field) { scan_blank_rest, field, NULL }
#define LOCAL { scan_local, NO_FIELD, NULL }
#define CONTINUATION { scan_continuation, NO_FIELD, NULL }
#define REJECTED { scan_rejected, NO_FIELD, NULL }
#define REFUSED(stage, temporary) CONSTANT(F_REFUSAL_STAGE, stage), CONSTANT(F_REFUSAL_TEMPORARY, temporary)

#define ID16 "1haLqi-0002Mp-2G"

#endif
