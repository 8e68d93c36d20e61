package screen

import (
	"image"
	"reflect"
	"slices"
	"strings"
	"testing"

	"opendeskphone/sip/trace"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
)

// grow makes every text of a catalogue 40 % longer, as another language may be.
func grow(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); len(s) > 2 {
			v.SetString(s + strings.Repeat("ë", len(s)*2/5))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			grow(v.Field(i))
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			grow(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(v.MapIndex(k))
			grow(e)
			v.SetMapIndex(k, e)
		}
	}
}

// pseudo is English grown by 40 %; its keys stay, since their short forms are bounded by their own test.
func pseudo() *text.Catalogue {
	c := text.English
	c.LineCards, c.Causes, c.Regions = clone(c.LineCards), clone(c.Causes), clone(c.Regions)
	c.People.Kinds, c.Setup.Themes = clone(c.People.Kinds), clone(c.Setup.Themes)
	c.LineWords, c.FaultWord, c.Dial.Rules = append([]string{}, c.LineWords...), append([]string{}, c.FaultWord...), append([]string{}, c.Dial.Rules...)
	c.Code = "xx"
	keys := c.Keys
	grow(reflect.ValueOf(&c).Elem())
	c.Keys = keys
	return &c
}

func clone[K comparable, V any](m map[K]V) map[K]V {
	out := make(map[K]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// TestTextsStandApart draws every screen on every panel in every language, and in one that is 40 % longer: no text may
// leave the display or run into another.
func TestTextsStandApart(t *testing.T) {
	for _, words := range append([]*text.Catalogue{pseudo()}, text.Languages...) {
		for _, p := range panels() {
			for _, s := range situations() {
				t.Run(words.Code+"/"+s.name+"/"+size(p), func(t *testing.T) {
					d := newDesk(t, image.Pt(p.W, p.H), Options{Theme: "dark", LargeText: p.LargeText, Language: words.Code, Brightness: 80, RingTone: "Classic"})
					d.words = words
					d.enter(s)
					all := d.canvas.Shown().Words()
					if slices.Contains([]string{"toast", "volume", "record-full", "record-no-stick", "headset-in", "voicemail-deleted"}, s.name) { // they cover the status bar
						all = slices.DeleteFunc(all, func(w draw.Word) bool { return w.Box.Max.Y < p.StatusH })
					}
					apart(t, all, image.Rect(0, 0, p.W, p.H))
				})
			}
		}
	}
}

// panels are all the panels, and those that can be set large a second time; one panel is enough for the race detector
// and an emulated processor.
func panels() []*theme.Panel {
	if testing.Short() {
		return theme.Panels[:1]
	}
	out := slices.Clone(theme.Panels)
	for _, p := range theme.Panels {
		if large := p.Large(); large.LargeText {
			out = append(out, large)
		}
	}
	return out
}

func size(p *theme.Panel) string {
	s := image.Pt(p.W, p.H).String()
	if p.LargeText {
		s += " large"
	}
	return s
}

func apart(t *testing.T, words []draw.Word, screen image.Rectangle) {
	t.Helper()
	for i, w := range words {
		if !w.Box.In(screen) {
			t.Errorf("%q leaves the display: %v", w.Text, w.Box)
		}
		for _, o := range words[:i] {
			if in := w.Box.Intersect(o.Box); in.Dx() > 1 && in.Dy() > 1 {
				t.Errorf("%q at %v runs into %q at %v", w.Text, w.Box, o.Text, o.Box)
			}
		}
	}
}

// TestKeyLabelsFit holds every key's label against the tab it stands on, in every language and on every panel.
func TestKeyLabelsFit(t *testing.T) {
	for _, words := range text.Languages {
		for _, p := range panels() {
			d := newDesk(t, image.Pt(p.W, p.H), Options{Theme: "dark", LargeText: p.LargeText, Language: words.Code})
			v := d.view(d.canvas.Next(), d.st, d.now)
			labels := reflect.ValueOf(words.Keys)
			for i := range labels.NumField() {
				l := labels.Field(i).Interface().(text.Label)
				l.Long, l.Short = strings.ReplaceAll(l.Long, "%s", "2417"), strings.ReplaceAll(l.Short, "%s", "2417")
				tab := v.SoftKeyBox(1, len(v.arranged(nil))).Dx()
				label, st := v.KeyLabel(l, tab)
				if w := v.Width(st, label); w > tab-8 {
					t.Errorf("%s on %s: %q is %d px wide on a tab of %d", words.Code, size(p), label, w, tab)
				}
			}
		}
	}
}

// TestWordsOfOurOwnAreNotCut finds sentences of the catalogue that end in an ellipsis. Names, numbers and what a technician
// reads may be cut; on the smallest panel so may the second line of a row.
func TestWordsOfOurOwnAreNotCut(t *testing.T) {
	may := []string{"Aino", "+", "sip", "qemu", "settings.toml", "Konttinen", "Nordwerk", "Jonas", "von", "407 Proxy", "503", "phone-context"}
	for _, words := range text.Languages {
		for _, p := range panels() {
			if p.Layout() == theme.Compact {
				continue
			}
			for _, s := range situations() {
				d := newDesk(t, image.Pt(p.W, p.H), Options{Theme: "dark", LargeText: p.LargeText, Language: words.Code, Brightness: 80, RingTone: "Classic"})
				d.enter(s)
				for _, w := range d.canvas.Shown().Words() {
					if strings.HasSuffix(w.Text, "…") && !slices.ContainsFunc(may, func(m string) bool { return strings.Contains(strings.TrimSuffix(w.Text, "…"), m) }) {
						t.Errorf("%s, %s, %s: %q", words.Code, size(p), s.name, w.Text)
					}
				}
			}
		}
	}
}

// TestEveryStepFits finds steps of a ladder that a row cannot hold, in every language and on every panel but the smallest.
func TestEveryStepFits(t *testing.T) {
	r := trace.NewRecorder(trace.DefaultLimits(), nowhere)
	r.Name(1, "a")
	for m := range trace.MeaningCount {
		r.Note(1, now, m, "")
	}
	l, _ := r.Call(1)
	for _, words := range text.Languages {
		for _, p := range panels() {
			if p.Layout() == theme.Compact {
				continue
			}
			d := newDesk(t, image.Pt(p.W, p.H), Options{Theme: "dark", LargeText: p.LargeText, Language: words.Code})
			for _, out := range []bool{false, true} {
				pg := &ladderPage{of: func() (trace.Ladder, bool) { return l, true }, title: words.Ladder.Title}
				pg.look()
				for i := range pg.steps {
					pg.steps[i].Out, pg.steps[i].Tag = out, "200 OK"
				}
				for i := 3; i < len(pg.steps)+3; i += 4 { // every panel shows four at once
					pg.list = list{focus: min(i, len(pg.steps)-1)}
					d.menu = []page{pg}
					d.paint()
					for _, w := range d.canvas.Shown().Words() {
						if strings.HasSuffix(w.Text, "…") {
							t.Errorf("%s, %s: %q", words.Code, size(p), w.Text)
						}
					}
				}
			}
		}
	}
}
