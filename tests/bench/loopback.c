/* Preloaded into Janus: getifaddrs() shows the loopback address only, and not as loopback (which Janus and libnice skip), so
 * that nothing it opens can be reached from elsewhere. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

int getifaddrs(struct ifaddrs **found) {
  int (*real)(struct ifaddrs **) = (int (*)(struct ifaddrs **))dlsym(RTLD_NEXT, "getifaddrs");
  int failed = real(found);
  if (failed) return failed;
  for (struct ifaddrs *one = *found; one; one = one->ifa_next) {
    if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET && one->ifa_flags & IFF_LOOPBACK) {
      one->ifa_flags &= ~(unsigned)IFF_LOOPBACK;
    } else {
      one->ifa_flags = 0;
      one->ifa_addr = 0;
    }
  }
  return 0;
}
