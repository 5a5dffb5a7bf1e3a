"""Which IP addresses outgoing requests may reach: public ones that lead to nowhere else."""

import ipaddress

# Python's `is_global` is a matter of its version, and true for ranges that translate to, or are routed like, private
# IPv4 addresses. Sources: IANA's registries of special-purpose IPv4 and IPv6 addresses (RFC 6890) and the RFCs below.
_SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, metadata services of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments, among them Teredo, ORCHID and benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: contains an IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",  # documentation
    )
)
# All public IPv6 addresses so far (RFC 4291). What is outside: loopback, IPv4-mapped and IPv4-compatible addresses,
# NAT64 (64:ff9b::/96, 64:ff9b:1::/48), discard-only, segment routing, unique local, link- and site-local, multicast.
_IPV6_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(text: str) -> bool:
    """Whether a request may go to this address. An IPv6 zone (`%eth0`) is ignored."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.version == 6 and address not in _IPV6_UNICAST:
        return False
    return address.is_global and not any(address in network for network in _SPECIAL)
