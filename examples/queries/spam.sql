-- SPDX-License-Identifier: LGPL-2.1-or-later
.mode list
SELECT printf('  %-12s %-12s %5d', coalesce(spam_verdict, 'no verdict'), coalesce(spam_result, spam_skipped, 'not told why'),
              count(*))
  FROM messages GROUP BY spam_verdict, spam_result, spam_skipped ORDER BY count(*) DESC;
