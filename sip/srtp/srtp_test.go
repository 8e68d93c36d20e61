package srtp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"runtime"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pair gives two sessions that speak to each other.
func pair(t testing.TB, suite Suite) (a, b *Session) {
	t.Helper()
	ka, err := NewKey(suite)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := NewKey(suite)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = New(suite, ka, kb); err != nil {
		t.Fatal(err)
	}
	if b, err = New(suite, kb, ka); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func packet(seq uint16, ssrc uint32, payload string) []byte {
	p := []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(p[2:], seq)
	binary.BigEndian.PutUint32(p[8:], ssrc)
	return append(p, payload...)
}

func report(ssrc uint32) []byte {
	p := []byte{0x80, 201, 0, 1, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(p[4:], ssrc)
	return p
}

// The packets are those of libsrtp's own driver (master key and salt of RFC 3711 B.3).
var known = []struct {
	name         string
	suite        Suite
	key          string
	plain, coded string
	rtcp         bool
}{
	{"CM128 RTP", CM128SHA80, "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
		"800f1234decafbadcafebabeabababababababababababababababab",
		"800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb", false},
	{"CM128 RTCP", CM128SHA80, "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
		"81c8000bcafebabeabababababababababababababababab",
		"81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798", true},
	{"GCM128 RTP", GCM128, "000102030405060708090a0b0c0d0e0fa0a1a2a3a4a5a6a7a8a9aaab",
		"800f1234decafbadcafebabeabababababababababababababababab",
		"800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392", false},
}

func TestKnownPackets(t *testing.T) {
	for _, k := range known {
		key := unhex(t, k.key)
		s, err := New(k.suite, key, key)
		if err != nil {
			t.Fatal(err)
		}
		protect, unprotect := s.Protect, s.Unprotect
		if k.rtcp {
			protect, unprotect = s.ProtectRTCP, s.UnprotectRTCP
		}
		coded, err := protect(nil, unhex(t, k.plain))
		if err != nil || hex.EncodeToString(coded) != k.coded {
			t.Errorf("%s: protected to %x, %v; want %s", k.name, coded, err, k.coded)
		}
		plain, err := unprotect(nil, unhex(t, k.coded))
		if err != nil || hex.EncodeToString(plain) != k.plain {
			t.Errorf("%s: opened to %x, %v; want %s", k.name, plain, err, k.plain)
		}
	}
}

// The session keys of RFC 3711 B.3, used by the standard library's ciphers: a packet made that way
// must open with the master key, so our key derivation is the RFC's.
func TestKeyDerivationOfRFC3711(t *testing.T) {
	block, err := aes.NewCipher(unhex(t, "c61e7a93744f39ee10734afe3ff7a087"))
	if err != nil {
		t.Fatal(err)
	}
	const roc, ssrc, seq = 0, 0xcafebabe, 0x1234
	iv := append(unhex(t, "30cbbc08863d8c85d49db34a9ae1"), 0, 0) // salt << 16
	p := packet(seq, ssrc, "voice of a friend")
	for i := range 4 {
		iv[4+i] ^= p[8+i] // SSRC << 64
	}
	iv[12] ^= p[2] // index << 16
	iv[13] ^= p[3]
	coded := append([]byte(nil), p...)
	cipher.NewCTR(block, iv).XORKeyStream(coded[12:], p[12:])
	mac := hmac.New(sha1.New, unhex(t, "cebe321f6ff7716b6fd4ab49af256a156d38baa4"))
	mac.Write(coded)
	mac.Write(binary.BigEndian.AppendUint32(nil, roc))
	coded = append(coded, mac.Sum(nil)[:10]...)

	master := unhex(t, "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6")
	s, err := New(CM128SHA80, master, master)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Unprotect(nil, coded); err != nil || !bytes.Equal(got, p) {
		t.Fatalf("opened to %q, %v", got, err)
	}
}

func TestEverySuiteBothWays(t *testing.T) {
	for suite := range shapes {
		a, b := pair(t, suite)
		buf, out := make([]byte, 0, 256), make([]byte, 0, 256)
		for seq := uint16(65530); seq != 10; seq++ { // across the roll-over
			p := packet(seq, 7, "hello")
			coded, err := a.Protect(buf, p)
			if err != nil {
				t.Fatalf("%s: %v", suite, err)
			}
			if bytes.Contains(coded, []byte("hello")) {
				t.Fatalf("%s: payload in the clear", suite)
			}
			if len(coded) > len(p)+MaxOverhead || &coded[0] != &buf[:1][0] {
				t.Fatalf("%s: made new storage or %d octets of overhead", suite, len(coded)-len(p))
			}
			if got, err := b.Unprotect(out, coded); err != nil || !bytes.Equal(got, p) {
				t.Fatalf("%s seq %d: opened to %x, %v", suite, seq, got, err)
			}
		}
		coded, err := b.ProtectRTCP(buf, report(9))
		if err != nil || len(coded) > 8+MaxOverhead {
			t.Fatalf("%s: %d octets, %v", suite, len(coded), err)
		}
		if got, err := a.UnprotectRTCP(out, coded); err != nil || !bytes.Equal(got, report(9)) {
			t.Fatalf("%s: report opened to %x, %v", suite, got, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for suite := range shapes {
		a, b := pair(t, suite)
		_, stranger := pair(t, suite)
		coded, _ := a.Protect(nil, packet(1, 7, "hello"))
		if _, err := stranger.Unprotect(nil, coded); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: opened with a wrong key: %v", suite, err)
		}
		for i := range coded {
			bad := append([]byte(nil), coded...)
			bad[i] ^= 0x10
			if _, err := b.Unprotect(nil, bad); !errors.Is(err, ErrRefused) {
				t.Errorf("%s: opened with octet %d changed: %v", suite, i, err)
			}
			if _, err := b.Unprotect(nil, coded[:i]); !errors.Is(err, ErrRefused) {
				t.Errorf("%s: opened %d octets of %d: %v", suite, i, len(coded), err)
			}
		}
		if _, err := b.Unprotect(nil, coded); err != nil {
			t.Errorf("%s: refused the true packet after forged ones: %v", suite, err)
		}
		if _, err := b.Unprotect(nil, coded); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: took a replay: %v", suite, err)
		}
		rtcp, _ := a.ProtectRTCP(nil, report(7))
		if _, err := b.UnprotectRTCP(nil, rtcp[:8]); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: took a cut report: %v", suite, err)
		}
		if _, err := b.UnprotectRTCP(nil, rtcp); err != nil {
			t.Errorf("%s: refused a report: %v", suite, err)
		}
		if _, err := b.UnprotectRTCP(nil, rtcp); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: took a report's replay: %v", suite, err)
		}
	}
}

func TestReorderedAndLatePackets(t *testing.T) {
	a, b := pair(t, CM128SHA80)
	var coded [][]byte
	for seq := range uint16(300) {
		c, err := a.Protect(nil, packet(seq, 7, "x"))
		if err != nil {
			t.Fatal(err)
		}
		coded = append(coded, c)
	}
	for _, seq := range []int{0, 2, 1, 299, 250, 200} {
		if _, err := b.Unprotect(nil, coded[seq]); err != nil {
			t.Errorf("refused packet %d: %v", seq, err)
		}
	}
	if _, err := b.Unprotect(nil, coded[100]); !errors.Is(err, ErrRefused) {
		t.Errorf("took a packet from before the replay window: %v", err)
	}
}

func TestNewRefusesBadKeys(t *testing.T) {
	if _, err := New("NULL", nil, nil); !errors.Is(err, ErrSuite) {
		t.Errorf("unknown suite: %v", err)
	}
	if _, err := New(GCM128, make([]byte, 28), make([]byte, 27)); !errors.Is(err, ErrKey) {
		t.Errorf("short key: %v", err)
	}
	if _, err := NewKey("NULL"); !errors.Is(err, ErrSuite) {
		t.Errorf("key for an unknown suite: %v", err)
	}
}

// A flood of forged packets with ever new SSRCs must leave nothing behind.
func TestFloodOfSourcesKeepsNoMemory(t *testing.T) {
	_, b := pair(t, CM128SHA80)
	forged := append(packet(1, 0, "no"), make([]byte, 10)...)
	flood := func(n uint32) {
		for i := range n {
			binary.BigEndian.PutUint32(forged[8:], i)
			b.Unprotect(nil, forged)
		}
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	flood(1000)
	before := heap()
	flood(50_000)
	if grown := int64(heap()) - int64(before); grown > 200_000 {
		t.Errorf("50,000 forged sources left %d octets", grown)
	}
	if len(b.in.sources) != 0 {
		t.Errorf("a forged source was remembered")
	}
}

func FuzzUnprotect(f *testing.F) {
	key := make([]byte, 30)
	s, err := New(CM128SHA80, key, key)
	if err != nil {
		f.Fatal(err)
	}
	gcm, err := New(GCM128, key[:28], key[:28])
	if err != nil {
		f.Fatal(err)
	}
	for _, k := range known {
		f.Add(unhex(f, k.coded))
	}
	f.Add(append([]byte{0x9f, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0xff, 0xff}, make([]byte, 80)...))
	f.Fuzz(func(t *testing.T, p []byte) {
		for _, s := range []*Session{s, gcm} {
			if out, err := s.Unprotect(nil, p); err == nil && len(out) > len(p) {
				t.Fatal("opened to more than came")
			}
			if out, err := s.UnprotectRTCP(nil, p); err == nil && len(out) > len(p) {
				t.Fatal("opened to more than came")
			}
			if len(s.in.sources) > maxSources || len(s.inRTCP.sources) > maxSources {
				t.Fatal("too many sources")
			}
		}
	})
}

func BenchmarkProtect(b *testing.B) {
	for _, suite := range []Suite{CM128SHA80, GCM128} {
		b.Run(string(suite), func(b *testing.B) {
			a, _ := pair(b, suite)
			p, buf := packet(0, 7, string(make([]byte, 160))), make([]byte, 0, 256)
			b.ReportAllocs()
			for i := range b.N {
				binary.BigEndian.PutUint16(p[2:], uint16(i))
				if _, err := a.Protect(buf, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
