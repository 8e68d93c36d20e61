package store

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
)

func book(t testing.TB, contacts ...Contact) *Store {
	t.Helper()
	s := Open(filepath.Join(t.TempDir(), "phone.db"), quiet())
	t.Cleanup(func() { _ = s.file.close() })
	for _, c := range contacts {
		if _, err := s.PutContact(c); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func named(s *Store) string {
	var out []string
	for _, c := range s.Contacts() {
		out = append(out, c.Name+c.Organisation)
	}
	return strings.Join(out, ", ")
}

func TestTheBookIsSorted(t *testing.T) {
	s := book(t, Contact{Name: "zoe"}, Contact{Name: "Ångström"}, Contact{Name: "Bo"}, Contact{Organisation: "Blum & Co"}, Contact{Name: "Özil"}, Contact{Name: "anna"})
	if got, want := named(s), "Ångström, anna, Blum & Co, Bo, Özil, zoe"; got != want && got != "anna, Ångström, Blum & Co, Bo, Özil, zoe" {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPutAndDelete(t *testing.T) {
	s := book(t, Contact{Name: "Anna", Numbers: []Number{{"work", "201"}}})
	before := s.Contacts()
	c := before[0]
	c.Name, c.Favourite = "Zoe", true
	if id, err := s.PutContact(c); err != nil || id != c.ID {
		t.Fatal(id, err)
	}
	if before[0].Name != "Anna" || s.Contacts()[0].Name != "Zoe" || !s.Contacts()[0].Favourite {
		t.Error("a book that was given out was written")
	}
	c.Numbers[0].Value = "999"
	if s.Contacts()[0].Numbers[0].Value != "201" {
		t.Error("the book shares its numbers with the caller")
	}
	if err := s.DeleteContact(c.ID); err != nil || len(s.Contacts()) != 0 {
		t.Error(err)
	}
	if err := s.DeleteContact(c.ID); !errors.Is(err, ErrNoContact) {
		t.Error(err)
	}
	if _, err := s.PutContact(c); !errors.Is(err, ErrNoContact) {
		t.Error(err)
	}
}

func TestWhatIsNoContact(t *testing.T) {
	s := book(t)
	for name, c := range map[string]Contact{
		"empty": {}, "long": {Name: strings.Repeat("x", maxText+1)}, "control": {Name: "a\nb"}, "not text": {Name: "\xff"},
		"kind": {Name: "A", Numbers: []Number{{"fax", "1"}}}, "no number": {Name: "A", Numbers: []Number{{"work", ""}}},
		"many": {Name: "A", Numbers: slices.Repeat([]Number{{"work", "1"}}, maxNumbers+1)},
	} {
		if _, err := s.PutContact(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	full := make([]Contact, MaxContacts)
	for i := range full {
		full[i] = Contact{ID: newID(), Name: "x"}
	}
	s.setContacts(full)
	if _, err := s.PutContact(Contact{Name: "One more"}); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
}

func TestNameOf(t *testing.T) {
	s := book(t,
		Contact{Name: "Anna", Numbers: []Number{{"mobile", "0171 5550142"}, {"work", "201"}}},
		Contact{Name: "Bo", Numbers: []Number{{"work", "+49 (30) 5550100"}, {"sip", "sip:bo@example.org"}}},
		Contact{Organisation: "Firm", Numbers: []Number{{"work", "5550142"}}},
		Contact{Numbers: []Number{{"work", "777"}}},
	)
	for number, want := range map[string]string{
		"+491715550142": "Anna", "01715550142": "Anna", "0049 171 555-0142": "Anna", "201": "Anna", "0201": "", "2201": "",
		"+49305550100": "Bo", "5550100": "Bo", "0305550100": "Bo", "+41305550100": "", "sip:bo@example.org": "Bo", "BO@example.org": "Bo", "bo": "",
		"5550142": "Anna", "+49305550142": "Firm", "": "", "anonymous": "", "777": "", "+": "", "tel:201": "Anna",
	} {
		if got, ok := s.NameOf(number, phone.Numbering{}); got != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", number, got, want)
		}
	}
}

// TestNumbersAreComparedInFull: with a number plan both sides are E.164, and equal ends do not make equal numbers.
func TestNumbersAreComparedInFull(t *testing.T) {
	plan := phone.Numbering{Plan: phone.NumberPlan{Country: "49", International: "00", National: "0", Area: "30", Extension: 4}}
	s := book(t,
		Contact{Name: "Anna", Numbers: []Number{{"mobile", "0171 5550142"}, {"work", "2417"}}},
		Contact{Name: "Bo", Numbers: []Number{{"work", "+49 (0)30 5550100"}}},
		Contact{Organisation: "Firm", Numbers: []Number{{"work", "5550142"}}},
	)
	for number, want := range map[string]string{
		"+491715550142": "Anna", "tel:+49-171-5550142": "Anna", "2417": "Anna", "+49305550142": "Firm", "0049305550142": "Firm", "03055 50142": "Firm",
		"+442055550142": "", "+4917155550142": "", "+49305550100": "Bo", "5550100": "Bo", "+12155550100": "",
	} {
		if got, _ := s.NameOf(number, plan); got != want {
			t.Errorf("%q is %q, want %q", number, got, want)
		}
	}
}

func TestImitations(t *testing.T) {
	s := book(t, Contact{Name: "Jonas Keller", Numbers: []Number{{"work", "201"}}}, Contact{Name: "Zoë Müller", Numbers: []Number{{"work", "202"}}})
	for name, want := range map[string]bool{
		"Jonas Keller": false, "JONAS KELLER": false, "Zoe Muller": false, "Anna Berg": false, "": false,
		"J0nas Keller": true, "Jonas KeIIer": true, "J\u043enas Keller": true, "Jonas-Keller": true, "JonasKeller": true,
	} {
		if got := s.Imitates(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestFold(t *testing.T) {
	for s, want := range map[string]string{"Müller": "muller", "GROẞ": "gross", "Straße": "strasse", "Łódź": "lodz", "Ærø": "aero", "Nguyễn": "nguyen"} {
		if got := fold(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

func FuzzNameOf(f *testing.F) {
	f.Add("0171 5550142", "+491715550142")
	f.Add("sip:bo@example.org", "bo@example.org")
	f.Add("201", "201")
	f.Fuzz(func(t *testing.T, stored, asked string) {
		c := Contact{Name: "Anna", Numbers: []Number{{"work", stored}}}
		if c.check() != nil {
			return
		}
		x := indexNames([]Contact{c}, phone.Numbering{Plan: phone.NumberPlan{Country: "49", National: "0"}})
		x.find(asked)
		if digits, plain := reduce(stored); plain != "" {
			if _, ok := x.find(stored); !ok {
				t.Fatalf("%q (%q, %q) is not found as it is written", stored, digits, plain)
			}
		}
	})
}

func BenchmarkNameOf(b *testing.B) {
	s := book(b)
	fill(b, s, 1000, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := s.NameOf("+491710000500", phone.Numbering{}); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkPutContactInto1000(b *testing.B) {
	s := book(b)
	fill(b, s, 1000, 0)
	c := s.Contacts()[500]
	for b.Loop() {
		if _, err := s.PutContact(c); err != nil {
			b.Fatal(err)
		}
	}
}
