package screen

import (
	"fmt"
	"image"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// thousand is a thousand people with two numbers each, and as many past calls with strangers.
func thousand() ([]Contact, history) {
	first := []string{"Anna", "Bo", "Chidi", "Dörte", "Émile", "Fatima", "Grzegorz", "Hana", "İpek", "Jonas"}
	last := []string{"Weber", "Keller", "Okafor", "Łukasiewicz", "Nguyen", "Patel", "Sørensen", "Tanaka", "Ünal", "Zhou"}
	var people []Contact
	var past history
	for i := range 1000 {
		people = append(people, Contact{ID: fmt.Sprint(i), Name: fmt.Sprintf("%s %s-%s", first[i%10], last[i/10%10], last[i/100]), Organisation: "Nordwerk GmbH",
			Numbers: []Number{{"work", fmt.Sprintf("+49 30 5550 %04d", i)}, {"mobile", fmt.Sprintf("0171 555 %04d", i)}}})
		past = append(past, phone.Record{Remote: phone.Peer{Number: fmt.Sprintf("+4922155%05d", i)}, Began: now.Add(-time.Duration(i) * time.Hour)})
	}
	return people, past
}

// searches types names and numbers, a key at a time, and gives how long each press took until the picture was drawn. With
// the rules of a location in force each number is read by them, too.
func searches(t testing.TB) []time.Duration {
	people, past := thousand()
	var took []time.Duration
	for _, typed := range []string{"56627", "9323", "017155501", "03055500", "22", "49221"} {
		for _, dialling := range []bool{true, false} {
			d := newDesk(t, image.Pt(1024, 600), Options{Language: "en"})
			s, keys := idle(), []hal.Key{hal.Soft3}
			if dialling {
				s, keys = inRedmond(""), nil
			}
			d.enter(situation{state: s, keys: keys, setUp: func(d *desk) { d.book.people, d.log = people, past }})
			for i, r := range typed {
				began := time.Now()
				d.Press(hal.Digit0+hal.Key(r-'0'), d.st, d.now)
				if dialling {
					d.st = inRedmond(typed[:i+1])
				}
				d.paint()
				took = append(took, time.Since(began))
			}
		}
	}
	return took
}

// BenchmarkSearch measures a key press until the list stands on the screen, among 1,000 contacts and as many past calls.
func BenchmarkSearch(b *testing.B) {
	var took []time.Duration
	for b.Loop() {
		took = append(took, searches(b)...)
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
}

// A name that the keys spell is found on the dial screen as among the contacts.
func TestDialFindsNamesToo(t *testing.T) {
	people, past := thousand()
	d := newDesk(t, image.Pt(1024, 600), Options{Language: "en"})
	d.enter(situation{state: inRedmond("56627"), setUp: func(d *desk) { d.book.people, d.log = people, past }})
	d.shows(t, "Jonas Weber-Weber")
	d.enter(situation{state: inRedmond("01715550"), setUp: func(d *desk) { d.book.people, d.log = people, past }})
	d.shows(t, "Anna Weber-Weber", "mobile")
	d.enter(situation{state: inRedmond("022155"), setUp: func(d *desk) { d.book.people, d.log = people, past }})
	d.shows(t, "+49 221 550")
}
