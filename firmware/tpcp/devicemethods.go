package tpcp

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"opendeskphone/firmware/phone"
)

// askDevice gives a command about the phone and shows the phone.
func (r *request) askDevice(c phone.Command) (any, error) {
	if err := r.do(c); err != nil {
		return nil, err
	}
	return deviceGet(r)
}

func deviceGet(r *request) (any, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.catchUp()
	return DeviceResult{r.server.device}, nil
}

func volumeSet(r *request, p VolumeParams) (any, error) {
	path, ok := terminals[p.Terminal.Terminal]
	if !ok || p.Level > MaxVolume {
		return nil, refuse(CodeBadParams, "terminal is handset, headset or speaker; level is 0 to 15")
	}
	return r.askDevice(phone.SetVolume{Path: path, Level: p.Level})
}

func ringerSet(r *request, p RingerParams) (any, error) {
	if p.Level > MaxVolume {
		return nil, refuse(CodeBadParams, "level is 0 to 15")
	}
	return r.askDevice(phone.SetRingVolume{Level: p.Level})
}

// speakerSet moves the voice to the loudspeaker, or away from it to where it can go.
func speakerSet(r *request, p SpeakerParams) (any, error) {
	st := r.server.control.State()
	to := phone.Speaker
	switch {
	case p.On:
	case st.OffHook:
		to = phone.Handset
	case st.HandsFree() == phone.Headset:
		to = phone.Headset
	case st.Path == phone.Speaker:
		return nil, refuse(CodeBadState, "the handset is in its cradle and there is no headset")
	default:
		to = st.Path
	}
	return r.askDevice(phone.SetPath{Path: to})
}

func backlightSet(r *request, p BacklightParams) (any, error) {
	if p.Percent < 10 || p.Percent > 100 {
		return nil, refuse(CodeBadParams, "percent is 10 to 100")
	}
	if err := r.server.services.Backlight.SetBacklight(p.Percent); err != nil {
		return nil, err
	}
	return deviceGet(r)
}

// presenceSet takes what the computer knows of its user: the calendar's word, most of all.
func presenceSet(r *request, p PresenceParams) (any, error) {
	is, ok := phone.ParsePresence(p.Presence)
	if !ok || p.ForS < 0 || p.ForS > maxPresenceS {
		return nil, refuse(CodeBadParams, "presence is available, busy, doNotDisturb, away or unknown; forS is 1 to 86400")
	}
	if err := r.do(phone.SetAvailability{Presence: is, For: time.Duration(p.ForS) * time.Second}); err != nil {
		return nil, err
	}
	return PresenceResult{r.server.control.State().Own().String()}, nil
}

const maxPresenceS = 24 * 60 * 60

func lineList(r *request) (any, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.catchUp()
	return LinesResult{r.server.lines}, nil
}

// page is the part of a list that is asked for, as much of it as fits a frame.
func page[T any](all []T, skip, limit int) (part []T, more bool, err error) {
	if limit == 0 {
		limit = 50
	}
	if limit < 1 || limit > 100 || skip < 0 {
		return nil, false, refuse(CodeBadParams, "limit is 1 to 100, skip is not negative")
	}
	all = all[min(skip, len(all)):]
	part, size := []T{}, 0
	for _, v := range all[:min(limit, len(all))] {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, false, err
		}
		if size += len(b) + 1; size > MaxFrame-1024 {
			break
		}
		part = append(part, v)
	}
	return part, len(part) < len(all), nil
}

func contactsList(r *request, p ContactsParams) (any, error) {
	all := r.server.services.Contacts.Contacts()
	part, more, err := page(all, p.Skip, p.Limit)
	return ContactsResult{part, len(all), more}, err
}

func contactsPut(r *request, p ContactParams) (any, error) {
	id, err := r.server.services.Contacts.PutContact(p.Contact)
	if err == nil {
		r.server.tellNews(news{topic: "contacts", name: NotifyContacts, by: r.session.origin})
	}
	return ContactResult{id}, err
}

