/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"
#include <criterion/criterion.h>

static gchar *
_decode(const gchar *address)
{
  GString *out = g_string_new("none");

  address_decode(slice_from_string(address), out);
  return g_string_free(out, FALSE);
}

static void
_expect(const gchar *address, const gchar *expected)
{
  gchar *found = _decode(address);

  cr_expect_str_eq(found, expected, "%s: %s", address, found);
  g_free(found);
}

Test(address, srs0_holds_the_original_sender)
{
  _expect("SRS0=tyYMsf=UJ=senderdomain.tld=sendinguser@forwardingdomain.tld", "sendinguser@senderdomain.tld");
  _expect("SRS0+tyYM=UJ=sender.test=user=with=signs@fwd.test", "user=with=signs@sender.test");
  _expect("srs0-ab-=UJ=sender.test=user@fwd.test", "user@sender.test");
}

Test(address, srs1_holds_it_behind_the_first_forwarder)
{
  _expect("SRS1=HASH=first.test==abcd=TT=sender.test=user@second.test", "user@sender.test");
  _expect("SRS1=HASH=first.test=+abcd=TT=sender.test=user@second.test", "user@sender.test");
}

Test(address, batv_holds_a_tag)
{
  _expect("prvs=0123abcdef=user@sender.test", "user@sender.test");
  _expect("prvs=user/0123abcdef@sender.test", "user@sender.test");
  _expect("btv1==0123abcdef==user@sender.test", "user@sender.test");
}

Test(address, a_slash_is_part_of_the_name_where_a_tag_stands_in_front)
{
  _expect("prvs=0123abcdef=joe/dept@b.test", "joe/dept@b.test");
}

Test(address, exchange_online_puts_it_behind_a_plus)
{
  _expect("bounces+SRS=44ldt=IX=contoso.test=user@fabrikam.test", "user@contoso.test");
  _expect("+SRS=44ldt=IX=contoso.test=user@fabrikam.test", "none");
}

Test(address, a_quoted_local_part_is_read_without_its_quotes)
{
  _expect("\"SRS0=ab=TT=b.test=joe x\"@f.test", "joe x@b.test");
}

Test(address, layers_are_taken_off_together)
{
  _expect("SRS0=ab=TT=sender.test=prvs=0123abcdef=user@fwd.test", "user@sender.test");
}

Test(address, others_stay_what_they_are)
{
  _expect("user@sender.test", "none");
  _expect("SRS0@sender.test", "none");
  _expect("SRS0=a=b@sender.test", "none");
  _expect("SRS0=a=b=c=@sender.test", "none");
  _expect("srs0user@sender.test", "none");
  _expect("prvs=user@sender.test", "none");
  _expect("prvs==user@sender.test", "none");
  _expect("", "none");
  _expect("@", "none");
}
