/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Address: what a rewritten sender stands for.  Sender Rewriting Scheme (SRS0, SRS1; draft by M. Wong and S. Nazario,
 * 2004) and Bounce Address Tag Validation (draft-levine-smtp-batv, tag scheme prvs; btv1 as Barracuda writes it).
 */
#ifndef MAILTRACE_ADDRESS_H_INCLUDED
#define MAILTRACE_ADDRESS_H_INCLUDED

#include "mailtrace/slice.h"

/* FALSE, and out is unchanged, when the address is none of these */
gboolean address_decode(Slice address, GString *out);

#endif
