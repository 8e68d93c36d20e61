package settings

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

var update = flag.Bool("update", false, "write docs/SETTINGS.md")

func TestManualIsTheDocument(t *testing.T) {
	const path = "../../docs/SETTINGS.md"
	if *update {
		if err := os.WriteFile(path, []byte(Manual()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Manual() {
		t.Error("docs/SETTINGS.md differs from the source: go test ./firmware/settings -update")
	}
}

// every key is described, its example is allowed, and its default too.
func TestEveryKeyIsDescribed(t *testing.T) {
	n := 0
	var walk func(at string, v reflect.Value)
	walk = func(at string, v reflect.Value) {
		for f := range fieldsOf(v.Type()) {
			key := join(at, f.Tag.Get("toml"))
			if f.Tag.Get("toml") == "" || !strings.HasSuffix(f.Tag.Get("doc"), ".") {
				t.Errorf("%s: %s: no key, or no sentence about it", at, f.Name)
			}
			if is := f.Tag.Get("is"); is != "" && forms[is].check == nil {
				t.Errorf("%s: there is no form %s", key, is)
			}
			switch d := v.FieldByIndex(f.Index).Interface().(type) {
			case []Line:
				walk("line", reflect.ValueOf(DefaultLine()))
				continue
			case []Profile:
				walk("profile", reflect.ValueOf(Profile{}))
				continue
			case int:
				n++
				if err := checkNumber(f, int64(d)); err != nil || f.Tag.Get("range")+f.Tag.Get("one") == "" {
					t.Errorf("%s: default %d: %v", key, d, err)
				}
			case string:
				n++
				if err := checkText(f, d); err != nil {
					t.Errorf("%s: default %q: %v", key, d, err)
				}
			default:
				if isTable(f.Type) {
					walk(key, v.FieldByIndex(f.Index))
					continue
				}
				n++
			}
			if eg := f.Tag.Get("eg"); eg != "" {
				if err := checkText(f, eg); err != nil {
					t.Errorf("%s: example %q: %v", key, eg, err)
				}
			} else if strings.HasPrefix(typeName(f.Type), "list") || f.Type.Kind() == reflect.String && f.Tag.Get("one") == "" {
				t.Errorf("%s: no example", key)
			}
		}
	}
	walk("", reflect.ValueOf(Default()))
	if n < 50 {
		t.Errorf("only %d keys found", n)
	}
}

func TestDefaultConfigIsThatOfTheCentre(t *testing.T) {
	f := Default()
	if got, want := f.Config(), phone.DefaultConfig(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestConfigCarriesEveryKeyOfPhone(t *testing.T) {
	doc := `
[[line]]
aor = "sip:100@pbx.example"
display = "Anna"
[[line]]
aor = "sip:200@pbx.example"
label = "Sales"
appearances = 3
barge_in = "allow"
withhold = true
number_form = "tel"
[phone]
refuse_anonymous = true
digit_map = "xxx"
inter_digit = 5
ring_time = 60
call_time = 70
hands_free = "headset"
call_waiting = false
follow_transfers = true
emergency = ["110"]
intercom = ["201"]
intercom_open_mic = true
hotline = "202"
hotline_wait = 3
[phone.plan]
country = "49"
international = "00"
national = "0"
area = "30"
extension = 3
dial_e164 = true
[paging]
groups = ["700=224.0.1.75:5004"]
over_calls = 1
volume = 4
[keys]
people = ["202=Ben", "cora@pbx.example"]
places = ["701=Place 1"]
line = 2
pickup = "**"
group_pickup = "*8"
[presence]
publish = true
away = 5
`
	f, err := Parse("settings.toml", []byte(doc), Default())
	if err != nil {
		t.Fatal(err)
	}
	want := phone.Config{
		Lines:    []phone.LineConfig{{AOR: "sip:100@pbx.example", Label: "100", Display: "Anna", BargeIn: phone.BargeAsk}, {AOR: "sip:200@pbx.example", Label: "Sales", Withhold: true, URIs: phone.TelURI, Appearances: 3, BargeIn: phone.BargeAllow}},
		DigitMap: "xxx", InterDigit: 5 * time.Second, RingTime: time.Minute, CallTime: 70 * time.Second, HandsFree: phone.Headset, Follow: true, RefuseAnonymous: true, Emergency: []string{"110"},
		Intercom: []string{"201"}, OpenMic: true, Hotline: "202", HotlineWait: 3 * time.Second,
		Pages: []string{"700"}, PagesOver: 1, PageVolume: 4, Rules: phone.Rules{RingFor: phone.RingFor},
		Numbering: phone.Numbering{Plan: phone.NumberPlan{Country: "49", International: "00", National: "0", Area: "30", Extension: 3, DialE164: true}},
		Watch:     []phone.WatchConfig{{Number: "202", Name: "Ben"}, {Number: "cora@pbx.example"}, {Number: "701", Name: "Place 1", Place: true}},
		WatchLine: 1, Pickup: "**", GroupPickup: "*8", Publish: true, AwayAfter: 5 * time.Minute,
	}
	if got := f.Config(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[Secret]():
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case v.Kind() == reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0))
		}
	}
	var f File
	fill(reflect.ValueOf(&f).Elem())
	c := f.clone()
	var compare func(at string, a, b reflect.Value)
	compare = func(at string, a, b reflect.Value) {
		switch a.Kind() {
		case reflect.Struct:
			for i := range a.NumField() {
				compare(at+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		case reflect.Slice:
			if a.Pointer() == b.Pointer() {
				t.Errorf("clone shares %s", at)
			}
			compare(at, a.Index(0), b.Index(0))
		}
	}
	compare("File", reflect.ValueOf(f), reflect.ValueOf(c))
}

func TestWhoNamesTheMark(t *testing.T) {
	told := 34
	for _, c := range []struct {
		set  int
		told *int
		want [2]int
	}{{-1, nil, [2]int{46, 24}}, {-1, &told, [2]int{34, 34}}, {0, &told, [2]int{0, 0}}, {10, nil, [2]int{10, 10}}} {
		if got := [2]int{VoiceDSCP(c.set, c.told), SignalingDSCP(c.set, c.told)}; got != c.want {
			t.Errorf("set %d: %v, want %v", c.set, got, c.want)
		}
	}
}
