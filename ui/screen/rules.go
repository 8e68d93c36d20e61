package screen

import (
	"fmt"
	"image"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// rulesPage says who gets the calls that come in, and changes it: at the left what can be set, beside or above it the rules
// in force in sentences.
type rulesPage struct{ list list }

// setRules saves changed rules, and says so if that fails.
func (v *view) setRules(change func(r *phone.Rules)) {
	r := v.st.Config.Rules
	change(&r)
	if err := v.src.Settings.SetRules(r); err != nil {
		v.say(v, fmt.Sprintf(v.Words.Setup.Failed, text.Clean(err.Error())))
	}
}

// toggleDND is the key for do not disturb.
func (v *view) toggleDND() {
	on := !v.st.Config.Rules.DND
	v.setRules(func(r *phone.Rules) { r.DND = on })
	v.say(v, map[bool]string{true: v.Words.Rules.DNDOn, false: v.Words.Rules.DNDOff}[on])
}

// place names where calls go, in a word.
func (v *view) place(to string) string {
	switch {
	case to != "":
		return v.party(phone.Peer{Number: to, URI: to}).first
	case v.st.Config.Rules.Voicemail != "":
		return v.Words.Rules.Voicemail
	}
	return v.Words.Rules.Nowhere
}

// places names several.
func (v *view) places(to []string) string {
	names := make([]string, len(to))
	for i, t := range to {
		names[i] = v.place(t)
	}
	return strings.Join(names, ", ")
}

// hours writes the working hours, with the days' names in the language of the screens.
func (v *view) hours() string {
	var names, out []string
	for d := time.Sunday; d <= time.Saturday; d++ {
		one := phone.Span{Days: 1 << d, To: 1}.String()
		names = append(names, one[:3], v.Words.Weekdays[d])
	}
	for _, s := range v.st.Config.Rules.Hours {
		out = append(out, strings.NewReplacer(names...).Replace(s.String()))
	}
	return strings.Join(out, "; ")
}

// sentences say what rules are in force.
func (v *view) ruleSentences() []string {
	w, r := &v.Words.Rules, &v.st.Config.Rules
	if r.ByServer {
		return []string{w.ByServer}
	}
	out := v.handedSentence()
	if r.BlockAll {
		return append(out, w.BlockAll)
	}
	say := func(on bool, s string) {
		if on {
			out = append(out, s)
		}
	}
	say(v.st.Undisturbed(), w.DNDOn+". "+v.undisturbed()+" "+w.Through)
	say(r.WorkHours, fmt.Sprintf(w.Within, v.hours()))
	if all := r.SendsOn(); all != "" {
		say(true, fmt.Sprintf(w.All, v.place(r.Always.To))+" "+w.NotHere)
	} else {
		out = append(out, v.ringSentences()...)
	}
	say(len(r.Blocked) > 0, fmt.Sprintf(w.Blocked, len(r.Blocked)))
	return out
}

// handedSentence says what servers do with the rules, if any is given them.
func (v *view) handedSentence() []string {
	switch handed, why := v.st.Handed(); {
	case handed == phone.RulesTaken:
		return []string{v.Words.Rules.Taken}
	case handed == phone.RulesPending && why == "":
		return []string{v.Words.Rules.Pending}
	case handed == phone.RulesPending:
		return []string{fmt.Sprintf(v.Words.Rules.NotTaken, text.Clean(why))}
	}
	return nil
}

// undisturbed says what callers meet who are not to disturb.
func (v *view) undisturbed() string {
	if v.st.Config.Rules.Voicemail == "" {
		return v.Words.Rules.DNDNone
	}
	return v.Words.Rules.DNDMail
}

// ringSentences say where calls ring, and what becomes of them then.
func (v *view) ringSentences() []string {
	w, r := &v.Words.Rules, &v.st.Config.Rules
	var beside []string
	switch {
	case v.st.Undisturbed():
	case r.TeamRing:
		beside = r.Team
	case r.DelegateRing:
		beside = r.Delegates
	}
	format := w.Beside
	if r.SkipPrimary && len(beside) > 0 {
		format = w.Skip
	} else if r.Simultaneous && !v.st.Undisturbed() && len(r.RingWith) > 0 {
		beside = append([]string{r.RingWith[0]}, beside...)
	}
	out := []string{w.Rings}
	if len(beside) > 0 {
		out[0] = fmt.Sprintf(format, v.places(beside))
	}
	if r.NoAnswer.On && (r.NoAnswer.To != "" || r.Voicemail != "") {
		out = append(out, fmt.Sprintf(w.Then, int(r.RingFor/time.Second), v.place(r.NoAnswer.To)))
	} else if r.Voicemail != "" {
		out = append(out, fmt.Sprintf(w.Then, int(r.RingFor/time.Second), w.Voicemail))
	}
	if r.Busy.On {
		out = append(out, fmt.Sprintf(w.Busy, v.place(r.Busy.To)))
	}
	return out
}

// rows are what can be set.
func (p *rulesPage) rows(v *view) []settingRow {
	w, r := &v.Words.Rules, &v.st.Config.Rules
	out := []settingRow{
		v.ruleSwitch(w.DND, func(r *phone.Rules) *bool { return &r.DND }),
		v.forwardRow(w.Forward, func(r *phone.Rules) *phone.Forward { return &r.Always }),
		v.forwardRow(w.Unanswered, func(r *phone.Rules) *phone.Forward { return &r.NoAnswer }),
		v.forwardRow(w.WhenBusy, func(r *phone.Rules) *phone.Forward { return &r.Busy }),
		{name: w.RingFor, value: fmt.Sprintf(w.Seconds, int(r.RingFor/time.Second)), step: func(by int) {
			v.setRules(func(r *phone.Rules) {
				r.RingFor = max(5*time.Second, min(phone.MaxRingFor, r.RingFor.Truncate(5*time.Second)+time.Duration(by)*5*time.Second))
			})
		}},
		v.alsoRow(),
	}
	if len(r.Team) > 0 {
		out = append(out, v.ruleSwitch(w.Team, func(r *phone.Rules) *bool { return &r.TeamRing }))
	}
	if len(r.Delegates) > 0 {
		out = append(out, v.ruleSwitch(w.Delegates, func(r *phone.Rules) *bool { return &r.DelegateRing }))
	}
	if len(r.Team)+len(r.Delegates) > 0 {
		out = append(out, v.ruleSwitch(w.SkipMe, func(r *phone.Rules) *bool { return &r.SkipPrimary }))
	}
	who := map[bool]string{false: w.Phone, true: w.Server}[r.ByServer]
	return append(out, v.hoursRow(),
		settingRow{name: w.Mailbox, value: text.Clean(r.Voicemail), open: v.askRule(w.Mailbox, r.Voicemail, func(r *phone.Rules, to string) { r.Voicemail = to })},
		settingRow{name: w.Who, value: who, step: func(int) { v.setRules(func(r *phone.Rules) { r.ByServer = !r.ByServer }) }})
}

// ruleSwitch is a row that is on or off.
func (v *view) ruleSwitch(name string, of func(r *phone.Rules) *bool) settingRow {
	value := map[bool]string{false: v.Words.Setup.Off, true: v.Words.Setup.On}[*of(&v.st.Config.Rules)]
	return settingRow{name: name, value: value, step: func(int) { v.setRules(func(r *phone.Rules) { *of(r) = !*of(r) }) }}
}

// forwardRow is a row for one kind of forwarding: off, to its number, or to voicemail where there is one.
func (v *view) forwardRow(name string, of func(r *phone.Rules) *phone.Forward) settingRow {
	f := *of(&v.st.Config.Rules)
	row := settingRow{name: name, value: v.Words.Setup.Off, open: v.askRule(name, f.To, func(r *phone.Rules, to string) {
		*of(r) = phone.Forward{On: to != "" || r.Voicemail != "", To: to}
	})}
	if f.On {
		row.value = v.place(f.To)
	} else if name == v.Words.Rules.Unanswered && v.st.Config.Rules.Voicemail != "" {
		row.value = v.Words.Rules.Voicemail // where they go else
	}
	if f.To != "" || v.st.Config.Rules.Voicemail != "" {
		row.step = func(int) { v.setRules(func(r *phone.Rules) { of(r).On = !of(r).On }) }
	}
	return row
}

// alsoRow is the telephone that rings at the same time.
func (v *view) alsoRow() settingRow {
	r, to := &v.st.Config.Rules, ""
	if len(r.RingWith) > 0 {
		to = r.RingWith[0]
	}
	row := settingRow{name: v.Words.Rules.Also, value: v.Words.Setup.Off, open: v.askRule(v.Words.Rules.Also, to, func(r *phone.Rules, to string) {
		if r.Simultaneous, r.RingWith = to != "", nil; to != "" {
			r.RingWith = []string{to}
		}
	})}
	if to == "" {
		return row
	}
	if r.Simultaneous {
		row.value = v.place(to)
	}
	row.step = func(int) { v.setRules(func(r *phone.Rules) { r.Simultaneous = !r.Simultaneous }) }
	return row
}

// officeHours are those of a user who has named none.
var officeHours = phone.Span{Days: 0b0111110, From: 9 * 60, To: 17 * 60}

func (v *view) hoursRow() settingRow {
	row := v.ruleSwitch(v.Words.Rules.WorkHours, func(r *phone.Rules) *bool { return &r.WorkHours })
	row.step = func(int) {
		v.setRules(func(r *phone.Rules) {
			if r.WorkHours = !r.WorkHours; len(r.Hours) == 0 {
				r.Hours = []phone.Span{officeHours}
			}
		})
	}
	return row
}

// askRule opens the entry of a number.
func (v *view) askRule(title, value string, set func(r *phone.Rules, to string)) func() {
	return func() {
		v.open(v, &textEntry{title: title, value: []rune(value), figures: true, action: v.Words.Keys.Save, mayBeEmpty: true,
			done: func(v *view, to string) { v.setRules(func(r *phone.Rules) { set(r, strings.TrimSpace(to)) }) }})
	}
}

// panes are where the rows and the sentences stand.
func (p *rulesPage) panes(v *view) (rows, words image.Rectangle) {
	r := v.Stage()
	if v.hasPane() {
		return image.Rect(r.Min.X, r.Min.Y, r.Min.X+v.S(440), r.Max.Y), v.paneBox(r.Min.Y)
	}
	foot := r.Min.Y + v.By(130, 58, 240)
	return image.Rect(r.Min.X, foot+v.S(8), r.Max.X, r.Max.Y), image.Rect(r.Min.X, r.Min.Y, r.Max.X, foot)
}

func (p *rulesPage) draw(v *view) {
	rows, words := p.panes(v)
	all := p.rows(v)
	p.list.keep(len(all), v.paneRoom(rows))
	v.menuStatus(v.Words.Rules.Title, fmt.Sprintf(v.Words.Status.Place, p.list.focus+1, len(all)))
	v.settingRows(rows, all, p.list.focus, p.list.top)
	v.Surface(words, v.RadiusPane(), draw.Left, v.S1, v.Edge)
	x, width, leading := words.Min.X+v.S(24), words.Dx()-v.S(48), v.Type.Label*7/5
	y := words.Min.Y + leading + v.By(12, 0, 12)
	for _, s := range v.ruleSentences() {
		room := (words.Max.Y - y + leading/2) / leading
		if room <= 0 {
			break
		}
		y = v.Paragraph(widget.Regular(v.Type.Label), x, y, width, leading, room, s, v.T1) + v.By(10, 0, 10)
	}
}

func (p *rulesPage) keys(v *view) []key {
	keys := []key{{}, {}, {}, {}, v.backKey()}
	rows := p.rows(v)
	if p.list.focus >= len(rows) {
		return keys
	}
	row := rows[p.list.focus]
	if row.step != nil {
		keys[0] = key{label: v.Words.Keys.Change, do: func() { row.step(1) }}
	}
	if row.open != nil {
		keys[1] = key{label: v.Words.Rules.Number, do: row.open}
	}
	return keys
}

func (p *rulesPage) press(v *view, k hal.Key) bool {
	rows, _ := p.panes(v)
	all := p.rows(v)
	if p.list.move(k, len(all), v.paneRoom(rows)) {
		return true
	}
	return pressRow(all, p.list.focus, k, v.back)
}

func (p *rulesPage) touch(v *view, what int) {
	touchRow(p.rows(v), what)
	p.list.focus = what
}

// ruleShort says in a word or two what is in force.
func (v *view) ruleShort() string {
	w, r := &v.Words.Rules, &v.st.Config.Rules
	switch {
	case r.ByServer:
		return w.Server
	case v.st.Undisturbed():
		return w.DND
	case r.SendsOn() != "":
		return v.place(r.Always.To)
	}
	return w.RingsHere
}

// ruleMatter is the row of the home screen that tells of calls that do not ring here.
func (v *view) ruleMatter() []matter {
	w, r := &v.Words.Rules, &v.st.Config.Rules
	open := func() { v.open(v, &rulesPage{}) }
	title, second, icon := "", w.NotHere, draw.IconForward
	switch {
	case r.ByServer:
		return nil
	case r.BlockAll:
		title, icon = w.BlockAll, draw.IconBlock
	case v.st.Undisturbed():
		title, second, icon = w.DND, v.undisturbed(), draw.IconMoon
	case r.SendsOn() != "":
		title = fmt.Sprintf(w.AllShort, v.place(r.Always.To))
	default:
		return nil
	}
	row := widget.Row{Icon: icon, IconInk: v.Hold, Title: title, Second: second}
	return []matter{{row, open}}
}
