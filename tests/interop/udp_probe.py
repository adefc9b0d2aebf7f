#!/usr/bin/python3
"""UDP both ways: `udp_probe.py echo PORT` answers every datagram with itself;
`udp_probe.py send ADDRESS PORT COUNT BYTES` sends random ones and expects each back unchanged."""

import os
import socket
import sys


def echo(port):
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))
    print("ready", flush=True)
    while True:
        server.sendto(*server.recvfrom(65535))


def comes_back(client, datagram):
    try:
        client.send(datagram)
        return client.recv(65535) == datagram
    except OSError as error:  # no answer in time, or a gateway said "too big"
        print(error)
        return False


def send(address, port, count, size):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.connect((address, port))
    client.settimeout(1)
    # The first one may find out the MTU of the path, there and back, before it gets through.
    if not any(comes_back(client, os.urandom(size)) for _ in range(3)):
        sys.exit("the path carries nothing")
    if not all(comes_back(client, os.urandom(size)) for _ in range(count)):
        sys.exit("a datagram was lost or came back changed")


if sys.argv[1] == "echo":
    echo(int(sys.argv[2]))
else:
    send(sys.argv[2], *map(int, sys.argv[3:6]))