func contactsDelete(r *request, p ContactIDParams) (any, error) {
	err := r.server.services.Contacts.DeleteContact(p.ContactID)
	if err == nil {
		r.server.tellNews(news{topic: "contacts", name: NotifyContacts, by: r.session.origin})
	}
	return struct{}{}, err
}

func diagStats(r *request, p StatsParams) (any, error) {
	out := StatsResult{Calls: []Stats{}}
	var ids []phone.CallID
	if p.CallID != "" {
		ids = append(ids, parseCall(p.CallID))
	} else {
		for _, c := range r.server.control.State().Calls {
			ids = append(ids, c.ID)
		}
	}
	for _, id := range ids {
		if s, ok := r.server.services.Stats.CallStats(id); ok {
			s.CallID = callID(id)
			out.Calls = append(out.Calls, s)
		} else if p.CallID != "" && r.server.control.State().Call(id) == nil {
			return nil, refuse(CodeNoSuchCall, "there is no such call")
		}
	}
	return out, nil
}

func lockHostState(r *request, p HostState) (any, error) {
	if p.State != "locked" && p.State != "unlocked" {
		return nil, refuse(CodeBadParams, "state is locked or unlocked")
	}
	l, err := r.server.services.Lock.HostState(r.pairing, r.session.attached, p)
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.catchUp()
	return l, err
}

// aor gives the address of record of a line; the first where none is named.
func (r *request) aor(line string) (string, error) {
	id := phone.LineID(0)
	if line != "" {
		id = parseLine(line)
	}
	l := r.server.control.State().Line(id)
	if l == nil {
		return "", refuse(CodeNoSuchLine, "there is no such line")
	}
	return l.AOR, nil
}

func credCapabilities(r *request) (any, error) {
	return r.server.services.Credentials.Capabilities(), nil
}

func credInstall(r *request, p CredParams) (any, error) {
	aor, err := r.aor(p.LineID)
	if err != nil {
		return nil, err
	}
	if len(p.Sealed) == 0 || p.User == "" || p.Kind == "" {
		return nil, refuse(CodeBadParams, "user, kind and sealed are needed")
	}
	if err := r.server.services.Credentials.Install(r.ctx, r.pairing, r.session.id, p, aor); err != nil {
		return nil, untimely(err)
	}
	r.credTold(aor, "installed")
	return r.credStatus(aor)
}

// untimely says timeout of what took too long.
func untimely(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return refuse(CodeTimeout, "nobody answered at the phone")
	}
	return err
}

func credStatus(r *request, p LineParams) (any, error) {
	aor, err := r.aor(p.LineID)
	if err != nil {
		return nil, err
	}
	return r.credStatus(aor)
}

func (r *request) credStatus(aor string) (any, error) {
	out, _ := r.server.services.Credentials.Status(aor)
	for _, l := range viewLines(r.server.control.State()) {
		if l.AOR == aor {
			out.LineID, out.LastResult = l.LineID, l.State
			if l.Code != "" {
				out.LastResult = l.Code
			}
		}
	}
	return out, nil
}

func credClear(r *request, p CredLineParams) (any, error) {
	aor, err := r.aor(p.LineID)
	if err != nil {
		return nil, err
	}
	if err := r.server.services.Credentials.Clear(aor); err != nil {
		return nil, err
	}
	r.credTold(aor, "cleared")
	return r.credStatus(aor)
}

// credTold tells all that a line signs in otherwise.
func (r *request) credTold(aor, state string) {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	for _, l := range s.lines {
		if l.AOR == aor {
			s.tell("line", NotifyCredChanged, &CredChanged{Stamp: s.stamp(r.session.origin, time.Now()), LineID: l.LineID, State: state})
		}
	}
}

func lineBootstrap(r *request, p BootstrapParams) (any, error) {
	id, err := r.server.services.Accounts.Bootstrap(r.ctx, r.pairing, p)
	if err != nil {
		return nil, untimely(err)
	}
	l := r.server.control.State().Line(id)
	if l == nil {
		return nil, refuse(CodeNoSuchLine, "the line did not come to be")
	}
	return viewLines(r.server.control.State())[l.ID], nil
}
