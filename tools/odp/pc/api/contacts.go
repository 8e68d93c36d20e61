package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/contacts"
)

func (s *server) putContacts(r *http.Request) (any, error) {
	var in struct{ Contacts []contacts.Contact }
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	return s.put(r.Context(), in.Contacts)
}

// put keeps contacts: those of a phone on the phone, all others here.
func (s *server) put(ctx context.Context, all []contacts.Contact) (any, error) {
	var ours []contacts.Contact
	for _, c := range all {
		if c.Phone == "" {
			ours = append(ours, c)
		} else if err := s.agent.PutContact(ctx, c); err != nil {
			return nil, err
		}
	}
	kept, err := s.book.Put(ours...)
	if err != nil {
		return nil, &pc.Refusal{Kind: pc.Usage, Words: err.Error()}
	}
	s.agent.ContactsChanged()
	return map[string]any{"contacts": kept}, nil
}

func (s *server) importCards(r *http.Request) (any, error) {
	var in struct{ Text string }
	if err := read(r, maxCards, &in); err != nil {
		return nil, err
	}
	all, skipped, err := contacts.ReadVCards(strings.NewReader(in.Text))
	if err != nil {
		return nil, &pc.Refusal{Kind: pc.Usage, Words: err.Error()}
	}
	if _, err := s.put(r.Context(), all); err != nil {
		return nil, err
	}
	return map[string]int{"contacts": len(all), "skipped": skipped}, nil
}

func (s *server) deleteContact(r *http.Request) (any, error) {
	err := s.agent.DeleteContact(r.Context(), r.PathValue("id"))
	if errors.Is(err, contacts.ErrNone) {
		return nil, &pc.Refusal{Kind: pc.Usage, Words: "There is no such contact."}
	}
	return nil, err
}
