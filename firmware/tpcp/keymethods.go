package tpcp

import "opendeskphone/firmware/phone"

// What the keys of the phone show beside its lines: appearances of shared lines, other people, and places to park calls at.
type (
	// KeysParams are those of appearance.list and presence.list.
	KeysParams struct {
		Limit int `json:"limit,omitempty"` // 1 to 100, default 50
		Skip  int `json:"skip,omitempty"`
	}
	// AppearancesResult is that of appearance.list, in the order of the keys.
	AppearancesResult struct {
		Appearances []Appearance `json:"appearances"`
		Total       int          `json:"total"`
		More        bool         `json:"more"`
	}
	// Appearance is a place on a shared line.
	Appearance struct {
		LineID     string `json:"lineId"`
		Appearance uint8  `json:"appearance"` // from 1
		State      string `json:"state"`      // what the other phones of the line do: unknown, free, ringing, busy, held
		Private    bool   `json:"private,omitempty"`
		Joinable   bool   `json:"joinable,omitempty"` // appearance.join may be asked for
		With       *Party `json:"with,omitempty"`     // whom they ring, talk to or hold
		CallID     string `json:"callId,omitempty"`   // the call of this phone that is there
	}
	// PlaceParams are those of appearance.join.
	PlaceParams struct {
		Act
		LineID     string `json:"lineId"`
		Appearance uint8  `json:"appearance"`
	}
	// TakeParams are those of appearance.take.
	TakeParams struct {
		PlaceParams
		To string `json:"to,omitempty"` // whom to call from there, if it is free
	}
	// WatchedResult is that of presence.list, in the order of the keys.
	WatchedResult struct {
		Watched     []Watched `json:"watched"`
		Total       int       `json:"total"`
		More        bool      `json:"more"`
		LineID      string    `json:"lineId"`      // whose server tells of them
		GroupPickup bool      `json:"groupPickup"` // call.pickUp without a number is served
	}
	// Watched is somebody, or a place to park calls at, who has a key.
	Watched struct {
		Number   string `json:"number"`
		Name     string `json:"name,omitempty"`
		Place    bool   `json:"place,omitempty"`
		Lamp     string `json:"lamp"`             // unknown, free, ringing, busy; of a place busy: somebody waits there
		Caller   *Party `json:"caller,omitempty"` // who calls them, or waits there
		Presence string `json:"presence"`
		Note     string `json:"note,omitempty"`
	}
	// PickUpParams are those of call.pickUp.
	PickUpParams struct {
		Act
		Number string `json:"number,omitempty"` // none: any call of the group
	}
)

func viewAppearance(s *phone.State, a phone.Appearance) Appearance {
	v := Appearance{LineID: lineID(a.Line), Appearance: a.Number, State: a.State.String(), Private: a.Exclusive, Joinable: a.Joinable(), With: party(a.Caller)}
	if c := s.At(a); c != nil {
		v.CallID = callID(c.ID)
	}
	return v
}

func viewWatched(w *phone.Watched) Watched {
	return Watched{Number: cut(w.Number), Name: cut(w.Name), Place: w.Place, Lamp: w.Lamp.String(), Caller: party(w.Caller), Presence: w.Presence.String(), Note: cut(w.Note)}
}

func appearanceList(r *request, p KeysParams) (any, error) {
	st := r.server.control.State()
	all := make([]Appearance, len(st.Appearances))
	for i, a := range st.Appearances {
		all[i] = viewAppearance(st, a)
	}
	part, more, err := page(all, p.Skip, p.Limit)
	return AppearancesResult{part, len(all), more}, err
}

// appearanceTake does what the key of the appearance does, and shows the call that comes of it.
func appearanceTake(r *request, p TakeParams) (any, error) {
	take := phone.TakeAppearance{Line: parseLine(p.LineID), Number: p.Appearance, To: p.To}
	st := r.server.control.State()
	if st.Line(take.Line) == nil {
		return nil, phone.NoSuchLine
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	ours := st.At(phone.Appearance{Line: take.Line, Number: take.Number})
	if err := r.do(take); err != nil {
		return nil, err
	}
	if ours != nil {
		return r.shown(ours.ID)
	}
	return r.shown(r.made())
}

// appearanceJoin asks another phone of the line to let this one into its call.
func appearanceJoin(r *request, p PlaceParams) (any, error) {
	line := parseLine(p.LineID)
	if r.server.control.State().Line(line) == nil {
		return nil, phone.NoSuchLine
	}
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	if err := r.do(phone.JoinAppearance{Line: line, Number: p.Appearance}); err != nil {
		return nil, err
	}
	return r.shown(r.made())
}

func presenceList(r *request, p KeysParams) (any, error) {
	st := r.server.control.State()
	all := make([]Watched, len(st.Watched))
	for i := range st.Watched {
		all[i] = viewWatched(&st.Watched[i])
	}
	part, more, err := page(all, p.Skip, p.Limit)
	return WatchedResult{part, len(all), more, lineID(st.Config.WatchLine), st.Config.GroupPickup != ""}, err
}

func callPickUp(r *request, p PickUpParams) (any, error) {
	if err := r.keepsEmergency(); err != nil {
		return nil, err
	}
	if err := r.do(phone.PickUp{Number: p.Number}); err != nil {
		return nil, err
	}
	return r.shown(r.made())
}
