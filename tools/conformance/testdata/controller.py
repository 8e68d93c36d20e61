#!/usr/bin/env python3
"""A controller written from docs/TPCP.md alone, with the standard library of Python 3.

It opens a detached session (Python's ssl has no TLS exporter, so there is no attach proof), calls a number,
waits until it is answered, holds the call, takes it back, comes back on a new leg with resume, and hangs up.
Each step is printed; the exit status is 0 if all of it went as the document says.
"""

import argparse
import hashlib
import itertools
import json
import socket
import ssl
import struct
import sys
import time
import uuid


def der(data, at):
    """The tag, the begin of the content and the end of one DER element."""
    length = data[at + 1]
    begin = at + 2
    if length & 0x80:
        n = length & 0x7F
        length = int.from_bytes(data[begin:begin + n], "big")
        begin += n
    return data[at], begin, begin + length


def spki(certificate):
    """The SubjectPublicKeyInfo of a certificate: the element after the subject (RFC 5280, section 4.1)."""
    _, at, _ = der(certificate, 0)
    _, at, _ = der(certificate, at)
    fields = []
    while len(fields) < 7:
        tag, _, end = der(certificate, at)
        fields.append((tag, certificate[at:end]))
        at = end
        if fields[0][0] != 0xA0 and len(fields) == 6:  # a certificate of version 1 has no version
            break
    return fields[-1][1]


class Refused(Exception):
    def __init__(self, error):
        super().__init__("%s %s" % (error["code"], error["message"]))
        self.code = error["code"]


class Leg:
    def __init__(self, args):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["tpcp/1"])
        context.load_cert_chain(args.cert, args.key)
        host, port = args.phone.rsplit(":", 1)
        raw = socket.create_connection((host, int(port)), timeout=5)
        self.tls = context.wrap_socket(raw)
        pin = hashlib.sha256(spki(self.tls.getpeercert(binary_form=True))).hexdigest()
        if pin != args.pin:
            raise SystemExit("the phone's pin is " + pin)
        if self.tls.selected_alpn_protocol() != "tpcp/1":
            raise SystemExit("no tpcp/1")
        self.tls.settimeout(10)
        self.ids = itertools.count(1)
        self.notes = []
        self.last = 0
        first = self.read()
        if first.get("method") != "hello" or first["params"]["proto"] != "tpcp/1":
            raise SystemExit("no hello")
        self.hello = first["params"]

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.tls.recv(n - len(data))
            if not more:
                raise EOFError("the leg ended")
            data += more
        return data

    def read(self):
        (n,) = struct.unpack(">I", self.exactly(4))
        return json.loads(self.exactly(n).decode("utf-8"))

    def write(self, message):
        data = json.dumps(message).encode("utf-8")
        self.tls.sendall(struct.pack(">I", len(data)) + data)

    def take(self, message):
        """Keeps a notification; requests of the phone are not served here."""
        if "id" in message and "method" in message:
            self.write({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "not served"}})
        elif message.get("method") not in (None, "ping"):
            self.last = max(self.last, message["params"]["seq"])
            self.notes.append(message)

    def ask(self, method, **params):
        number = next(self.ids)
        self.write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            message = self.read()
            if "method" in message:
                self.take(message)
            elif message["id"] == number:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]

    def wait(self, wanted):
        """The first notification that is wanted, from those that came and those that come."""
        while True:
            while self.notes:
                note = self.notes.pop(0)
                if wanted(note["method"], note["params"]):
                    return note["params"]
            self.take(self.read())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--phone", required=True, help="host:port")
    parser.add_argument("--pin", required=True, help="of the phone's key, hex")
    parser.add_argument("--cert", required=True, help="own certificate, PEM")
    parser.add_argument("--key", required=True, help="own key, PEM")
    parser.add_argument("--call", required=True, help="number to call")
    parser.add_argument("--stay", type=float, default=0, help="seconds to stay in the call before going on")
    args = parser.parse_args()
    me = uuid.uuid4().hex

    leg = Leg(args)
    print("hello from", leg.hello["model"])
    session = leg.ask("session.open", controllerId=me, app="third party")
    leg.last = session["seq"]
    print("session", "attached" if session["attached"] else "detached", " ".join(session["rights"]))
    if "device.volume.set" in leg.hello["features"]:
        try:
            leg.ask("device.volume.set", terminal="headset", level=3)
            raise SystemExit("a detached session may set volumes")
        except Refused as e:
            print("volume refused", e.code)

    conversation = uuid.uuid4().hex
    call = leg.ask("call.make", to=args.call, idem=str(uuid.uuid4()), conversationId=conversation)["call"]
    print("made", call["state"])
    name = call["callId"]
    leg.wait(lambda m, p: m == "call.changed" and p["call"]["callId"] == name and p["call"]["state"] == "connected")
    print("connected")
    if args.stay:
        print(me, leg.hello["bootId"], leg.last, name, flush=True)
        time.sleep(args.stay)
    call = leg.ask("call.hold", callId=name)["call"]
    print("held", call["hold"]["local"], "resume" in call["actions"])

    boot, seen = leg.hello["bootId"], leg.last
    leg.tls.close()  # without a word
    leg = Leg(args)
    session = leg.ask("session.open", controllerId=me, resume={"bootId": boot, "lastSeq": seen})
    leg.last = session["seq"]
    print("back", "resumed" if session["resumed"] else "snapshot")
    calls = [c for c in leg.ask("call.list")["calls"] if c["callId"] == name]
    print("still", calls[0]["state"], calls[0]["hold"]["local"], calls[0]["conversationId"] == conversation)
    call = leg.ask("call.resume", callId=name, ifRev=calls[0]["rev"])["call"]
    print("taken back", call["state"], call["hold"]["local"])
    print("ended", leg.ask("call.hangup", callId=name)["call"]["state"])
    end = leg.wait(lambda m, p: m == "call.ended" and p["callId"] == name)
    print("because", end["cause"], end["by"] == "controller:" + me)
    leg.ask("session.close")


if __name__ == "__main__":
    sys.exit(main())
