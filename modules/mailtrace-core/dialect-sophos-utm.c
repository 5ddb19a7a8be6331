/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a Sophos UTM adds to Exim: lines its access control lists write, and the lines of smtpd.  They write them in the
 * name of exim-in or exim; a plain Exim with the same texts in its own lists is understood as well.
 */
#include "line-steps.h"

const LineShape sophos_utm_shapes[] =
{
  {
    "accepted", LR_ENVELOPE, BY_EXIM, WITHOUT_ID, 'R', "[192.0.2.1] F=<a@b.test> R=<c@d.test> Accepted: from relay",
    { PEER_ADDRESS, LITERAL(" F="), ANGLE(F_SENDER), LITERAL(" R="), ANGLE(F_RECIPIENT), LITERAL(" Accepted: "),
      REST(F_ACCEPTED_AS) }
  },
  {
    "dkim", LR_NOTE, BY_EXIM, WITH_ID, 'R', ID16 " DKIM: d=b.test s=dkim c=relaxed/relaxed a=rsa-sha256 [verification succeeded]",
    { LITERAL("DKIM: "), { scan_dkim, NO_FIELD } }
  },
  {
    "dkim-error", LR_NOTE, BY_EXIM, ANY_ID, 'E', ID16 " DKIM: validation error: Public key signature verification has failed.",
    { { scan_dkim_error, F_WARNINGS } }
  },
  {
    "dkim-signed", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " Message signed with DKIM: d=b.test s=x",
    { LITERAL("Message signed with DKIM: "), SKIP_REST }
  },
  {
    "arc", LR_NOTE, BY_EXIM, WITH_ID, 'E', ID16 " ARC: headers invalid",
    { TAIL(F_WARNINGS, "ARC: ") }
  },
  {
    "ctasd", LR_NOTE, BY_EXIM, WITH_ID, 'R', ID16 " ctasd reports 'Bulk' RefID:str=0001.0A09020A.5E565964.0032,ss=3,cl=3,fgs=0",
    { LITERAL("ctasd reports '"), CONSTANT(F_SPAM_ENGINE, "ctasd"), UNTIL(F_SPAM_VERDICT, "' RefID:"),
      { scan_refid, NO_FIELD } }
  },
  {
    "spam-condition", LR_NOTE, BY_EXIM, ANY_ID, 'T', ID16 " spam acl condition: all spamd servers failed",
    { LITERAL("spam acl condition: "), { scan_spam_failure, NO_FIELD } }
  },
  {
    "malware-condition", LR_NOTE, BY_EXIM, ANY_ID, 'E', ID16 " malware acl condition: clamd: unable to connect to UNIX socket",
    { TAIL(F_WARNINGS, "malware acl condition: ") }
  },
  {
    "sa-exim", LR_NOTE, BY_EXIM, ANY_ID, 'E',
    ID16 " SA: Action: scanned but message isn't spam: score=-2.6 required=5.0 (scanned in 3/3 secs | Message-Id: x)",
    { LITERAL("SA: "), { scan_sa_exim, NO_FIELD } }
  },
  {
    "greylisting", LR_NOTE, BY_EXIM, ANY_ID, 'T', ID16 " Greylisting: 192.0.2.1 is a known retry host",
    { TAIL(F_WARNINGS, "Greylisting: ") }
  },
  {
    "refused-event", LR_REFUSAL, BY_EXIM, WITHOUT_ID, 'T',
    "id=\"1003\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email rejected\" srcip=\"192.0.2.1\" from=\"a@b.test\""
    " to=\"c@d.test\" size=\"-1\" reason=\"rbl\" extra=\"list.test\"",
    { LITERAL("id=\""), { scan_refused_event, NO_FIELD } }
  },
  {
    "to-work-queue", LR_NOTE, BY_QMGR, WITH_ID, 'R', ID16 " moved to work queue",
    { LITERAL("moved to work queue") }
  },
  {
    "scanner-arrival", LR_HANDOVER, BY_SCANNER, WITH_ID, 'R', ID16 " <= a@b.test R=1haLqi-0002Mp-2H P=INPUT S=63168",
    { LITERAL("<= "), { scan_sender, F_SENDER }, LITERAL(" R="), { scan_parent, NO_FIELD },
      LITERAL(" P="), SKIP_WORD, LITERAL(" S="), WORD(F_SCANNED_SIZE) }
  },
  {
    "scanner-work", LR_HANDOVER, BY_SCANNER, WITH_ID, 'R', ID16 " => work R=SCANNER T=SCANNER",
    { LITERAL("=> work R="), SKIP_REST }
  },
  {
    "scanner-completed", LR_COMPLETION, BY_SCANNER, WITH_ID, 'R', ID16 " Completed",
    { LITERAL("Completed") }
  },
  {
    "event", LR_VERDICT, BY_SCANNER | BY_OTHER, WITHOUT_ID, 'R',
    "id=\"1000\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email passed\" srcip=\"192.0.2.1\" from=\"a@b.test\""
    " to=\"c@d.test\" subject=\"Statement\" queueid=\"" ID16 "\" size=\"63168\"",
    { LITERAL("id=\""), { scan_event, NO_FIELD } }
  },
  {
    "scanner-idle", LR_SERVICE, BY_SCANNER, WITHOUT_ID, 'T', "Nothing to do, exiting.",
    { LITERAL("Nothing to do"), SKIP_REST }
  },
  {
    "smtpd-service", LR_SERVICE, BY_MASTER, WITHOUT_ID, 'T', "(Re-)loading configuration from Confd",
    { SKIP_REST }
  },
  { NULL }
};
