/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the library's model says of a namespace, for random.pl to compare with the wire. It sends no frame, and reads
 * nothing but what the library reads. One command a line on stdin:
 *
 *   wire DEV NUMBER            the devices of one number are on one LAN
 *   quiet NAME...              guestarp's table with these names is made
 *   ask DEV[/TAG] SENDER TARGET   a question that comes in on DEV from outside, tagged or not
 *   go                         the state is taken, and all of these are answered
 *   why                        as go, each device that hears with its reason
 *
 * It answers go with a line for each question, in their order: the MACs that answer, joined by "," or "-"; "?" and the
 * reason where the model does not know; and with a line "." at the end.
 */

#include <arpa/inet.h>

#include "../net/harm.h"
#include "answer/answer.h"
#include "kernel/netstate.h"

#define QUESTIONS_MAX 4096
#define WIRES_MAX     64

static struct {
	char device[IFNAMSIZ];
	struct answer_question question;
} questions[QUESTIONS_MAX];
static size_t question_count;

static struct {
	char device[IFNAMSIZ];
	unsigned wire;
} wires[WIRES_MAX];
static size_t wire_count;

static struct netlink *nl;
static struct netstate state;
static struct lookup_kernel *kernel;
static struct lookups lookups;

static void fail(const char *what, const struct err *err)
{
	fprintf(stderr, "answer-model: %s: %s\n", what, err->text);
	exit(1);
}

static void take(void)
{
	struct err err = { 0 };

	if (netlink_open(&nl, &err) < 0 || netstate_take(nl, &state, &err) < 0 ||
	    lookup_kernel_open(nl, &state.rules, &kernel, &lookups, &err) < 0)
		fail("state", &err);
	for (size_t i = 0; i < wire_count; i++) {
		for (size_t j = 0; j < state.count; j++) {
			if (strcmp(state.devices[j].link.name, wires[i].device) == 0)
				state.devices[j].wire = wires[i].wire;
		}
	}
}

static void drop(void)
{
	lookup_kernel_close(kernel);
	netstate_done(&state);
	netlink_close(nl);
}

static void explain(const struct answers *answers)
{
	char mac[MAC_TEXT];

	for (size_t i = 0; i < answers->count; i++) {
		const struct answer *a = &answers->list[i];
		const struct netdev *d = netstate_device(&state, a->ifindex);

		(void)printf("%s%s %s: %s", i ? "; " : "", d ? d->link.name : "?",
			     a->verdict == ANSWER_REPLIES   ? mac_to_str(&a->mac, mac)
			     : a->verdict == ANSWER_UNKNOWN ? "?"
							    : "-",
			     reason_words(a->reason));
	}
	(void)printf("\n");
}

static void print(const struct answers *answers)
{
	char mac[MAC_TEXT];
	size_t replies = 0;

	for (size_t i = 0; i < answers->count; i++) {
		if (answers->list[i].verdict == ANSWER_UNKNOWN) {
			(void)printf("? %s\n", reason_words(answers->list[i].reason));
			return;
		}
	}
	for (size_t i = 0; i < answers->count; i++) {
		if (answers->list[i].verdict == ANSWER_REPLIES)
			(void)printf("%s%s", replies++ ? "," : "", mac_to_str(&answers->list[i].mac, mac));
	}
	(void)printf(replies ? "\n" : "-\n");
}

static void go(void (*tell)(const struct answers *answers))
{
	take();
	for (size_t i = 0; i < question_count; i++) {
		const struct netdev *d = netstate_named(&state, questions[i].device);
		struct answers answers;

		questions[i].question.ifindex = d ? d->link.ifindex : 0;
		if (answers_find(&state, &lookups, &questions[i].question, &answers) < 0)
			die("answers");
		tell(&answers);
		answers_done(&answers);
	}
	question_count = 0;
	drop();
	print_done();
}

static struct ip address(const char *text)
{
	struct ip ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(ip.family, text, ip.bytes) != 1) {
		fprintf(stderr, "answer-model: no address: %s\n", text);
		exit(1);
	}
	return ip;
}

static void add_question(char **words)
{
	char *vlan = strchr(words[1], '/');

	if (vlan)
		*vlan++ = '\0';
	(void)snprintf(questions[question_count].device, IFNAMSIZ, "%s", words[1]);
	questions[question_count++].question = (struct answer_question){
		.vlan = (uint16_t)strtoul(vlan ? vlan : "0", NULL, 10),
		.asker = address(words[2]),
		.target = address(words[3]),
	};
}

static void quiet(char *const *words, size_t count)
{
	struct quiet_names names = { 0 };
	struct netlink *netfilter;
	struct err err = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (quiet_names_add(&names, words[i], false) < 0)
			die("names");
	}
	quiet_names_sort(&names);
	if (netlink_open_netfilter(&netfilter, &err) < 0 || quiet_make(netfilter, false, &names, &err) < 0)
		fail("names", &err);
	netlink_close(netfilter);
	quiet_names_done(&names);
	print_done();
}

static bool obey(size_t count, char **words)
{
	if (count == 3 && strcmp(words[0], "wire") == 0 && wire_count < WIRES_MAX) {
		(void)snprintf(wires[wire_count].device, IFNAMSIZ, "%s", words[1]);
		wires[wire_count++].wire = (unsigned)strtoul(words[2], NULL, 10);
	} else if (count > 1 && strcmp(words[0], "quiet") == 0) {
		quiet(words + 1, count - 1);
	} else if (count == 4 && strcmp(words[0], "ask") == 0 && question_count < QUESTIONS_MAX) {
		add_question(words);
	} else if (count == 1 && strcmp(words[0], "go") == 0) {
		go(print);
	} else if (count == 1 && strcmp(words[0], "why") == 0) {
		go(explain);
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: answer-model NAMESPACE\n");
		return 2;
	}
	enter(argv[1]);
	return commands(obey);
}
