/* LD_PRELOAD for Janus, which skips loopback interfaces and would bind every other one: shows it 127.0.0.1 alone, as an
 * ordinary interface, so that no socket of the benchmark is reachable from outside. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stddef.h>
#include <sys/socket.h>

int getifaddrs(struct ifaddrs **list)
{
	int (*real)(struct ifaddrs **) = dlsym(RTLD_NEXT, "getifaddrs");
	int failed = real(list);
	for (struct ifaddrs *each = failed ? NULL : *list; each; each = each->ifa_next) {
		int ours = each->ifa_addr && each->ifa_addr->sa_family == AF_INET && (each->ifa_flags & IFF_LOOPBACK);
		each->ifa_flags = ours ? IFF_UP | IFF_RUNNING : 0;
		if (!ours)
			each->ifa_addr = NULL;
	}
	return failed;
}
