package screen

import (
	"fmt"
	"image"
	"slices"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// section is a part of the settings.
type section uint8

const (
	sectionLines section = iota
	sectionSound
	sectionScreen
	sectionComputers
	sectionAbout
	sectionCount
)

var sectionIcons = [sectionCount]draw.Icon{draw.IconHandset, draw.IconSound, draw.IconSun, draw.IconPc, draw.IconInfo}

// settings is the page of the settings: sections at the left, the rows of one at the right. On a narrow panel the
// sections are a page of their own.
type settings struct {
	section section
	inside  bool // the focus is in the rows
	list    list
}

// newSettings opens the settings at a row of a section.
func newSettings(_ *view, s section, row int) page {
	return &settings{section: s, list: list{focus: row}}
}

// settingRow is one row: its value, and what Left, Right and OK do with it.
type settingRow struct {
	name, value string
	step        func(by int)
	open        func()
}

func (s *settings) names(v *view) [sectionCount]string {
	w := v.Words.Setup
	return [sectionCount]string{w.Lines, w.Sound, w.Screen, v.Words.Pairing.Computers, w.About}
}

func (s *settings) rows(v *view) []settingRow {
	switch s.section {
	case sectionSound:
		return s.soundRows(v)
	case sectionScreen:
		return s.screenRows(v)
	case sectionComputers:
		return computerRows(v)
	case sectionAbout:
		return s.aboutRows(v)
	}
	return s.lineRows(v)
}

func (s *settings) lineRows(v *view) []settingRow {
	rules := settingRow{name: v.Words.Rules.Title, value: v.ruleShort(), open: func() { v.open(v, &rulesPage{}) }}
	var out []settingRow
	for i := range v.st.Lines {
		l := &v.st.Lines[i]
		value := v.Words.LineWords[l.State]
		if l.State == phone.LineFailing {
			value = v.Words.FaultWord[l.Fault]
		}
		out = append(out, settingRow{name: v.lineLabel(l), value: value, open: func() { v.open(v, newAccount(v, l.ID)) }})
	}
	if n := len(v.st.Lines); n < phone.MaxLines {
		out = append(out, settingRow{name: v.Words.Setup.NewLine, open: func() { v.open(v, newAccount(v, phone.LineID(n))) }})
	}
	return append(append(out, rules), v.numberRows()...)
}

// change saves changed options, and says so if that fails.
func (v *view) change(f func(o *Options)) {
	o := v.src.Settings.Options()
	f(&o)
	if err := v.src.Settings.SetOptions(o); err != nil {
		v.say(v, fmt.Sprintf(v.Words.Setup.Failed, text.Clean(err.Error())))
		return
	}
	v.Apply(v.src.Settings.Options(), v.st, v.now)
}

// step gives the value by places further in a list, round its ends.
func step[T comparable](values []T, now T, by int) T {
	if len(values) == 0 {
		return now
	}
	i := max(0, slices.Index(values, now))
	return values[((i+by)%len(values)+len(values))%len(values)]
}

func (s *settings) soundRows(v *view) []settingRow {
	w, o := v.Words.Setup, v.src.Settings.Options()
	ring := fmt.Sprint(v.st.RingVolume)
	if v.st.RingVolume == 0 {
		ring = w.RingOff
	}
	out := []settingRow{
		{name: w.RingTone, value: text.Clean(o.RingTone), step: func(by int) {
			v.change(func(o *Options) { o.RingTone = step(v.src.Settings.RingTones(), o.RingTone, by) })
		}},
		{name: w.RingVolume, value: ring, step: func(by int) {
			v.do(phone.SetRingVolume{Level: uint8(max(0, min(phone.VolumeMax, int(v.st.RingVolume)+by)))})
		}},
		{name: w.HandsFree, value: v.Words.Paths[o.HandsFree], step: func(by int) {
			v.change(func(o *Options) { o.HandsFree = step([]phone.Path{phone.Speaker, phone.Headset}, o.HandsFree, by) })
		}},
	}
	for p, name := range [phone.PathCount]string{phone.Handset: w.HandsetVolume, phone.Headset: w.HeadsetVolume, phone.Speaker: w.SpeakerVolume} {
		out = append(out, settingRow{name: name, value: fmt.Sprint(v.st.Volume[p]), step: func(by int) {
			v.do(phone.SetVolume{Path: phone.Path(p), Level: uint8(max(0, min(phone.VolumeMax, int(v.st.Volume[p])+by)))})
		}})
	}
	out = append(out, v.recordingRows()...)
	return append(out, settingRow{name: v.Words.SoundTest.Title, open: func() { v.open(v, newSoundTest(v)) }})
}

func (s *settings) screenRows(v *view) []settingRow {
	w, o := v.Words.Setup, v.src.Settings.Options()
	codes := make([]string, len(text.Languages))
	for i, c := range text.Languages {
		codes[i] = c.Code
	}
	contrast := map[bool]string{false: w.Normal, true: w.High}[o.Contrast]
	out := []settingRow{
		{name: w.Brightness, value: fmt.Sprintf("%d %%", o.Brightness), step: func(by int) {
			v.change(func(o *Options) { o.Brightness = max(10, min(100, o.Brightness+10*by)) })
		}},
		{name: w.Theme, value: w.Themes[o.Theme], step: func(by int) {
			v.change(func(o *Options) { o.Theme = step([]string{"auto", "dark", "light"}, o.Theme, by) })
		}},
		{name: w.Contrast, value: contrast, step: func(int) { v.change(func(o *Options) { o.Contrast = !o.Contrast }) }},
		{name: w.Language, value: text.Find(o.Language).Name, step: func(by int) {
			v.change(func(o *Options) { o.Language = step(codes, o.Language, by) })
		}},
	}
	if v.Screens.theme.Large().LargeText { // the panel has room for it
		size := map[bool]string{false: w.Normal, true: w.Large}[o.LargeText]
		out = append(out, settingRow{name: w.TextSize, value: size, step: func(int) { v.change(func(o *Options) { o.LargeText = !o.LargeText }) }})
	}
	return append(out, lockRows(v)...)
}

func (s *settings) aboutRows(v *view) []settingRow {
	w, a := v.Words.Setup, v.src.Settings.About()
	out := []settingRow{{name: w.Version, value: text.Clean(a.Version)}}
	for _, addr := range a.Addresses {
		out = append(out, settingRow{name: w.Address, value: text.Clean(addr)})
	}
	out = append(out, v.networkRow(), settingRow{name: w.Name, value: text.Clean(a.Hostname)}, settingRow{name: w.Hardware, value: text.Clean(a.Hardware)})
	if a.Free >= 0 {
		out = append(out, settingRow{name: w.Storage, value: fmt.Sprintf("%d MB", a.Free/1_000_000)})
	}
	out = append(out, reportRows(v)...)
	return append(out, settingRow{name: w.Licences, value: "Apache-2.0, OFL-1.1"})
}

// both tells whether sections and rows stand side by side.
func (s *settings) both(v *view) bool { return v.hasPane() }

func (s *settings) draw(v *view) {
	names := s.names(v)
	detail := ""
	if s.inside || s.both(v) {
		detail = names[s.section]
	}
	if s.inside {
		if n := len(s.rows(v)); n > v.paneRoom(v.Stage()) {
			detail += ", " + fmt.Sprintf(v.Words.Status.Place, s.list.focus+1, n)
		}
	}
	v.menuStatus(v.Words.Setup.Title, detail)
	if s.both(v) || !s.inside {
		s.sections(v, names)
	}
	if !s.both(v) && !s.inside {
		return
	}
	pane := v.Stage()
	if s.both(v) {
		pane = image.Rect(pane.Min.X+v.S(244), pane.Min.Y, v.W, pane.Max.Y)
	}
	focus := -1
	rows := s.rows(v)
	if s.inside {
		s.list.keep(len(rows), v.paneRoom(pane))
		focus = s.list.focus
	}
	v.settingRows(pane, rows, focus, s.list.top)
}

// sections draws the names of the sections.
func (s *settings) sections(v *view, names [sectionCount]string) {
	r := v.Stage()
	w, h, pitch := r.Dx(), v.S(59), v.S(61)
	if s.both(v) {
		w = v.S(228)
	} else {
		h, pitch = v.RowH, v.RowH+v.Gap
	}
	for i, name := range names {
		box := widget.Box(r.Min.X, r.Min.Y+i*pitch, w, h)
		mid := (box.Min.Y + box.Max.Y) / 2
		ink, icon, st := v.T1, v.T2, widget.Regular(v.Type.Body)
		switch {
		case section(i) == s.section && !s.inside:
			v.Round(box, v.RadiusRow, draw.All, v.Focus)
			ink, icon, st = v.OnFocus, v.OnFocus, widget.Semi(v.Type.Body)
		case section(i) == s.section:
			v.Surface(box, v.RadiusRow, draw.All, v.S2, v.Edge)
			icon, st = v.T1, widget.Semi(v.Type.Body)
		}
		v.Icon(sectionIcons[i], image.Pt(box.Min.X+v.S(28), mid), v.S(24), icon)
		v.FitText(st, box.Min.X+v.S(58), mid+v.Type.Body*36/100, draw.Start, w-v.S(66), name, ink)
		v.Touchable(box, touchPage+sectionTouch+i)
	}
}

const sectionTouch = 1000 // touches of sections begin here

// paneRoom is how many settings rows a pane holds.
func (v *view) paneRoom(pane image.Rectangle) int { return (pane.Dy() - v.S(8)) / v.settingPitch() }

func (v *view) settingPitch() int {
	if v.compact() {
		return 48
	}
	return v.S(70)
}

// settingRows draws rows of settings in a card.
func (v *view) settingRows(pane image.Rectangle, rows []settingRow, focus, top int) {
	corners := draw.Left
	if pane.Max.X < v.W {
		corners = draw.All
	}
	v.Surface(pane, v.RadiusPane(), corners, v.S1, v.Edge)
	room, pitch := v.paneRoom(pane), v.settingPitch()
	for i := top; i < min(len(rows), top+room); i++ {
		row := rows[i]
		box := widget.Box(pane.Min.X+v.S(16), pane.Min.Y+v.S(8)+(i-top)*pitch, pane.Dx()-v.S(32), pitch-v.S(4))
		last := i == len(rows)-1 || i == top+room-1 || i+1 == focus
		v.Setting(box, &widget.Setting{Name: row.name, Value: row.value, Focus: i == focus, Steps: row.step != nil, Opens: row.open != nil, Last: last})
		v.Touchable(box, touchPage+i)
	}
}

func (s *settings) keys(v *view) []key {
	w := v.Words.Keys
	keys := []key{{}, {}, {}, {}, {label: w.Back, do: func() { s.leave(v) }}}
	if !s.inside {
		keys[0] = key{label: w.Open, do: func() { s.inside = true }}
		return keys
	}
	if rows := s.rows(v); s.list.focus < len(rows) {
		switch row := rows[s.list.focus]; {
		case row.step != nil:
			keys[0] = key{label: w.Change, do: func() { row.step(1) }}
		case row.open != nil:
			keys[0] = key{label: w.Open, do: row.open}
		}
	}
	return keys
}

// leave goes from the rows to the sections, and from there out.
func (s *settings) leave(v *view) {
	if s.inside {
		s.inside = false
		return
	}
	v.back()
}

func (s *settings) press(v *view, k hal.Key) bool {
	if !s.inside {
		switch k {
		case hal.Down:
			s.section = min(s.section+1, sectionCount-1)
		case hal.Up:
			s.section = section(max(0, int(s.section)-1))
		case hal.Right, hal.OK:
			s.inside = true
		default:
			return false
		}
		s.list = list{}
		return true
	}
	rows := s.rows(v)
	pane := v.Stage()
	if s.list.move(k, len(rows), v.paneRoom(pane)) {
		return true
	}
	return pressRow(rows, s.list.focus, k, func() { s.inside = false })
}

// pressRow does with a row what Left, Right and OK mean; out is where Left leads from a row without values.
func pressRow(rows []settingRow, i int, k hal.Key, out func()) bool {
	var row settingRow
	if i < len(rows) {
		row = rows[i]
	}
	switch {
	case k == hal.Left && row.step != nil:
		row.step(-1)
	case k == hal.Left:
		out()
	case (k == hal.Right || k == hal.OK) && row.step != nil:
		row.step(1)
	case (k == hal.Right || k == hal.OK) && row.open != nil:
		row.open()
	case k == hal.Right || k == hal.OK:
	default:
		return false
	}
	return true
}

func (s *settings) touch(v *view, what int) {
	if what >= sectionTouch {
		s.section, s.inside, s.list = section(min(what-sectionTouch, int(sectionCount)-1)), true, list{}
		return
	}
	touchRow(s.rows(v), what)
	s.inside, s.list.focus = true, what
}

func touchRow(rows []settingRow, i int) {
	switch {
	case i >= len(rows):
	case rows[i].step != nil:
		rows[i].step(1)
	case rows[i].open != nil:
		rows[i].open()
	}
}

// account is the page of what a line signs in with. Nothing is changed until the key Sign in.
type account struct {
	line phone.LineID
	a    Account
	list list
}

func newAccount(v *view, line phone.LineID) page {
	a := v.src.Settings.Account(line)
	if a.Transport == "" {
		a.Transport = "tls"
	}
	return &account{line: line, a: a}
}

// ask opens the entry of one of the account's texts.
func (p *account) ask(v *view, title string, value *string) func() {
	return func() {
		v.open(v, &textEntry{title: title, value: []rune(*value), action: v.Words.Keys.Next, mayBeEmpty: true, done: func(_ *view, s string) { *value = s }})
	}
}

func (p *account) rows(v *view) []settingRow {
	w := v.Words.Setup
	orNot := func(s string) string {
		if s == "" {
			return w.NotSet
		}
		return text.Clean(s)
	}
	password := w.NotSet
	if p.a.Password != "" {
		password = w.Hidden
	}
	transport := strings.ToUpper(p.a.Transport)
	if l := v.st.Line(p.line); l != nil && l.State == phone.LineRegistered && l.Detail != "" && p.a.Transport == "tls" {
		transport = agreedTLS(text.Clean(l.Detail))
	}
	return []settingRow{
		{name: w.Server, value: orNot(p.a.Server), open: p.ask(v, w.Server, &p.a.Server)},
		{name: w.User, value: orNot(p.a.User), open: p.ask(v, w.User, &p.a.User)},
		{name: w.Password, value: password, open: func() {
			v.open(v, &textEntry{title: w.Password, owner: p.a.User, secret: true, action: v.Words.Keys.Next, done: func(_ *view, s string) { p.a.Password = s }})
		}},
		{name: w.DisplayName, value: orNot(p.a.Display), open: p.ask(v, w.DisplayName, &p.a.Display)},
		{name: w.Transport, value: transport, step: func(by int) { p.a.Transport = step([]string{"tls", "tcp", "udp"}, p.a.Transport, by) }},
	}
}

// agreedTLS shortens what was agreed on to what matters: the version, and whether the key exchange outlives quantum
// computers ("TLS 1.3, X25519MLKEM768").
func agreedTLS(detail string) string {
	version, group, _ := strings.Cut(detail, ", ")
	if strings.Contains(group, "MLKEM") {
		return version + " + ML-KEM"
	}
	return version
}

func (p *account) draw(v *view) {
	label := v.Words.Setup.NewLine
	if l := v.st.Line(p.line); l != nil {
		label = v.lineLabel(l)
	}
	v.menuStatus(v.Words.Setup.Title, label)
	pane, rows := v.Stage(), p.rows(v)
	p.list.keep(len(rows), v.paneRoom(pane))
	v.settingRows(pane, rows, p.list.focus, p.list.top)
}

func (p *account) keys(v *view) []key {
	w := v.Words.Keys
	rows := p.rows(v)
	p.list.keep(len(rows), v.paneRoom(v.Stage()))
	keys := []key{{}, {label: w.Change, do: func() { touchRow(rows, p.list.focus) }}, {}, {}, v.backKey()}
	if p.a.Server != "" && p.a.User != "" {
		keys[0] = key{w.SignIn, widget.Go, func() { signIn(v, p.line, p.a) }}
	}
	return keys
}

func (p *account) press(v *view, k hal.Key) bool {
	rows := p.rows(v)
	if p.list.move(k, len(rows), v.paneRoom(v.Stage())) {
		return true
	}
	return pressRow(rows, p.list.focus, k, v.back)
}

func (p *account) touch(v *view, what int) {
	touchRow(p.rows(v), what)
	p.list.focus = what
}

// signIn saves an account; the phone then signs in by itself.
func signIn(v *view, line phone.LineID, a Account) {
	if err := v.src.Settings.SetAccount(line, a); err != nil {
		v.say(v, fmt.Sprintf(v.Words.Setup.Failed, text.Clean(err.Error())))
		return
	}
	v.back()
	v.say(v, fmt.Sprintf(v.Words.Setup.SigningIn, text.Clean(a.User)))
}

// passwordEntry asks for the password of a line alone, for a line whose password was refused.
func passwordEntry(v *view, line phone.LineID) page {
	label := ""
	if l := v.st.Line(line); l != nil {
		label = v.lineLabel(l)
	}
	return &textEntry{title: v.Words.Setup.Password, owner: label, secret: true, action: v.Words.Keys.SignIn, done: func(v *view, s string) {
		a := v.src.Settings.Account(line)
		a.Password = s
		v.open(v, &account{line: line, a: a}) // signIn leaves it at once; it stays if saving fails
		signIn(v, line, a)
	}}
}
