-- SPDX-License-Identifier: LGPL-2.1-or-later
.mode list
SELECT printf('  %-26s pass %4d  fail %4d  invalid %4d', domain, sum(result = 'pass'), sum(result = 'fail'),
              sum(result = 'invalid'))
  FROM dkim GROUP BY domain ORDER BY count(*) DESC LIMIT 8;
