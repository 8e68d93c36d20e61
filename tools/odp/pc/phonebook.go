package pc

import (
	"context"
	"slices"
	"strings"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc/contacts"
)

// phoneContacts reads a phone's address book anew, so that its people have names and are found here too.
func (a *Agent) phoneContacts(ctx context.Context, phone string, c *tpcp.Client) {
	if !slices.Contains(c.Hello().Features, "contacts.list") {
		return
	}
	var all []contacts.Contact
	for more := true; more; {
		r, err := c.Contacts(ctx, tpcp.ContactsParams{Limit: 100, Skip: len(all)})
		if err != nil {
			a.cfg.Log.Info("the phone's contacts cannot be read", "phone", phone, "err", err)
			return
		}
		for _, p := range r.Contacts {
			all = append(all, fromPhone(phone, p))
		}
		more = r.More && len(r.Contacts) > 0 && len(all) < contacts.MaxContacts
	}
	a.cfg.Contacts.SetPhone(phone, all)
	a.ContactsChanged()
}

func fromPhone(phone string, p tpcp.Contact) contacts.Contact {
	c := contacts.Contact{ID: phone + ":" + p.ContactID, Phone: phone, Name: p.Name, Company: p.Organisation}
	if c.Name == "" {
		c.Name = p.Organisation
	}
	for _, n := range p.Numbers {
		kind := n.Kind
		if !slices.Contains(contacts.Kinds, kind) {
			kind = "other"
		}
		c.Numbers = append(c.Numbers, contacts.Number{Kind: kind, Value: n.Value})
	}
	return c
}

// PutContact changes a contact that a phone keeps: c.Phone says which phone.
func (a *Agent) PutContact(ctx context.Context, c contacts.Contact) error {
	c, err := contacts.Clean(c)
	if err != nil {
		return &Refusal{Kind: Usage, Words: sentence(err)}
	}
	s, err := a.choose(c.Phone)
	if err != nil {
		return err
	}
	p := tpcp.ContactParams{Act: tpcp.Act{Idem: uuid()}, Contact: tpcp.Contact{ContactID: strings.TrimPrefix(c.ID, c.Phone+":"), Name: c.Name, Organisation: c.Company}}
	for _, n := range c.Numbers {
		p.Contact.Numbers = append(p.Contact.Numbers, tpcp.Number{Kind: n.Kind, Value: n.Value})
	}
	return refused(s.request(ctx, "contacts.put", p, nil))
}

// DeleteContact deletes a contact by its ID, here or on the phone that keeps it.
func (a *Agent) DeleteContact(ctx context.Context, id string) error {
	phone, own, ok := strings.Cut(id, ":")
	if !ok {
		err := a.cfg.Contacts.Delete(id)
		if err == nil {
			a.ContactsChanged()
		}
		return err
	}
	s, err := a.choose(phone)
	if err != nil {
		return err
	}
	return refused(s.request(ctx, "contacts.delete", tpcp.ContactIDParams{Act: tpcp.Act{Idem: uuid()}, ContactID: own}, nil))
}
