package settings

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// rows of wrong files: the whole error is what a person reads, so it is compared whole.
var wrong = []struct{ name, doc, want string }{
	{"unknown key", "[[line]]\naor = 'sip:1@a'\ntransprt = 'udp'\n", "s.toml:3: line.0.transprt: unknown key, did you mean transport?"},
	{"unknown key of the second line", "[[line]]\naor = 'sip:1@a'\n[[line]]\naor = 'sip:2@a'\n# a comment\npasword = 'x'", "s.toml:6: line.1.pasword: unknown key, did you mean password?"},
	{"unknown table", "[scren]\ntheme = 'dark'", "s.toml:1: scren: unknown key, did you mean screen?"},
	{"unknown table like nothing", "[zzzzzz]", "s.toml:1: zzzzzz: unknown key"},
	{"unknown table below a line", "[[line]]\naor='sip:1@a'\n[line.x]\ny=1", "s.toml:3: line.0.x: unknown key"},
	{"wrong choice", "[[line]]\naor = 'sip:1@a'\ntransport = 'ftp'", `s.toml:3: line.0.transport: must be udp, tcp or tls, not "ftp"`},
	{"wrong type", "\n\n[phone]\ninter_digit = '4'", `s.toml:4: phone.inter_digit: must be a whole number, not the text "4"`},
	{"fraction", "[phone]\ninter_digit = 4.5", "s.toml:2: phone.inter_digit: must be a whole number, not 4.5"},
	{"out of range", "[phone]\ninter_digit = 31", "s.toml:2: phone.inter_digit: must be 1 to 30 s, not 31"},
	{"dotted key", "phone.plan.country = 'DE'", `s.toml:1: phone.plan.country: must be 1 to 8 of the digits 0 to 9: "DE" is not`},
	{"inline table", "network = { dhcp = true,\n dns = ['192.0.2.1', 'x'] }", "s.toml:2: network.dns.1: must be an IP address: unable to parse IP"},
	{"a list that is none", "[network]\ndns = '192.0.2.1'", `s.toml:2: network.dns: must be a list in [ ], not the text "192.0.2.1"`},
	{"a table that is none", "phone = 3", "s.toml:1: phone: must be a table, not 3"},
	{"a line that is none", "[line]\naor = 'x'", "s.toml:1: line: must be written as [[line]], not a table"},
	{"a date", "[screen]\ntheme = 2026-01-01", "s.toml:2: screen.theme: must be a text in quotes, not a date"},
	{"digit map", "[phone]\ndigit_map = 'x|[5-1]'", `s.toml:2: phone.digit_map: must be a digit map: the range "5-1" runs backwards`},
	{"no address", "[[line]]\npassword = 'x'", "s.toml:1: line.0.aor: is missing: a line needs its address, like sip:100@pbx.example"},
	{"address twice", "[[line]]\naor = 'sip:1@a'\n[[line]]\naor = 'sip:1@a'", "s.toml:4: line.1.aor: is the same as that of line.0"},
	{"address without user", "[[line]]\naor = 'sip:pbx.example'", "s.toml:2: line.0.aor: must be an address like sip:100@pbx.example: user or domain is missing"},
	{"address with a hostile user", "[[line]]\naor = 'sip:1>\"@a'", `s.toml:2: line.0.aor: must be an address like sip:100@pbx.example: ">" cannot stand in the user part`},
	{"stun without a server", "[[line]]\naor = 'sip:1@a'\nnat = 'stun'", "s.toml:1: line.0.stun_server: is missing: nat is stun"},
	{"turn without ice", "[[line]]\naor = 'sip:1@a'\nturn_server = 'turn:r'", "s.toml:3: line.0.turn_server: is for nat = ice only"},
	{"no turn address", "[[line]]\naor = 'sip:1@a'\nnat = 'ice'\nturn_server = 'relay.example'", "s.toml:4: line.0.turn_server: must be an address like turn:host or turns:host:port?transport=tcp: it begins with neither turn: nor turns:"},
	{"sips without tls", "[[line]]\naor = 'sips:1@a'", "s.toml:1: line.0.transport: must be tls, since the address is a sips: one"},
	{"port of a registrar", "[[line]]\naor = 'sip:1@a'\nregistrar = 'pbx:0'", "s.toml:3: line.0.registrar: must be a host or host:port: the port must be 1 to 65535"},
	{"line feed in a name", "[[line]]\naor = 'sip:1@a'\ndisplay = \"a\\nb\"", "s.toml:3: line.0.display: must not hold control characters"},
	{"turned text in a name", "[[line]]\naor = 'sip:1@a'\ndisplay = \"a\\u202eb\"", "s.toml:3: line.0.display: must not hold control characters"},
	{"password of the wrong type", "[[line]]\naor = 'sip:1@a'\npassword = 12345", "s.toml:3: line.0.password: must be a text in quotes"},
	{"path upwards", "[sip]\nextra_roots = ['/data/../etc/x']", "s.toml:2: sip.extra_roots.0: must be an absolute path: it must begin with / and hold no .. or //"},
	{"static without address", "[network]\ndhcp = false", "s.toml:1: network.address: is missing: without dhcp the phone needs an address"},
	{"too few ports", "[media]\nport_min = 20000\nport_max = 20007", "s.toml:3: media.port_max: must be at least port_min + 15, so that 8 calls find room"},
	{"deaf", "[sip]\nudp = false\ntcp = false", "s.toml:2: sip.udp: must be true if tcp is false: the phone would hear nobody"},
	{"no codec", "[media]\ncodecs = []", "s.toml:2: media.codecs: must name at least one codec"},
	{"jitter", "[media]\njitter_min = 300\njitter_max = 200", "s.toml:3: media.jitter_max: must not be less than jitter_min"},
	{"syntax", "[phone]\ninter_digit = \n", "s.toml:2: "},
	{"zero bytes", "[phone]\n\x00\x00\x00", "s.toml:2: "},
	{"key twice", "[phone]\nring_time = 60\nring_time = 61\n", "s.toml:3: "},
	{"too long a file", "#" + strings.Repeat("x", maxFile), "s.toml: longer than 65536 bytes"},
	{"all of them", "[phone]\nring_tim = 60\ninter_digit = 0\n[screen]\ntheme = 'pink'",
		"s.toml:2: phone.ring_tim: unknown key, did you mean ring_time?\n" +
			"s.toml:3: phone.inter_digit: must be 1 to 30 s, not 0\n" +
			`s.toml:5: screen.theme: must be auto, light, dark, hc_light or hc_dark, not "pink"`},
}

