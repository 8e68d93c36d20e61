package contacts

import (
	"strings"
	"testing"
	"unicode/utf8"

	"opendeskphone/tools/odp/pc/keep"
)

const cards = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Jonas Keller\r\nORG:Keller\\, Söhne & Co;Sales\r\n" +
	"item1.TEL;TYPE=\"work,voice\";VALUE=uri:tel:+49-30-5550-142\r\nTEL;TYPE=cell:+49 170 5550\r\n 199\r\nPHOTO;X=\"a:b\":data\r\nEND:VCARD\r\n" +
	"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=\n=C3=B6rg\nTEL;HOME:030 1\nEND:VCARD\n" +
	"BEGIN:VCARD\nVERSION:3.0\nFN:Nobody\nEND:VCARD\n" +
	"BEGIN:VCARD\nVERSION:3.0\nFN:Mira Patel\nIMPP:sip:mira@example.com\nEND:VCARD\n"

func TestVCardsOfAllAges(t *testing.T) {
	got, skipped, err := ReadVCards(strings.NewReader(cards))
	if err != nil || skipped != 1 || len(got) != 3 {
		t.Fatalf("%+v, %d, %v", got, skipped, err)
	}
	j := got[0]
	if j.Name != "Jonas Keller" || j.Company != "Keller, Söhne & Co" || len(j.Numbers) != 2 ||
		j.Numbers[0] != (Number{"work", "+49-30-5550-142"}) || j.Numbers[1] != (Number{"mobile", "+49 170 5550199"}) {
		t.Errorf("%+v", j)
	}
	if m := got[1]; m.Name != "Jörg Müller" || m.Numbers[0] != (Number{"home", "030 1"}) {
		t.Errorf("%+v", m)
	}
	if m := got[2]; m.Numbers[0].Value != "mira@example.com" {
		t.Errorf("%+v", m)
	}
	if _, _, err := ReadVCards(strings.NewReader("hello")); err == nil {
		t.Error("a text was taken for cards")
	}
}

func TestSearch(t *testing.T) {
	all, _, err := ReadVCards(strings.NewReader(cards))
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"": "Jonas Keller, Jörg Müller, Mira Patel", "jo": "Jonas Keller, Jörg Müller", "mull": "Jörg Müller", "jo kel": "Jonas Keller",
		"sohne": "Jonas Keller", "5550": "Jonas Keller", "030 5550": "Jonas Keller", "mira@": "Mira Patel", "eller": "", "xyz": "",
	} {
		var names []string
		for _, c := range Search(all, query) {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
}

func TestNumbersNameTheirOwners(t *testing.T) {
	all, _, _ := ReadVCards(strings.NewReader(cards))
	for number, want := range map[string]string{"0305550142": "Jonas Keller", "tel:+49305550142": "Jonas Keller", "sip:Mira@example.com": "Mira Patel",
		"sip:+49305550142@gw.example;user=phone": "Jonas Keller", "sip:x305550142@gw.example": "", "mira@example.org": "", "142": "", "": ""} {
		if c, _ := Named(all, number); c.Name != want {
			t.Errorf("%q is %q, want %q", number, c.Name, want)
		}
	}
}

func TestBookOutlivesTheProcess(t *testing.T) {
	dir := keep.Folder(t.TempDir())
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	two := []Contact{{Name: "Zoë", Numbers: []Number{{"work", "1"}}}, {Name: "anna\u202e", Numbers: []Number{{"pager", "2"}}}}
	if _, err := b.Put(two...); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(two...); err != nil { // an import repeated
		t.Fatal(err)
	}
	if b, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	all := b.Search("")
	if len(all) != 2 || all[0].Name != "anna" || all[0].Numbers[0].Kind != "other" || all[1].ID == "" {
		t.Fatalf("%+v", all)
	}
	all[1].Numbers = append(all[1].Numbers, Number{"mobile", "3"})
	if _, err := b.Put(all[1]); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(all[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(all[0].ID); err == nil {
		t.Error("deleted twice")
	}
	if b, err = Open(dir); err != nil || len(b.Search("")) != 1 || len(b.Search("zoe")[0].Numbers) != 2 {
		t.Errorf("%+v, %v", b, err)
	}
	for _, bad := range []Contact{{Name: "x"}, {Numbers: []Number{{"work", "1"}}}, {Name: "x", Numbers: []Number{{"work", "\x00"}}}} {
		if _, err := b.Put(bad); err == nil {
			t.Errorf("kept %+v", bad)
		}
	}
}

// FuzzReadVCards: whatever the file, what is kept is clean.
func FuzzReadVCards(f *testing.F) {
	f.Add(cards)
	f.Add("BEGIN:VCARD\nN:a\\\nORG:\\\nTEL:1\nEND:VCARD")
	f.Fuzz(func(t *testing.T, s string) {
		got, _, _ := ReadVCards(strings.NewReader(s))
		for _, c := range got {
			again, err := Clean(c)
			if err != nil || !same(again, c) || !utf8.ValidString(c.Name) || len(c.Name) > maxText {
				t.Fatalf("%+v is not clean: %v", c, err)
			}
		}
	})
}
