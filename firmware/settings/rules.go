package settings

import (
	"slices"
	"time"

	"opendeskphone/firmware/phone"
)

// Rules are who gets the calls that come in.
type Rules struct {
	By        string `toml:"by" one:"phone server" doc:"Who applies the rules. server: the phone rings for whatever its server lets through, and applies none of them itself. phone: a line of dialect = ocs gives them to its server, in place of those it had, once there are any here. While the line is signed in and the server has taken them, it acts on them, by the working hours it knows, and the phone on dnd, busy and blocked alone; else the phone acts on all."`
	Ours      bool   `toml:"ours" doc:"A server that takes rules gets these even where none is set, in place of those it has. The phone sets this itself once there are any here, so that they are not left at the server when they are cleared."`
	DND       bool   `toml:"dnd" doc:"Do not disturb: calls go to voicemail, or hear that nobody is there. Team and breakthrough ring all the same, and nobody rings beside."`
	RingFor   int    `toml:"ring_for" unit:"s" range:"1 60" doc:"How long a call rings before it goes to no_answer_to or voicemail. With neither it rings as long as ring_time says."`
	Voicemail string `toml:"voicemail" is:"target" eg:"*97" doc:"Number of the mailbox. Empty: there is none."`

	Always     bool   `toml:"always" doc:"Send every call on at once."`
	AlwaysTo   string `toml:"always_to" is:"target" eg:"+493055501420" doc:"Where to. Empty: to voicemail."`
	Busy       bool   `toml:"busy" doc:"Send calls on that would hear busy."`
	BusyTo     string `toml:"busy_to" is:"target" eg:"201" doc:"Where to. Empty: to voicemail."`
	NoAnswer   bool   `toml:"no_answer" doc:"Send calls that nobody answers to no_answer_to; without it they go to voicemail."`
	NoAnswerTo string `toml:"no_answer_to" is:"target" eg:"201" doc:"Where to. Empty: to voicemail."`

	Simultaneous bool     `toml:"simultaneous" doc:"Another telephone rings at the same time."`
	RingWith     []string `toml:"ring_with" is:"target" eg:"+491715550142" doc:"Which one; the first of these."`
	TeamRing     bool     `toml:"team_ring" doc:"The team rings at the same time."`
	Team         []string `toml:"team" is:"target" eg:"201" doc:"Numbers or addresses of the team. They ring through do not disturb."`
	DelegateRing bool     `toml:"delegate_ring" doc:"The delegates ring at the same time, unless the team does."`
	Delegates    []string `toml:"delegates" is:"target" eg:"202" doc:"Numbers or addresses of those who take calls for the user."`
	First        []string `toml:"first_delegates" is:"target" eg:"202" doc:"Delegates that ring before others, since no more than four ring beside the phone."`
	SkipPrimary  bool     `toml:"skip_primary" doc:"While team or delegates ring the phone itself does not, but for calls of breakthrough and delegates."`
	Breakthrough []string `toml:"breakthrough" is:"target" eg:"203" doc:"The interrupt list: who rings through do not disturb and skip_primary."`

	BlockAll bool     `toml:"block_all" doc:"Refuse every call but those of emergency services that call back."`
	Blocked  []string `toml:"blocked" is:"target" eg:"+49900555000" doc:"Numbers or addresses whose calls are refused."`

	WorkHours bool     `toml:"work_hours" doc:"Apply the rules within hours alone, but for blocking and do not disturb. Outside, calls ring here and then go to voicemail."`
	Hours     []string `toml:"hours" is:"span" eg:"mon-fri 09:00-17:00" doc:"Working hours, by the clock of time_zone."`
}

// config is how the centre takes the rules.
func (r *Rules) config() phone.Rules {
	out := phone.Rules{
		ByServer: r.By == "server", Ours: r.Ours, DND: r.DND, RingFor: time.Duration(r.RingFor) * time.Second, Voicemail: r.Voicemail,
		Always: phone.Forward{On: r.Always, To: r.AlwaysTo}, Busy: phone.Forward{On: r.Busy, To: r.BusyTo}, NoAnswer: phone.Forward{On: r.NoAnswer, To: r.NoAnswerTo},
		Simultaneous: r.Simultaneous, RingWith: r.RingWith, TeamRing: r.TeamRing, Team: r.Team, DelegateRing: r.DelegateRing, Delegates: r.Delegates,
		First: r.First, SkipPrimary: r.SkipPrimary, Breakthrough: r.Breakthrough, BlockAll: r.BlockAll, Blocked: r.Blocked, WorkHours: r.WorkHours,
	}
	for _, s := range r.Hours {
		if span, err := phone.ParseSpan(s); err == nil {
			out.Hours = append(out.Hours, span)
		}
	}
	out.Ours = out.Given() // so that it is kept with what takes their place
	return out
}

// NewRules writes the centre's rules as settings.
func NewRules(r phone.Rules) Rules {
	out := Rules{
		By: "phone", Ours: r.Ours, DND: r.DND, RingFor: int(r.RingFor / time.Second), Voicemail: r.Voicemail,
		Always: r.Always.On, AlwaysTo: r.Always.To, Busy: r.Busy.On, BusyTo: r.Busy.To, NoAnswer: r.NoAnswer.On, NoAnswerTo: r.NoAnswer.To,
		Simultaneous: r.Simultaneous, RingWith: r.RingWith, TeamRing: r.TeamRing, Team: r.Team, DelegateRing: r.DelegateRing, Delegates: r.Delegates,
		First: r.First, SkipPrimary: r.SkipPrimary, Breakthrough: r.Breakthrough, BlockAll: r.BlockAll, Blocked: r.Blocked, WorkHours: r.WorkHours,
	}
	if r.ByServer {
		out.By = "server"
	}
	for _, s := range r.Hours {
		out.Hours = append(out.Hours, s.String())
	}
	return out
}

// clone copies the lists too.
func (r Rules) clone() Rules {
	for _, l := range []*[]string{&r.RingWith, &r.Team, &r.Delegates, &r.First, &r.Breakthrough, &r.Blocked, &r.Hours} {
		*l = slices.Clone(*l)
	}
	return r
}
