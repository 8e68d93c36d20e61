package pairing

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func fill32(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func check(t *testing.T, name string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s is %x, want %s", name, got, want)
	}
}

// The numbers that the protocol's description gives.
func TestVectors(t *testing.T) {
	idPhone, idHost := ed25519.NewKeyFromSeed(fill32(0x11)), ed25519.NewKeyFromSeed(fill32(0x22))
	pubPhone, pubHost := idPhone.Public().(ed25519.PublicKey), idHost.Public().(ed25519.PublicKey)
	check(t, "idPub_phone", pubPhone, "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737")
	check(t, "idPub_host", pubHost, "a09aa5f47a6759802ff955f8dc2d2a14a5c99d23be97f864127ff9383455a4f0")
	pinPhone, pinHost := pinOf(pubPhone), pinOf(pubHost)
	check(t, "pin of the phone", pinPhone[:], "503d8ee46d581c649966569ae095e27041de83322e8e0480e5539e00d2d5d874")
	check(t, "pin of the host", pinHost[:], "744f36cca67eb1912cb282e08e86bd2fe0d09004a28cf6e7c6bd56cdd6bf65aa")
	fresh := func(eph, nonce byte) (f Fresh) {
		copy(f[:], fill32(eph))
		copy(f[32:], fill32(nonce))
		return f
	}
	phoneSelf, hostSelf := &Self{Key: idPhone}, &Self{Key: idHost}
	phone := newTalk(phoneRole, hostRole, phoneSelf, &Peer{Key: pubHost}, fresh(0x44, 0xa1))
	host := newTalk(hostRole, phoneRole, hostSelf, &Peer{Key: pubPhone}, fresh(0x55, 0xb2))
	check(t, "eph_phone", phone.own.ephemeral, "ff2ee45601ec1b67310c7790404585ae697331eee1c1f8cf2419731c1fff3e6b")
	check(t, "eph_host", host.own.ephemeral, "38ab664bd86f77d7e66bdd9ae0792913a94fd8b33a1260027e4b46c1f4884c67")
	shared, err := agree(phone.key, host.own.ephemeral)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "X25519", shared, "1eafcf380080d1f4d8a308284691b84a06aa5ca32c723c9a327b7a28c504ad1d")
	check(t, "commit_phone", phone.own.commit, "bc5805f809ed43a9abe751edb7143a969bfa58bbc0e37f98b426802a901c5846")
	check(t, "commit_host", host.own.commit, "4a4f5d65b4cbc664ddfbfccfc44854ef441f9955c61f31d61a8e89a629992162")
	none := sha256.Sum256(nil)
	for _, w := range []struct {
		t     *talk
		other *talk
	}{{&phone, &host}, {&host, &phone}} {
		if r := w.t.takeCommit(w.other.commitMessage()); r != NoReason {
			t.Fatal(r)
		}
		if r := w.t.takeReveal(w.other.revealMessage(), none[:]); r != NoReason {
			t.Fatal(r)
		}
		check(t, "T", w.t.transcript, "cee8729aca83694b0684996bd6db0142c29ae0ceac3e3edf904293f062b7e56e")
		check(t, "linkKey", w.t.linkKey[:], "056ae85cbaac72bf96f770db72b877b45f0c611038193cb58fce9921f32b7c4a")
		if d := digits(w.t.transcript); d != "147086" {
			t.Errorf("digits %s", d)
		}
	}
	check(t, "sig_phone", phone.confirmMessage(phoneSelf).Get(TagSignature), "0d64f08b29439cffa1cd0b0d7a0261250728bbe3c288d23863eb58a111a9bce2"+
		"c58eee42b9e45129fa45c9862082ae0a446a080c0c3bd0ed6addaf70d7088207")
	check(t, "host mac", attachMAC(hostRole, phone.linkKey, fill32(0xa1), fill32(0xb2)), "709f1810ad3164ff5dbaae32e4182cf399b77e1ebcf5fa72f90a9307f88d8086")
	secret := attachSecret(phone.linkKey, fill32(0xa1), fill32(0xb2))
	check(t, "attachSecret", secret[:], "2bec7320c7e0d907f58a289e7211aa54b232d25bc3e28d9e073a9649a888dc41")
}

// Every point of low order (RFC 7748 §6.1 and its known list) would make a key that is no secret.
func TestPointsOfLowOrderAreRefused(t *testing.T) {
	f := Fresh{1, 2, 3}
	for _, point := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(point)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := linkKeyOf(f.ephemeral(), b, fill32(1)); err == nil {
			t.Errorf("%s was taken", point)
		}
	}
	other, _ := ecdh.X25519().NewPrivateKey(fill32(9))
	if _, err := linkKeyOf(f.ephemeral(), other.PublicKey().Bytes(), fill32(1)); err != nil {
		t.Error(err)
	}
}

func TestSecretsAreNeverWritten(t *testing.T) {
	r := Record{Name: "phone", LinkKey: Secret(fill32(0x7f))}
	var logged bytes.Buffer
	timeless := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey { // its digits would be taken for the key's
			return slog.Attr{}
		}
		return a
	}}
	slog.New(slog.NewJSONHandler(&logged, timeless)).Info("x", "record", r, "key", r.LinkKey)
	slog.New(slog.NewTextHandler(&logged, timeless)).Info("x", "record", r, "key", r.LinkKey)
	fmt.Fprintf(&logged, "%v %+v %#v %x %s %d", r, r, r, r.LinkKey, r.LinkKey, r.LinkKey)
	if s := logged.String(); strings.Contains(s, "7f7f") || strings.Contains(s, "127") || strings.Contains(s, "f39/") {
		t.Error(s)
	}
	if _, err := json.Marshal(r); err == nil {
		t.Error("a record with its key was written by accident")
	}
}
