/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libnl's look-up of an attribute, where the nest itself may be missing. */

#include "kernel/attr.h"

struct nlattr *attr_within(const struct nlattr *nest, int type)
{
	return nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;
}
