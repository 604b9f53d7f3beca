"""Carries frames between a link that it makes in its namespace, a tap, and what a guest is to have.

    frames.py tap FAR NEAR       NEAR is a tap too
    frames.py vhost-user FAR PATH   a device behind the socket PATH, for one VMM after the other

FAR and NEAR are names of links. It says "ready" once they are there.
"""

import fcntl
import mmap
import os
import selectors
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
MOST = 65_550

poll = selectors.DefaultSelector()


def open_tap(name):
    # Without offloads, so that the checksums of what is read are complete.
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def send(tap, frame):
    try:
        os.write(tap, frame)
    except OSError:
        pass  # The link is down.


class Memory:
    """The guest's, as the VMM lends it."""

    def __init__(self, regions, fds):
        self.regions = []
        for (physical, size, virtual, offset), fd in zip(regions, fds):
            self.regions.append((physical, virtual, size, offset, mmap.mmap(fd, size + offset)))
            os.close(fd)

    def find(self, address, which):
        for region in self.regions:
            start, size, offset, bytes_ = region[which], region[2], region[3], region[4]
            if start <= address < start + size:
                return bytes_, address - start + offset
        raise ValueError(f"{address:#x} is not the guest's")

    def physical(self, address):
        return self.find(address, 0)

    def virtual(self, address):
        return self.find(address, 1)


class Ring:
    """A split virtqueue, by the virtio specification 2.7."""

    def __init__(self):
        self.number = self.next = 0
        self.kick = self.call = self.places = None

    def take(self, memory):
        """The next chain of the guest's: its head, and its parts as (memory, at, length, writable)."""
        table, available, _ = (memory.virtual(place) for place in self.places)
        index = struct.unpack_from("<H", available[0], available[1] + 2)[0]
        if index == self.next:
            return None
        at = available[1] + 4 + 2 * (self.next % self.number)
        head = entry = struct.unpack_from("<H", available[0], at)[0]
        self.next = (self.next + 1) & 0xFFFF
        parts = []
        while True:
            address, length, flags, following = struct.unpack_from(
                "<QIHH", table[0], table[1] + 16 * entry
            )
            parts.append((*memory.physical(address), length, bool(flags & 2)))
            if not flags & 1:
                return head, parts
            entry = following

    def give(self, memory, head, length):
        _, available, used = (memory.virtual(place) for place in self.places)
        index = struct.unpack_from("<H", used[0], used[1] + 2)[0]
        at = used[1] + 4 + 8 * (index % self.number)
        struct.pack_into("<II", used[0], at, head, length)
        struct.pack_into("<H", used[0], used[1] + 2, (index + 1) & 0xFFFF)
        if not struct.unpack_from("<H", available[0], available[1])[0] & 1 and self.call is not None:
            os.write(self.call, struct.pack("<Q", 1))


class Device:
    """A network device by the protocol vhost-user, of one pair of queues, without any offload."""

    features = 1 << 32 | 1 << 30  # VIRTIO_F_VERSION_1, VHOST_USER_F_PROTOCOL_FEATURES
    header = 12

    def __init__(self, connection, tap):
        self.connection, self.tap, self.memory = connection, tap, None
        self.rings = [Ring(), Ring()]
        poll.register(connection, selectors.EVENT_READ, self.serve)

    def close(self):
        poll.unregister(self.connection)
        self.connection.close()
        for ring in self.rings:
            self.stop(ring)
        self.memory = None

    def stop(self, ring):
        if ring.kick is not None:
            poll.unregister(ring.kick)
            os.close(ring.kick)
        ring.kick = None

    def serve(self):
        head, fds, _, _ = socket.recv_fds(self.connection, 12, 8)
        if len(head) < 12:
            return self.close()
        request, _, size = struct.unpack("<III", head)
        body = self.connection.recv(size, socket.MSG_WAITALL) if size else b""
        answer = self.answer(request, body, fds)
        if answer is not None:
            self.connection.sendall(struct.pack("<III", request, 1 | 4, len(answer)) + answer)

    def answer(self, request, body, fds):
        if request == 1:  # GET_FEATURES
            return struct.pack("<Q", self.features)
        if request == 15:  # GET_PROTOCOL_FEATURES: none
            return struct.pack("<Q", 0)
        if request == 5:  # SET_MEM_TABLE
            count = struct.unpack_from("<I", body)[0]
            regions = [struct.unpack_from("<QQQQ", body, 8 + 32 * each) for each in range(count)]
            self.memory = Memory(regions, fds)
        elif request in (8, 9, 10, 11):
            index, number = struct.unpack_from("<II", body)
            ring = self.rings[index]
            if request == 8:  # SET_VRING_NUM
                ring.number = number
            elif request == 9:  # SET_VRING_ADDR
                table, used, available = struct.unpack_from("<QQQ", body, 8)
                ring.places = (table, available, used)
            elif request == 10:  # SET_VRING_BASE
                ring.next = number
            else:  # GET_VRING_BASE, which stops it
                self.stop(ring)
                return struct.pack("<II", index, ring.next)
        elif request in (12, 13):
            ring = self.rings[struct.unpack("<Q", body)[0] & 0xFF]
            if request == 13:  # SET_VRING_CALL
                if ring.call is not None:
                    os.close(ring.call)
                ring.call = fds[0] if fds else None
            else:  # SET_VRING_KICK
                self.stop(ring)
                ring.kick = fds[0]
                poll.register(ring.kick, selectors.EVENT_READ, lambda: self.kicked(ring))
        return None

    def kicked(self, ring):
        os.read(ring.kick, 8)
        if ring is not self.rings[1]:
            return
        while (taken := ring.take(self.memory)) is not None:
            head, parts = taken
            frame = b"".join(memory[at : at + length] for memory, at, length, _ in parts)
            send(self.tap, frame[self.header :])
            ring.give(self.memory, head, 0)

    def deliver(self, frame):
        ring = self.rings[0]
        if self.memory is None or ring.kick is None:
            return
        taken = ring.take(self.memory)
        if taken is None:
            return  # The guest has no room.
        head, parts = taken
        # A header of no offloads, of one buffer.
        rest = whole = bytes(self.header - 2) + struct.pack("<H", 1) + frame
        for memory, at, length, _ in parts:
            memory[at : at + len(rest[:length])] = rest[:length]
            rest = rest[length:]
        ring.give(self.memory, head, len(whole) - len(rest))


def serve_taps(far, near):
    for one, other in ((far, near), (near, far)):
        poll.register(one, selectors.EVENT_READ, lambda a=one, b=other: send(b, os.read(a, MOST)))


def serve_socket(far, path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    devices = []

    def accept():
        devices[:] = [Device(listener.accept()[0], far)]

    def receive():
        frame = os.read(far, MOST)
        for device in devices:
            device.deliver(frame)

    poll.register(listener, selectors.EVENT_READ, accept)
    poll.register(far, selectors.EVENT_READ, receive)


def main():
    kind, far, near = sys.argv[1:]
    if kind == "tap":
        serve_taps(open_tap(far), open_tap(near))
    else:
        serve_socket(open_tap(far), near)
    print("ready", flush=True)
    while True:
        for key, _ in poll.select():
            try:
                key.data()
            except BlockingIOError:
                pass


main()
