package api

import (
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
	return s.put(in.Contacts)
}

func (s *server) put(all []contacts.Contact) (any, error) {
	kept, err := s.book.Put(all...)
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
	if _, err := s.put(all); err != nil {
		return nil, err
	}
	return map[string]int{"contacts": len(all), "skipped": skipped}, nil
}

func (s *server) deleteContact(r *http.Request) (any, error) {
	if err := s.book.Delete(r.PathValue("id")); err != nil {
		return nil, &pc.Refusal{Kind: pc.Usage, Words: err.Error()}
	}
	s.agent.ContactsChanged()
	return nil, nil
}
