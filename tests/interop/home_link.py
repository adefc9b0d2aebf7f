#!/usr/bin/python3
"""What a host says to its link, and a server of it to the host, with this kernel's own MLD:
`home_link.py listen GROUP INTERFACE` joins a group and says what comes, until it is stopped,
`home_link.py speak GROUP INTERFACE COUNT` sends numbered datagrams to it,
`home_link.py serve ADDRESS DNS` answers what relay agents forward to this DHCPv6 server (RFC 8415 19) with a name server,
`home_link.py ask INTERFACE` asks the link for one (RFC 8415 18.2.6) and says the answer."""

import os
import signal
import socket
import struct
import sys
import time

GROUP_PORT, CLIENT, SERVER = 5001, 546, 547
SERVERS = "ff02::1:2"
INFORMATION_REQUEST, REPLY, RELAY_FORWARD, RELAY_REPLY = 11, 7, 12, 13
CLIENT_ID, OPTION_REQUEST, RELAY_MESSAGE, INTERFACE_ID, NAME_SERVERS = 1, 6, 9, 18, 23
RELAY_HEADER = 34  # type, hops, link and peer


def udp(address="::", port=0, interface=None):
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port, 0, socket.if_nametoindex(interface) if interface else 0))
    return made


def listen(group, interface):
    host = udp(port=GROUP_PORT)
    membership = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", socket.if_nametoindex(interface))
    host.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print("ready", flush=True)
    while True:
        print(host.recv(2048).decode(), flush=True)


def speak(group, interface, count):
    host = udp()
    host.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(interface))
    host.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 8)
    for number in range(int(count)):
        host.sendto(f"datagram {number}".encode(), (group, GROUP_PORT))
        time.sleep(0.02)


def option(code, data):
    return struct.pack("!HH", code, len(data)) + data


def options_in(data):
    found = {}
    while len(data) >= 4:
        code, length = struct.unpack("!HH", data[:4])
        found[code] = data[4 : 4 + length]
        data = data[4 + length :]
    return found


def serve(address, name_server):
    server = udp(address, SERVER)
    print("ready", flush=True)
    while True:
        message, relay = server.recvfrom(2048)
        found = options_in(message[RELAY_HEADER:])
        if message[0] != RELAY_FORWARD or RELAY_MESSAGE not in found:
            print("no relay agent's", flush=True)
            continue
        peer = socket.inet_ntop(socket.AF_INET6, message[18:34])
        print(f"for {peer} from {relay[0]}", flush=True)
        asked = found[RELAY_MESSAGE]
        answer = bytes([REPLY]) + asked[1:4] + option(CLIENT_ID, options_in(asked[4:])[CLIENT_ID])
        answer += option(NAME_SERVERS, socket.inet_pton(socket.AF_INET6, name_server))
        reply = bytes([RELAY_REPLY]) + message[1:RELAY_HEADER] + option(INTERFACE_ID, found[INTERFACE_ID])
        server.sendto(reply + option(RELAY_MESSAGE, answer), relay)


def ask(interface):
    client = udp(port=CLIENT, interface=interface)
    client.settimeout(1)
    transaction = os.urandom(3)
    question = bytes([INFORMATION_REQUEST]) + transaction + option(CLIENT_ID, b"\0\2\0\0\0\x09" + os.urandom(6))
    question += option(OPTION_REQUEST, struct.pack("!H", NAME_SERVERS))
    for _ in range(3):
        client.sendto(question, (SERVERS, SERVER, 0, socket.if_nametoindex(interface)))
        try:
            answer = client.recv(2048)
        except TimeoutError:
            continue
        if answer[0] == REPLY and answer[1:4] == transaction:
            print("name server", socket.inet_ntop(socket.AF_INET6, options_in(answer[4:])[NAME_SERVERS]))
            return
    sys.exit("nobody answers")


{"listen": listen, "speak": speak, "serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
