/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floor of tests/bench: a program with guestarp's libraries and flags that does nothing. */

int main(void)
{
	return 0;
}
