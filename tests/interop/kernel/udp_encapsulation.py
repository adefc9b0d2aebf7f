#!/usr/bin/python3
"""Holds the socket on UDP 4500 by which a Linux kernel takes ESP in UDP (RFC 3948), until it is killed."""

import signal
import socket

UDP_ENCAP = 100
UDP_ENCAP_ESPINUDP = 2

sockets = []
for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    one = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    one.bind((any_address, 4500))
    one.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    sockets.append(one)
print("ready", flush=True)
signal.pause()
