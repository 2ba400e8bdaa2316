/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames from the wire, which anybody in the same segment may send. */

#include "kernel/frame.h"

#include "fuzz.h"

static const struct ip ips[] = {
	{ AF_INET, { 192, 0, 2, 7 } },
	{ AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 7 } },
};
static const struct mac ours = { { 2, 0, 0, 0, 0, 1 } };

/* Everybody else who announces or probes is seen; we ourselves are not. */
static void check_own(const struct ip *ip, const struct mac *source)
{
	uint8_t frame[FRAME_MAX];
	struct mac holder;

	for (int probe = 0; probe < 2; probe++) {
		size_t len = probe ? frame_probe(ip, source, frame) : frame_announcement(ip, source, false, frame);

		CHECK(len >= 42 && len <= FRAME_MAX);
		CHECK(frame_shows_holder(frame, len, ip, &ours, &holder) == !mac_equal(source, &ours));
		CHECK(mac_equal(source, &ours) || mac_equal(&holder, source));
	}
}

/* Whatever a frame says, its sender is Ethernet's source, and what is cut off says no more. */
static void check_sender(const uint8_t *frame, size_t size)
{
	struct frame_sender sender;
	struct frame_sender cut;

	CHECK(frame_read_sender(frame, size, &sender) == (size >= ETH_HLEN));
	if (size < ETH_HLEN)
		return;
	CHECK(memcmp(sender.mac.bytes, frame + ETH_ALEN, ETH_ALEN) == 0);
	CHECK(sender.kind <= FRAME_OTHER);
	CHECK(!sender.reject || sender.kind == FRAME_IP4 || sender.kind == FRAME_IP6);
	CHECK(sender.ip.family == 0 || sender.kind != FRAME_OTHER);
	CHECK(sender.ip.family != AF_INET6 || sender.kind == FRAME_IP6);
	if (size > FRAME_MAX) {
		uint8_t *start = fuzz_bytes(frame, FRAME_MAX);

		CHECK(frame_read_sender(start, FRAME_MAX, &cut));
		CHECK(cut.type == sender.type && (sender.reject || !cut.reject));
		free(start);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ip *ip = &ips[fuzz_choice(&data, &size) & 1];
	static const struct mac untouched = { { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa } };
	struct mac holder = untouched;
	struct mac source;
	uint8_t *frame = fuzz_bytes(data, size);

	if (frame_shows_holder(frame, size, ip, &ours, &holder))
		CHECK(!mac_equal(&holder, &ours));
	else
		CHECK(mac_equal(&holder, &untouched));
	check_sender(frame, size);
	if (size >= ETH_ALEN) {
		memcpy(source.bytes, frame, ETH_ALEN);
		check_own(ip, &source);
	}
	free(frame);
	return 0;
}
