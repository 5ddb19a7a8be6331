/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a summary: each sets the values of one subject.  See message-summary.c for their order. */
#ifndef MAILTRACE_MESSAGE_PARTS_H_INCLUDED
#define MAILTRACE_MESSAGE_PARTS_H_INCLUDED

#include "facts-make.h"
#include "message.h"

/* takes the facts over, lies in their memory, and stands in the queue */
Summary *summary_add(Facts *facts, EndReason reason, SummaryQueue *out);

/* end_reason_name(), and the name of what told the offset, both as texts that need no escapes */
Slice end_reason_text(EndReason reason);
Slice offset_source_text(const gchar *name);

/* the part behind the last "@", in lower case; SLICE_NONE without one */
Slice facts_domain(Facts *facts, Slice address);

/* message-recipients.c */
void message_set_recipients(const Message *self, Facts *facts);
/* a recipient of the envelope that no delivery line names still has an outcome to report; empty: unknown */
void message_add_missing_deliveries(const Message *self, Facts *facts, Slice status);

/* message-tls.c */
gboolean message_arrived_over_network(const Message *self, const Facts *facts);
void message_set_tls(const Message *self, Facts *facts, const TlsPolicy *policy);
void session_set_tls(Facts *facts, const TlsPolicy *policy);

/* message-dkim.c */
void message_set_dkim(const Message *self, Facts *facts);

#endif
