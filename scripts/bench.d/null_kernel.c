/* LD_PRELOAD for a measurement of strongSwan: a kernel with IPsec that takes no time.
 *
 * What charon's kernel-netlink plugin says of SAs and policies over NETLINK_XFRM is not sent; the answer that the
 * kernel would give waits for the select() and recv() that follow in the same thread. All else goes to the kernel. So charon's own
 * work is measured, on a machine whose kernel has no ESP, and nothing of the kernel's is counted against it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

enum { descriptors = 1024, ip_xfrm_policy = 17, ipv6_xfrm_policy = 35 };

static atomic_bool is_xfrm[descriptors];
static atomic_uint last_spi = 0xc0000000;

static __thread int answering = -1; /* the descriptor that an answer waits for */
static __thread union {
	struct nlmsghdr header;
	char octets[512];
} answer;

#define REAL(function) \
	static __typeof__(&function) real; \
	if (!real) \
	real = (__typeof__(&function))dlsym(RTLD_NEXT, #function)

static void acknowledge(const struct nlmsghdr *request) {
	struct nlmsgerr *result = NLMSG_DATA(&answer.header);

	answer.header.nlmsg_type = NLMSG_ERROR; /* of number 0 */
	answer.header.nlmsg_len = NLMSG_LENGTH(sizeof(*result));
	result->msg = *request;
}

static void give_spi(const struct nlmsghdr *request) {
	const struct xfrm_userspi_info *wanted = NLMSG_DATA(request);
	struct xfrm_usersa_info *given = NLMSG_DATA(&answer.header);

	answer.header.nlmsg_type = XFRM_MSG_NEWSA;
	answer.header.nlmsg_len = NLMSG_LENGTH(sizeof(*given));
	*given = wanted->info;
	given->id.spi = htonl(++last_spi);
}

/* Whether the request is one that is answered here. */
static int answers(int descriptor, const struct nlmsghdr *request) {
	memset(&answer, 0, sizeof(answer));
	answer.header.nlmsg_seq = request->nlmsg_seq;
	answer.header.nlmsg_pid = request->nlmsg_pid;
	switch (request->nlmsg_type) {
	case XFRM_MSG_ALLOCSPI:
		give_spi(request);
		break;
	case XFRM_MSG_NEWSA:
	case XFRM_MSG_UPDSA:
	case XFRM_MSG_DELSA:
	case XFRM_MSG_NEWPOLICY:
	case XFRM_MSG_UPDPOLICY:
	case XFRM_MSG_DELPOLICY:
	case XFRM_MSG_FLUSHSA:
	case XFRM_MSG_FLUSHPOLICY:
		acknowledge(request);
		break;
	default:
		return 0;
	}
	answering = descriptor;
	return 1;
}

int socket(int domain, int type, int protocol) {
	REAL(socket);
	int descriptor = real(domain, type, protocol);

	if (descriptor >= 0 && descriptor < descriptors)
		is_xfrm[descriptor] = domain == AF_NETLINK && protocol == NETLINK_XFRM;
	return descriptor;
}

ssize_t sendto(int descriptor, const void *octets, size_t length, int flags, const struct sockaddr *to, socklen_t to_length) {
	REAL(sendto);
	if (descriptor >= 0 && descriptor < descriptors && is_xfrm[descriptor] && answers(descriptor, octets))
		return (ssize_t)length;
	return real(descriptor, octets, length, flags, to, to_length);
}

static ssize_t take_answer(void *octets, size_t room) {
	size_t length = answer.header.nlmsg_len < room ? answer.header.nlmsg_len : room;

	memcpy(octets, &answer, length);
	answering = -1;
	return (ssize_t)length;
}

int select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional, struct timeval *limit) {
	REAL(select);
	if (answering < 0 || readable == NULL || !FD_ISSET(answering, readable))
		return real(count, readable, writable, exceptional, limit);
	FD_ZERO(readable);
	FD_SET(answering, readable);
	return 1;
}

ssize_t recv(int descriptor, void *octets, size_t room, int flags) {
	REAL(recv);
	if (descriptor >= 0 && descriptor == answering)
		return take_answer(octets, room);
	return real(descriptor, octets, room, flags);
}

ssize_t recvfrom(int descriptor, void *octets, size_t room, int flags, struct sockaddr *from, socklen_t *from_length) {
	REAL(recvfrom);
	if (descriptor < 0 || descriptor != answering)
		return real(descriptor, octets, room, flags, from, from_length);
	if (from != NULL) {
		struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

		memcpy(from, &kernel, *from_length < sizeof(kernel) ? *from_length : sizeof(kernel));
		*from_length = sizeof(kernel);
	}
	return take_answer(octets, room);
}

/* Its sockets pass by policies that are not there. */
int setsockopt(int descriptor, int level, int name, const void *value, socklen_t length) {
	REAL(setsockopt);
	if ((level == IPPROTO_IP && name == ip_xfrm_policy) || (level == IPPROTO_IPV6 && name == ipv6_xfrm_policy))
		return 0;
	return real(descriptor, level, name, value, length);
}