func TestWrongFilesAreNamedByFileLineAndKey(t *testing.T) {
	for _, row := range wrong {
		t.Run(row.name, func(t *testing.T) {
			f, err := Parse("s.toml", []byte(row.doc), Default())
			var p Problems
			if !errors.As(err, &p) {
				t.Fatalf("error %v", err)
			}
			if got := err.Error(); got != row.want && !(strings.HasSuffix(row.want, ": ") && strings.HasPrefix(got, row.want)) {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			if !reflect.DeepEqual(f, Default()) {
				t.Error("a wrong file has changed the settings")
			}
		})
	}
}

func TestLayers(t *testing.T) {
	board, err := Parse("board.toml", []byte("[sound]\nplayback = 'hw:1'\ncountry = 'de'\n[[line]]\naor='sip:1@a'"), Default())
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("user.toml", []byte("[sound]\ncountry = 'fr'\n"), board)
	if err != nil {
		t.Fatal(err)
	}
	if f.Sound.Playback != "hw:1" || f.Sound.Country != "fr" || f.Sound.RingVolume != 10 || len(f.Lines) != 1 {
		t.Errorf("layers lie wrong: %+v", f)
	}
	f, err = Parse("user.toml", []byte("[[line]]\naor='sip:2@a'\n"), board)
	if err != nil || len(f.Lines) != 1 || f.Lines[0].AOR != "sip:2@a" || f.Lines[0].Expires != 3600 {
		t.Errorf("a list is not replaced as a whole: %+v, %v", f.Lines, err)
	}
}

func TestFormsOfTURNServers(t *testing.T) {
	for _, s := range []string{"turn:relay.example", "turn:192.0.2.1:3479?transport=udp", "turn:relay?transport=tcp", "turns:relay.example:443?transport=tcp", "turns:[2001:db8::1]"} {
		if err := checkTURN(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"", "relay.example", "stun:relay", "turn:", "turn:a b", "turn:relay?transport=sctp", "turns:relay?transport=udp", "turn:relay:70000", "turn:user@relay"} {
		if checkTURN(s) == nil {
			t.Errorf("%q passes as a TURN server", s)
		}
	}
}

func TestGoodFormsOfHosts(t *testing.T) {
	for _, s := range []string{"pbx", "pbx.example", "pbx.example.", "pbx.example:5061", "192.0.2.1", "192.0.2.1:5060", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:5060"} {
		if err := checkHost(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"a b", "a_b", "-a", "a..b", ":5060", "a:b:c", "[::1", "a:70000", "$(reboot)", "a;b", strings.Repeat("a.", 130)} {
		if checkHost(s) == nil {
			t.Errorf("%q passes as a host", s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, row := range wrong {
		f.Add([]byte(row.doc))
	}
	f.Add([]byte("[[line]]\naor = 'sip:100@pbx.example'\npassword = 'x'\npeers=['192.0.2.0/24']\n[network]\ndhcp=false\naddress='192.0.2.3/24'\n"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := Parse("s.toml", doc, Default())
		if err != nil {
			return
		}
		written, err := got.Encode(Default())
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("s.toml", written, Default())
		if err != nil {
			t.Fatalf("our own file is wrong: %v\n%s", err, written)
		}
		if !reflect.DeepEqual(normal(got), normal(again)) {
			t.Fatalf("got  %+v\nthen %+v\n%s", got, again, written)
		}
	})
}

// normal makes empty lists alike.
func normal(f File) File {
	f = f.clone()
	if len(f.Lines) == 0 {
		f.Lines = nil
	}
	for i := range f.Lines {
		l := &f.Lines[i]
		l.Peers, l.Codecs = append([]string{}, l.Peers...), append([]string{}, l.Codecs...)
	}
	return f
}
