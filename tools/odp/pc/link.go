package pc

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"opendeskphone/tools/odp/pc/contacts"
	"opendeskphone/tools/odp/pc/dial"
)

// askTime is how long a clicked link waits for the user's word.
const askTime = 2 * time.Minute

// maxAsks is how many links may wait; a page that sends more is not heard.
const maxAsks = 3

// Call begins a call on a phone (empty: the selected one) to a number, an address, a link or the name of
// a contact that is the only one of its kind.
func (a *Agent) Call(ctx context.Context, phone, to string) (json.RawMessage, error) {
	t, err := a.target(to)
	if err != nil {
		return nil, err
	}
	return a.Request(ctx, phone, "call.make", map[string]any{"to": t.To})
}

// target understands what the user wants to call.
func (a *Agent) target(to string) (dial.Target, error) {
	t, err := dial.Typed(to)
	if err == nil {
		return t, nil
	}
	found := a.cfg.Contacts.Search(to)
	if exact := slices.DeleteFunc(slices.Clone(found), func(c contacts.Contact) bool { return !strings.EqualFold(c.Name, strings.TrimSpace(to)) }); len(exact) == 1 {
		found = exact
	}
	switch {
	case len(found) == 1:
		return dial.Typed(found[0].Numbers[0].Value)
	case len(found) > 1 && strings.TrimSpace(to) != "":
		return t, &Refusal{Kind: Usage, Words: fmt.Sprintf("%q may be %s; say more of the name.", to, nameSome(found))}
	}
	return t, &Refusal{Kind: Usage, Words: sentence(err)}
}

func nameSome(found []contacts.Contact) string {
	var names []string
	for _, c := range found[:min(3, len(found))] {
		names = append(names, c.Name)
	}
	if len(found) > 3 {
		names = append(names, "others")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// Link takes a link that was clicked: it is called at once if the user allows that for all links, else
// he is asked. asked tells which.
func (a *Agent) Link(ctx context.Context, uri string) (asked bool, err error) {
	t, err := dial.Link(uri)
	if err != nil {
		return false, &Refusal{Kind: Usage, Words: sentence(err)}
	}
	a.mu.Lock()
	if a.prefs.LinksDial {
		a.mu.Unlock()
		_, err := a.Call(ctx, "", t.To)
		return false, err
	}
	defer a.mu.Unlock()
	if len(a.asks) >= maxAsks {
		return false, &Refusal{Kind: Usage, Words: "Other links wait for your word already."}
	}
	ask := Ask{ID: rand.Text()[:10], To: t.To, Shown: t.Shown}
	a.asks = append(a.asks, ask)
	a.events.view()
	time.AfterFunc(askTime, func() { _, _ = a.takeAsk(ask.ID) })
	return true, nil
}

// Decide ends the asking for a link: it is called, or not.
func (a *Agent) Decide(ctx context.Context, id string, ok bool) error {
	ask, err := a.takeAsk(id)
	if err != nil || !ok {
		return err
	}
	_, err = a.Call(ctx, "", ask.To)
	return err
}

func (a *Agent) takeAsk(id string) (Ask, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.asks, func(k Ask) bool { return k.ID == id })
	if i < 0 {
		return Ask{}, &Refusal{Kind: Usage, Words: "That link waits no longer."}
	}
	ask := a.asks[i]
	a.asks = slices.Delete(a.asks, i, i+1)
	a.events.view()
	return ask, nil
}

// sentence makes a sentence of an error.
func sentence(err error) string {
	s := err.Error()
	if s = strings.ToUpper(s[:1]) + s[1:]; !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
