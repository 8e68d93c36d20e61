package pc

import (
	"context"
	"slices"

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
	c := contacts.Contact{ID: phone + "/" + p.ContactID, Phone: phone, Name: p.Name, Company: p.Organisation}
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
